"""What a project declares, one row per kind of manifest."""

from pathlib import Path

import pytest

from seal_lsp.watch.trust import declared


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


PYPROJECT = """
[build-system]
requires = ["setuptools>=77", "wheel"]
[project]
name = "my-app"
dependencies = ["Alpha_One>=1", "beta[x]==2; python_version > '3.8'", "my.app[extra]", "gamma @ file:///x"]
[project.optional-dependencies]
more = ["delta"]
[dependency-groups]
dev = ["epsilon", {include-group = "test"}]
test = ["zeta"]
[tool.uv]
dev-dependencies = ["eta"]
[tool.hatch.envs.default]
dependencies = ["theta"]
[tool.pdm.dev-dependencies]
lint = ["iota"]
"""
POETRY = """
[tool.poetry]
name = "app"
[tool.poetry.dependencies]
python = "^3.11"
Alpha = "^1"
beta = {version = "2", optional = true}
[tool.poetry.dev-dependencies]
gamma = "*"
[tool.poetry.group.docs.dependencies]
delta = "*"
"""
UV_LOCK = """
version = 1
[[package]]
name = "my-app"
source = { virtual = "." }
[[package]]
name = "Alpha"
version = "1"
source = { registry = "r" }
"""
SETUP_PY = """
from setuptools import setup
WANTED = ["computed"]
setup(name="x", install_requires=["alpha>=1", "beta"] , extras_require={"dev": ["gamma"], "other": "delta\\nepsilon"})
"""


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ({"pyproject.toml": PYPROJECT}, "alpha-one beta gamma delta epsilon zeta eta theta iota"),
        ({"pyproject.toml": POETRY}, "alpha beta gamma delta"),
        ({"pyproject.toml": "[tool.ruff]\nline-length = 1\n"}, ""),
        (
            {"requirements.txt": "alpha==1 # why\n-c c.txt\n--hash=x\nbeta ; x\n# no\ngamma \\\n  >=2 --hash=a:1\n"},
            "alpha beta gamma",
        ),
        (
            {"requirements-dev.txt": "alpha", "dev-requirements.in": "beta", "requirements/base.txt": "gamma"},
            "alpha beta gamma",
        ),
        (
            {"requirements.txt": "-e ./x\n./y\nhttps://h/x.whl\nx.whl\n-e git+https://h/r.git#egg=alpha[x]\n"},
            "alpha",
        ),
        (
            {
                "requirements.txt": "-r more/a.txt\n",
                "more/a.txt": "alpha\n-r ../requirements.txt\n--requirement=b.txt\n",
                "more/b.txt": "beta",
            },
            "alpha beta",
        ),
        (
            {
                "setup.cfg": "[options]\ninstall_requires =\n  alpha\n  beta; x == 'y'\n"
                "[options.extras_require]\nd = gamma; delta\n"
            },
            "alpha beta gamma delta",
        ),
        ({"setup.cfg": "[tool:pytest]\na = 50%\n"}, ""),
        ({"setup.py": SETUP_PY}, "alpha beta gamma delta epsilon"),
        (
            {"Pipfile": "[[source]]\nname='x'\n[packages]\nAlpha='*'\n[dev-packages]\nbeta={version='1'}\n"},
            "alpha beta",
        ),
        ({"Pipfile.lock": '{"_meta": {"x": 1}, "default": {"alpha": {}}, "develop": {"beta": {}}}'}, "alpha beta"),
        ({"uv.lock": UV_LOCK}, "alpha"),
        ({"poetry.lock": '[[package]]\nname = "Alpha"\nversion = "1"\n'}, "alpha"),
        ({"pdm.lock": '[[package]]\nname = "alpha"\n'}, "alpha"),
        ({"pylock.toml": '[[packages]]\nname = "alpha"\n[[packages]]\nname="me"\ndirectory={path="."}\n'}, "alpha"),
        ({"pylock.dev.toml": '[[packages]]\nname = "alpha"\n'}, "alpha"),
        ({"sub/deep/pyproject.toml": "[project]\nname='x'\ndependencies=['alpha']\n"}, "alpha"),
        ({".venv/lib/requirements.txt": "alpha", "v/pyvenv.cfg": "", "v/requirements.txt": "beta"}, ""),
        ({".gitignore": "gen/\n", "gen/requirements.txt": "alpha"}, ""),
        ({"notes.txt": "alpha", "other.toml": "[project]\ndependencies=['beta']\n", "x.lock": ""}, ""),
    ],
)
def test_names(tmp_path: Path, files: dict[str, str], names: str) -> None:
    write(tmp_path, files)
    found = declared([tmp_path])
    assert (found.names, found.problems) == (frozenset(names.split()), ())


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("pyproject.toml", "[project\n", "cannot be understood"),
        ("pyproject.toml", "project = 3\n", "cannot be understood"),
        ("pyproject.toml", "[project]\ndependencies = 3\n", "cannot be understood"),
        ("uv.lock", "[[package]]\nversion = '1'\n", "cannot be understood"),
        ("Pipfile.lock", "[1", "cannot be understood"),
        ("setup.cfg", "no section\n", "cannot be understood"),
        ("setup.py", "setup(", "cannot be understood"),
        ("requirements.txt", "\udcff", "not text"),
        ("requirements.txt", "-r ../outside.txt", "outside the workspace"),
        ("requirements.txt", "-r gone.txt", "cannot be read"),
    ],
)
def test_a_malformed_manifest_is_a_problem_the_rest_counts(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / "outside.txt").write_text("evil\n")
    root = tmp_path / "w"
    write(root, {"sub/requirements.txt": "alpha\n"})
    (root / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    found = declared([root])
    assert found.names == {"alpha"}
    assert len(found.problems) == 1
    assert said in found.problems[0]
    assert found.problems[0].startswith(name)
