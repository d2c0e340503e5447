"""Where settings come from on a machine, and what a workspace's file may not do."""

from __future__ import annotations

from pathlib import Path

import pytest

from seal_lsp.settings.load import load, merge, workspace_layer
from seal_lsp.settings.places import user_file


@pytest.fixture
def machine(tmp_path):
    """A SEAL_HOME and a workspace; `write(user=..., project=...)` fills their files."""

    class Machine:
        home = tmp_path / "home"
        root = tmp_path / "project"
        environ = {"SEAL_HOME": str(tmp_path / "home")}  # noqa: RUF012

        def write(self, user: str = "", project: str = "") -> None:
            (self.home / "settings.toml").write_text(user)
            (self.root / "pyproject.toml").write_text(project)

        def load(self, *editor, **variables):
            return load(*editor, workspace=self.root, environ={**self.environ, **variables})

    Machine.home.mkdir()
    Machine.root.mkdir()
    return Machine()


def test_later_layers_win(machine):
    name = ("inline", "max_tokens")
    seen = [machine.load()[0].inline.max_tokens]
    machine.write(user="inline.max_tokens = 1")
    seen.append(machine.load()[0].inline.max_tokens)
    machine.write(user="inline.max_tokens = 1", project="[tool.seal-lsp.inline]\nmax_tokens = 2")
    seen.append(machine.load()[0].inline.max_tokens)
    seen.append(machine.load(SEAL_INLINE__MAX_TOKENS="3")[0].inline.max_tokens)
    seen.append(machine.load({"inline": {"max_tokens": 4}}, SEAL_INLINE__MAX_TOKENS="3")[0].inline.max_tokens)
    seen.append(machine.load({"inline": {"max_tokens": 4}}, {".".join(name): 5})[0].inline.max_tokens)
    assert seen == [48, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("variables", "expected", "said"),
    [
        ({"SEAL_LEARN__TRUST": "all"}, ("learn", "trust", "all"), []),
        ({"SEAL_LEARN__EXCLUDE": "a,b"}, ("learn", "exclude", ("a", "b")), []),
        ({"SEAL_LEARN__AUTO": "0"}, ("learn", "auto", False), []),
        ({"SEAL_LEARN__TRUST": ""}, ("learn", "trust", "none"), ["SEAL_", "learn.trust", "''"]),
        ({"SEAL_LEARN__TURST": "all"}, ("learn", "trust", "declared"), ["learn.turst"]),
        ({"SEAL_HOME": "/elsewhere", "SEAL_SOMETHING": "1"}, ("learn", "trust", "declared"), []),
    ],
)
def test_environment_variables(variables, expected, said):
    settings, messages = load(environ={"SEAL_HOME": "/nonexistent", **variables})
    assert getattr(getattr(settings, expected[0]), expected[1]) == expected[2]
    assert len(messages) == bool(said)
    assert all(words in messages[0] for words in said)


@pytest.mark.parametrize("content", [b"learn.trust = ", b"\xff\xfe", b"a = [" * 3000])
def test_a_users_file_that_cannot_be_read_may_have_said_no(machine, content):
    (machine.home / "settings.toml").write_bytes(content)
    settings, messages = machine.load()
    assert (settings.learn.trust, settings.learn.enabled, settings.collect.workspace) == ("none", False, False)
    assert len(messages) == 1
    assert "settings.toml" in messages[0]


@pytest.mark.parametrize(
    ("project", "trust", "said"),
    [
        (b"[project]\nname = 'x'\n", "declared", 0),
        (b"tool = 3", "declared", 0),
        (b"[project\n", "declared", 0),  # broken, and nothing in it is about us
        (b"[project\n[tool.seal-lsp]\nlearn.trust = 'none'\n", "none", 1),
        (b"[tool]\nseal-lsp = 'off'", "none", 1),
    ],
)
def test_a_projects_file(machine, project, trust, said):
    (machine.root / "pyproject.toml").write_bytes(project)
    settings, messages = machine.load()
    assert settings.learn.trust == trust
    assert len(messages) == said


@pytest.mark.parametrize(
    ("user", "project", "name", "expected", "said"),
    [
        # What decides what runs here or where text goes is not a workspace's to say.
        ("", "engine.url = 'https://evil.example'", "engine.url", "", "engine.url"),
        ("", "python.interpreter = './payload'", "python.interpreter", "", "python.interpreter"),
        ("", "model.id = 'someone/else'", "model.id", "default", "model.id"),
        ("model.id = 'mine'", "model.id = 'mine'", "model.id", "mine", ""),
        ("", "engine.idle_exit_s = 10", "engine.idle_exit_s", 1800, "engine.idle_exit_s"),
        # Narrower, yes; wider, no.
        ("", "learn.trust = 'none'", "learn.trust", "none", ""),
        ("", "learn.trust = 'ask'", "learn.trust", "ask", ""),
        ("", "learn.trust = 'all'", "learn.trust", "declared", "learn.trust"),
        ("learn.trust = 'none'", "learn.trust = 'declared'", "learn.trust", "none", "learn.trust"),
        ("learn.trust = 'all'", "learn.trust = 'declared'", "learn.trust", "declared", ""),
        ("", "learn.trust = 'evrything'", "learn.trust", "none", "'evrything'"),
        ("", "learn.enabled = false", "learn.enabled", False, ""),
        ("learn.auto = false", "learn.auto = true", "learn.auto", False, "learn.auto"),
        ("", "collect.sdist = true", "collect.sdist", False, "collect.sdist"),
        ("", "collect.workspace = false", "collect.workspace", False, ""),
        ("", "files.max_kb = 10", "files.max_kb", 10, ""),
        ("", "files.max_kb = 100000", "files.max_kb", 1024, "files.max_kb"),
        ("", "learn.max_tokens = 1000000", "learn.max_tokens", 120000, "learn.max_tokens"),
        # Exclusions are added to the user's, and none is taken back.
        ("learn.exclude = ['a']", "learn.exclude = ['b']", "learn.exclude", ("a", "b"), ""),
        # The rest is the project's to choose.
        ("", "inline.enabled = false", "inline.enabled", False, ""),
        ("", "inline.max_tokens = 12", "inline.max_tokens", 12, ""),
    ],
)
def test_a_workspace_narrows_and_never_widens(machine, user, project, name, expected, said):
    machine.write(user, f"[tool.seal-lsp]\n{project}\n")
    settings, messages = machine.load()
    group, field = name.split(".")
    assert getattr(getattr(settings, group), field) == expected
    assert len(messages) == bool(said)
    assert said in "".join(messages)


def test_a_workspace_cannot_take_back_an_exclusion(machine):
    machine.write(project="[tool.seal-lsp]\nfiles.exclude = ['!.env', 'big/']")
    settings, messages = machine.load()
    assert "!.env" not in settings.files.exclude
    assert settings.files.exclude[-1] == "big/"
    assert ".env" in settings.files.exclude
    assert "!.env" in messages[0]


def test_a_workspaces_bad_exclusion_stops_learning_whatever_the_editor_says(machine):
    machine.write(project="[tool.seal-lsp]\nlearn.exclude = 3")
    settings, messages = machine.load({"learn": {"trust": "all"}})
    assert settings.learn.trust == "none"
    assert len(messages) == 1


def test_a_workspace_layer_is_judged_over_what_is_below(machine):
    machine.write(project="[tool.seal-lsp]\nlearn.trust = 'all'")
    layer, messages = workspace_layer(machine.root, below=merge({"learn": {"trust": "all"}})[0])
    assert merge({"learn": {"trust": "all"}}, layer)[0].learn.trust == "all"
    assert messages == []


def test_a_folder_in_the_files_place_is_said_or_passed_over(machine):
    (machine.root / "pyproject.toml").mkdir()
    (machine.home / "settings.toml").mkdir()
    settings, messages = machine.load()
    assert settings.learn.trust == "none"
    assert len(messages) == 1


def test_the_users_file_without_seal_home(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert user_file({}).name == "settings.toml"
    assert "seal-lsp" in user_file({}).parts
    assert user_file({"SEAL_HOME": "/s"}) == Path("/s/settings.toml")
