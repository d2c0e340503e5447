"""`seal-lsp model`: what it prints, in which form, and how it ends."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from seal_lsp.cli.model import app
from seal_lsp.core.errors import ModelError, UsageError

run = CliRunner().invoke


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("SEAL_HOME", str(tmp_path / "home"))


def test_pull_list_use(tiny_folder, home):
    nothing = run(app, ["list"])
    assert (nothing.exit_code, "model pull" in nothing.output) == (0, True)
    pulled = run(app, ["pull", str(tiny_folder.path), "--json"])
    assert pulled.exit_code == 0, pulled.output
    model = json.loads(pulled.stdout)["model"]
    assert (model["digest"], model["architecture"], model["current"]) == (tiny_folder.digest, "llama", True)
    listed = run(app, ["list", "--json"])
    assert json.loads(listed.stdout) == {"models": [model]}
    used = run(app, ["use", model["id"], "--json"])
    assert json.loads(used.stdout)["model"]["id"] == model["id"]
    marked = run(app, ["list"]).output
    assert "*  local-tiny" in marked
    assert tiny_folder.digest[:12] in marked


def test_progress_is_not_on_stdout(tiny_folder):
    pulled = run(app, ["pull", str(tiny_folder.path), "--use"])
    assert pulled.exit_code == 0
    assert pulled.stdout.strip().splitlines() == [pulled.stdout.strip()]
    assert "is in" in pulled.stdout


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["pull", "/no/such/model.gguf"], UsageError),
        (["use", "nothing"], ModelError),
        (["pull", "pypi:x==1"], UsageError),
    ],
)
def test_failures_are_left_to_the_command_line_as_errors(words, error):
    assert isinstance(run(app, words).exception, error)
