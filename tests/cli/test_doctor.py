"""The doctor on machines and workspaces that are broken, one way at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from model_server import LlamaServer, VllmServer

from seal_lsp.cli import doctor
from seal_lsp.core.lm import ModelInfo
from seal_lsp.store.ledger import Ledger
from seal_lsp.store.paths import Paths

MODEL = ModelInfo("tiny", "f" * 64, 0, 2048, "", "")


def _no_environment(root: Path) -> None:
    (root / ".venv").rename(root.parent / "elsewhere")


def _interpreter_gone(root: Path) -> None:
    (root / ".venv/bin/python").unlink()


def _dangling(root: Path) -> None:
    _interpreter_gone(root)
    (root / ".venv/bin/python").symlink_to(root / "removed/python3.11")


def _not_executable(root: Path) -> None:
    (root / ".venv/bin/python").chmod(0o644)


def _not_a_program(root: Path) -> None:
    (root / ".venv/bin/python").write_text("hello")


def _home_gone(root: Path) -> None:
    (root / ".venv/pyvenv.cfg").write_text("home = /removed/bin\nversion = 3.11.7\n")


BROKEN: list[tuple[Callable[[Path], None], str, str]] = [
    (_no_environment, "workspace", ""),
    (_interpreter_gone, "", "missing"),
    (_dangling, "", "broken link"),
    (_not_executable, "interpreter", "not executable"),
    (_not_a_program, "interpreter", "not a program"),
    (_home_gone, "interpreter", "gone"),
]


@pytest.mark.parametrize(("breaks", "check", "said"), BROKEN, ids=[b[0].__name__ for b in BROKEN])
def test_broken_workspaces(seal, workspace: Path, breaks: Callable[[Path], None], check: str, said: str) -> None:
    breaks(workspace)
    ran = seal("doctor", "--root", workspace, "--json")
    assert ran.code == 1
    assert ran.json["healthy"] is False
    checks = ("workspace", "interpreter")
    problems = [f for f in ran.json["findings"] if f["status"] == "problem" and f["check"] in checks]
    assert problems, ran.json
    assert any(said in f["message"] and (not check or f["check"] == check) for f in problems), problems
    assert all(f["do"] for f in problems), "a problem without what to do"


def test_a_sound_workspace(seal, workspace: Path) -> None:
    findings = seal("doctor", "--root", workspace, "--json").json["findings"]
    status = {f["check"]: f["status"] for f in findings}
    assert status["workspace"] == status["interpreter"] == status["libraries"] == status["ledger"] == "ok"
    assert "1 installed" in next(f["message"] for f in findings if f["check"] == "libraries")


def test_no_weights_and_what_to_do(seal, workspace: Path) -> None:
    findings = seal("doctor", "--root", workspace, "--json").json["findings"]
    weights = next(f for f in findings if f["check"] == "weights")
    assert (weights["status"], weights["do"]) == ("problem", "seal-lsp model pull default")


@pytest.mark.parametrize(
    ("kind", "url", "status", "says"),
    [
        (VllmServer, "", "ok", "vllm 0.99.0 at {url} serves tiny, 2048 tokens; it can score names; adapters: taken"),
        (LlamaServer, "", "note", "llama.cpp b9999-tiny at {url} serves tiny, 2048 tokens; it cannot score names"),
        (None, "http://127.0.0.1:1/v1", "problem", "no answer from the model server at http://127.0.0.1:1"),
        (None, "http://gpu.example/v1", "problem", "names another machine"),
    ],
)
def test_the_model_server(seal, workspace: Path, monkeypatch, kind, url: str, status: str, says: str) -> None:
    with contextlib.ExitStack() as stack:
        if kind is not None:
            server = stack.enter_context(contextlib.closing(kind(SimpleNamespace(info=MODEL), workspace)))
            server.start()
            url = server.url
        monkeypatch.setenv("SEAL_MODEL__RUNTIME", "remote")
        monkeypatch.setenv("SEAL_MODEL__URL", url)
        findings = seal("doctor", "--root", workspace, "--json").json["findings"]
    (found,) = [f for f in findings if f["check"] == "model server"]
    assert (found["status"], says.format(url=url) in found["message"]) == (status, True), found
    assert bool(found["do"]) == (status == "problem")
    assert next(f["status"] for f in findings if f["check"] == "weights") == "note"


def test_a_damaged_ledger(seal, workspace: Path) -> None:
    path = Paths.default().ledger
    book = Ledger(path)
    for number in range(3):
        book.append("gate", "acme@1.2", {"n": number})
    book.close()
    import sqlite3

    with sqlite3.connect(path) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        (table,) = database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%prev%'"
        ).fetchone()
        database.execute(f"DELETE FROM {table} WHERE seq = 2")
    findings = seal("doctor", "--root", workspace, "--json").json["findings"]
    assert [f["status"] for f in findings if f["check"] == "ledger"] == ["problem"]


def test_a_long_home_is_noted_not_a_problem(seal, workspace: Path, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SEAL_HOME", str(tmp_path / ("x" * 120)))
    findings = seal("doctor", "--root", workspace, "--json").json["findings"]
    assert [f["status"] for f in findings if f["check"] == "socket"] == ["note"]


def test_a_bad_setting(seal, workspace: Path, monkeypatch) -> None:
    monkeypatch.setenv("SEAL_HOVER__ENABLED", "perhaps")
    findings = seal("doctor", "--root", workspace, "--json").json["findings"]
    assert any(f["check"] == "settings" and f["status"] == "problem" and "hover" in f["message"] for f in findings)


@pytest.mark.parametrize(
    ("version", "nvidia", "status", "wanted"),
    [
        ("2.13.0+cpu", False, "ok", ""),
        ("2.13.0+cpu", True, "note", "install 'torch>="),
        ("2.13.0+cu130", True, "ok", ""),
        ("2.13.0+cu130", False, "note", "+cpu'"),
        ("2.9.1+cpu", False, "problem", "+cpu'"),
        ("", False, "problem", "+cpu'"),
        ("", True, "problem", "install 'torch>="),
    ],
)
def test_torch_builds(monkeypatch, version: str, nvidia: bool, status: str, wanted: str) -> None:
    real = doctor.importlib.metadata.version

    def installed(name: str) -> str:
        if name != "torch":
            return real(name)
        if not version:
            raise doctor.importlib.metadata.PackageNotFoundError(name)
        return version

    monkeypatch.setattr(doctor.importlib.metadata, "version", installed)
    monkeypatch.setattr(doctor, "has_nvidia", lambda: nvidia)
    finding = next(iter(doctor.torch()))
    assert finding.status == status
    assert wanted in finding.do
    assert bool(finding.do) == (status != "ok")


def test_a_check_that_fails_is_a_finding(seal, workspace: Path, monkeypatch) -> None:
    monkeypatch.setattr(doctor, "memory", lambda: 1 / 0)
    ran = seal("doctor", "--root", workspace, "--json")
    memory = next(f for f in ran.json["findings"] if f["check"] == "memory")
    assert memory["status"] == "problem"
    assert "ZeroDivisionError" in memory["message"]
