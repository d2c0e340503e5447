"""Evidence of a small real install: what each source gives, with provenance; what gives nothing, with the reason."""

import ast
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from fixture_library import LIBRARY, README, environment, install, library, sha256

from seal_lsp.collect.gather import Gathered, Limits, gather
from seal_lsp.core.learning import Evidence
from seal_lsp.languages.python.support import Python


def collect(tmp_path: Path, name: str = "acme", **options) -> Gathered:
    env = environment(tmp_path)
    found, language = library(env, name), Python()
    return gather(found, language.surface(found, env), env, language=language, **options)


def of(found: Gathered, source: str, kind: str = "usage") -> list[Evidence]:
    return [item for item in found.evidence if item.provenance.source == source and item.kind == kind]


@pytest.fixture
def acme(tmp_path: Path) -> Path:
    install(environment(tmp_path).site_packages[0], "acme", "1.2.0", LIBRARY, readme=README)
    return tmp_path


def test_readme_sections_are_units_and_later_blocks_get_what_earlier_ones_bound(acme: Path) -> None:
    found = of(collect(acme), "readme")
    assert [(item.unit, item.provenance.line) for item in found] == [
        ("readme#Start", 12), ("readme#Start", 19), ("readme#Waiting", 29),
    ]  # fmt: skip
    assert found[1].text == (
        'from acme import Client, Retry\n\nclient = Client("http://x", retry=Retry(3))\nclient.send("again")'
    )
    assert found[2].text == ('from acme import Client\n\nasync def main():\n    await Client("u").wait(timeout=3)')
    assert "acme.Client.send" in found[1].symbols
    assert {item.provenance.file for item in found} == {"acme-1.2.0.dist-info/METADATA"}
    metadata = (environment(acme).site_packages[0] / "acme-1.2.0.dist-info/METADATA").read_text().split("\n")
    assert metadata[18] == 'client.send("again")'


def test_docstring_examples_and_doctests_get_their_imports_and_their_line(acme: Path) -> None:
    found = {item.unit: item for item in of(collect(acme), "docstring")}
    assert set(found) == {"docstring:acme.client", "docstring:acme.client.Client"}
    assert found["docstring:acme.client"].text == 'from acme import Client\n\nClient("u").send("x")'
    example = found["docstring:acme.client.Client"]
    assert example.text.startswith("from acme import Client, Retry\n\nclient = Client(")
    lines = LIBRARY["acme/client.py"].split("\n")
    assert lines[example.provenance.line - 1].strip() == 'client = Client("u", retry=Retry(times=2))'
    assert example.provenance.file == "acme/client.py"


def test_the_librarys_source_comes_in_chunks_without_prose_and_its_own_calls_as_users_write_them(acme: Path) -> None:
    found = collect(acme)
    chunks = {item.unit: item for item in of(found, "library", "source")}
    assert set(chunks) == {
        "acme/__init__.py", "acme/_retry.py::Retry", "acme/cli.py", "acme/cli.py::main", "acme/client.py",
        "acme/client.py::Client", "acme/errors.py::AcmeError",
    }  # fmt: skip
    client = chunks["acme/client.py::Client"]
    assert "delete everything" not in client.text
    assert "url: where it is" in client.text
    assert client.symbols == ("acme.client.Client",)
    (usage,) = (item for item in of(found, "library") if item.unit == "acme/cli.py::main")
    assert usage.text.startswith("from acme import Client, Retry as R\n\ndef main() -> bool:")
    assert "Much prose" not in usage.text
    assert usage.provenance.line == 5
    assert {"acme.Client", "acme.Client.send"} <= set(usage.symbols)


@pytest.mark.parametrize("way", ["a link", "two dots"])
def test_however_the_environment_is_reached_it_gives_the_same(tmp_path: Path, way: str) -> None:
    """Relative imports start from the package's place below sys.path, which a link or `..` must not hide."""
    real = tmp_path / "real"
    files = {**LIBRARY, "single.py": "from acme import Client\n\n\ndef one() -> Client:\n    return Client('u')\n"}
    install(environment(real).site_packages[0], "acme", "1.2.0", files, readme=README)
    if way == "a link":
        reached = tmp_path / "linked"
        reached.symlink_to(real)
    else:
        reached = real / "venv" / ".."
    straight, around = (
        [item for item in collect(at).evidence if item.provenance.source == "library"] for at in (real, reached)
    )
    assert around == straight
    assert {item.provenance.file for item in around} >= {"acme/client.py", "single.py"}
    assert any(item.unit == "acme/cli.py::main" and item.kind == "usage" for item in around)


def test_a_package_that_is_gone_is_said_to_be_gone(acme: Path) -> None:
    env, language = environment(acme), Python()
    found = library(env, "acme")
    surface = language.surface(found, env)
    (env.site_packages[0] / "acme").rename(acme / "away")
    (env.site_packages[0] / "acme").symlink_to(acme / "nowhere")
    gathered = gather(found, surface, env, language=language)
    assert {item.provenance.source for item in gathered.evidence} == {"readme", "docstring"}
    assert ("acme", "this root does not exist") in gathered.skipped


def test_the_library_uses_its_names_from_where_they_are_offered_best(tmp_path: Path) -> None:
    files = {
        "acme/__init__.py": "from .client import Client\n",
        "acme/client.py": "class Client:\n    def send(self) -> None: ...\n",
        "acme/tools/__init__.py": "from .clock import Clock\n",
        "acme/tools/clock.py": "class Clock: ...\n\n\nclass Hand: ...\n",
        "acme/main.py": (
            "from acme.client import Client as C\nfrom acme.tools.clock import Clock, Hand\n\n\n"
            "def main() -> None:\n    C().send(Clock(), Hand())\n"
        ),
        "acme/other.py": "from acme.main import C, Clock\n\n\ndef other() -> None:\n    C().send(Clock())\n",
    }
    install(environment(tmp_path).site_packages[0], "acme", "1.2.0", files)
    texts = {item.unit: item.text for item in of(collect(tmp_path), "library")}
    imports = "from acme import Client as C\nfrom acme.tools import Clock\nfrom acme.tools.clock import Hand\n"
    assert texts["acme/main.py::main"].startswith(imports)
    assert texts["acme/other.py::other"].startswith("from acme.main import C\nfrom acme.tools import Clock\n")


def test_every_piece_says_where_it_was_read(acme: Path) -> None:
    found = collect(acme).evidence
    assert all(item.provenance.sha256 == sha256(item.text) for item in found)
    assert {(item.provenance.distribution, item.provenance.version) for item in found} == {("acme", "1.2.0")}
    assert all(item.provenance.line > 0 and not Path(item.provenance.file).is_absolute() for item in found)
    assert all(ast.parse(item.text) for item in found if item.kind == "usage")
    assert not any("previous instructions" in item.text for item in found)


def test_the_same_files_give_the_same_evidence_each_text_once(acme: Path) -> None:
    first = collect(acme)
    assert collect(acme) == first
    assert len({(item.kind, item.text) for item in first.evidence}) == len(first.evidence)


def test_a_surface_from_the_index_gives_the_same_as_one_just_read(tmp_path: Path) -> None:
    """The index keeps symbols in another order: a name of two modules must not be another name there."""
    files = {
        "acme/__init__.py": "",
        "acme/app.py": "class Window: ...\n",
        "acme/zeta.py": '"""Starting.\n\n>>> app()\n"""\n\n\ndef app() -> None:\n    """Start."""\n',
    }
    install(environment(tmp_path).site_packages[0], "acme", "1.2.0", files)
    env, language = environment(tmp_path), Python()
    found = library(env, "acme")
    surface = language.surface(found, env)
    turned = replace(surface, symbols=dict(reversed(surface.symbols.items())))
    assert turned == surface
    assert gather(found, turned, env, language=language) == gather(found, surface, env, language=language)


def workspace(tmp_path: Path, files: dict[str, str | bytes]) -> Path:
    root = tmp_path / "work"
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


CALL = "from acme import Client\n\n\ndef {0}():\n    return Client('{0}').send('x')\n"


def test_workspace_call_sites_come_first_and_only_from_files_that_may_be_read(acme: Path) -> None:
    notebook = {
        "cells": [{"cell_type": "code", "source": ["%pip install acme\n", "from acme import Client\n", "Client('nb')"]}]
    }
    root = workspace(
        acme,
        {
            ".gitignore": "ignored.py\n",
            "app.py": CALL.format("app"),
            "both.py": "from acme import Client\nclient = Client('b')\n\ndef one():\n    return client.send('1')\n",
            "note.ipynb": json.dumps(notebook),
            "ignored.py": CALL.format("ignored"),
            "skip/x.py": CALL.format("skipped"),
            "credentials.py": CALL.format("secret"),
            "broken.py": "from acme import Client\nClient(\n",
            "latin.py": "from acme import Client\nx = 'é'\n".encode("latin-1"),
            "binary.py": b"from acme import Client\0\1",
            "huge.py": CALL.format("huge") + "#" * 9000,
            "other.py": "import os\nos.getcwd()\n",
        },
    )
    (root / "link.py").symlink_to(environment(acme).site_packages[0] / "acme/cli.py")
    found = collect(acme, roots=(root,), exclude=["skip/"], limits=Limits(max_bytes=4096))
    ours = of(found, "workspace")
    assert [(item.unit, item.provenance.distribution) for item in ours] == [
        ("app.py::app", ""), ("both.py", ""), ("both.py", ""), ("note.ipynb", ""),
    ]  # fmt: skip
    assert found.evidence[: len(ours)] == tuple(ours)
    assert ours[2].text == "from acme import Client\n\nclient = Client('b')\n\ndef one():\n    return client.send('1')"
    reasons = dict(found.skipped)
    assert reasons.pop("broken.py").startswith("does not parse: line 2")
    assert reasons == {
        "credentials.py": "its name says that it holds secrets",
        "latin.py": "not text in its declared encoding",
        "binary.py": "binary",
        "huge.py": "larger than 4 KiB",
        "link.py": "symbolic link: not followed",
    }


def test_a_workspace_that_holds_the_library_itself_is_no_usage_of_it(tmp_path: Path) -> None:
    files = {"src/acme/__init__.py": "def go(): ...\n", "src/acme/a.py": "from acme import go\n\ngo()\n"}
    files["tests/t.py"] = "from acme import go\n\ngo()\ngo()\n"
    source = workspace(tmp_path, files)
    site = environment(tmp_path).site_packages[0]
    install(site, "acme", "0.1", {"acme.pth": f"{source / 'src'}\n"})
    info = next(site.glob("*.dist-info"))
    (info / "direct_url.json").write_text(json.dumps({"url": source.as_uri(), "dir_info": {"editable": True}}))
    found = collect(tmp_path, roots=(source,))
    assert [item.provenance.file for item in of(found, "workspace")] == ["tests/t.py"]
    assert "acme/a.py" in {item.provenance.file for item in of(found, "library")}


def test_dependents_give_their_call_sites_and_can_be_left_out(acme: Path) -> None:
    site = environment(acme).site_packages[0]
    install(
        site,
        "needs-acme",
        "3.0",
        {"needs_acme/__init__.py": "", "needs_acme/use.py": CALL.format("dep")},
        requires=("Acme >=1",),
    )
    install(site, "stranger", "1.0", {"stranger/__init__.py": CALL.format("stranger")}, requires=("acmeology",))
    found = of(collect(acme), "dependent")
    assert [(item.provenance.distribution, item.provenance.version, item.unit) for item in found] == [
        ("needs-acme", "3.0", "needs_acme/use.py::dep")
    ]
    assert not of(collect(acme, dependents=False), "dependent")
    capped = collect(acme, limits=Limits(max_dependents=0))
    assert not of(capped, "dependent")
    assert ("needs-acme@3.0", "dependent beyond the first 0") in capped.skipped


@pytest.mark.parametrize(
    ("files", "options", "kinds", "said"),
    [
        pytest.param({"bare/__init__.py": "def go(a): ...\n"}, {}, {"source"}, "no docstrings", id="no documentation"),
        pytest.param({"bare/__init__.py": "x = 1\n"}, {"record": False}, {"source"}, "no RECORD", id="no RECORD"),
        pytest.param({"bare.cpython-311-x.so": b"\x7fELF\0"}, {}, set(), "without source or stubs", id="C extension"),
        pytest.param({"bare/__init__.pyi": "x: int\n", "bare/_c.abi3.so": b"\0"}, {}, {"source"}, "", id="stubs"),
        pytest.param({"bare/__init__.py": "def go(:\n"}, {}, set(), "does not parse", id="syntax error"),
        pytest.param({"bare/__init__.py": b"\0\1"}, {}, set(), "binary", id="binary"),
        pytest.param({"bare/__init__.py": "x = 1  # " + "x" * 5_000_000}, {}, set(), "larger than 1024 KiB", id="5 MB"),
    ],
)  # fmt: skip
def test_poor_libraries_give_what_there_is_with_reasons(
    tmp_path: Path, files: dict, options: dict, kinds: set, said: str
) -> None:
    install(environment(tmp_path).site_packages[0], "bare", "1.0", files, **options)
    found = collect(tmp_path, "bare")
    assert {item.kind for item in found.evidence} == kinds
    assert any(said in reason for _, reason in found.skipped)


def test_limits_cut_and_say_so(acme: Path) -> None:
    found = collect(acme, limits=Limits(max_items=2))
    assert len(of(found, "library", "source")) == 2
    assert ("more", "stopped at 2 pieces of evidence from one source") in found.skipped
    found = collect(acme, limits=Limits(max_text=200))
    assert any(reason == "longer than 200 characters" for _, reason in found.skipped)
    assert all(len(item.text) <= 200 for item in found.evidence)


def test_nothing_of_the_library_is_imported(acme: Path) -> None:
    site = environment(acme).site_packages[0]
    (site / "acme/__init__.py").write_text("raise SystemExit('imported')\n")
    collect(acme)
    assert "acme" not in sys.modules


def test_evidence_that_shares_thirteen_words_with_a_held_out_case_is_dropped_and_said(acme: Path) -> None:
    usages = [item for item in collect(acme).evidence if len(item.text.split()) > 4]
    asked = usages[0].text
    found = collect(acme, held_out=[asked])
    assert asked not in [item.text for item in found.evidence]
    assert any(what == "held_out" and "13 words" in reason for what, reason in found.skipped)
