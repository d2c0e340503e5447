"""Every failure has its code, its words on stderr, and with --json one error object on stdout."""

from __future__ import annotations

from pathlib import Path

import pytest

from seal_lsp.cli import app as application
from seal_lsp.cli.output import EXIT_CODES
from seal_lsp.core import errors


@pytest.mark.parametrize(
    ("words", "code", "kind", "said"),
    [
        ("nonsense", 2, "UsageError", "No such command"),
        ("status --nonsense", 2, "UsageError", "No such option"),
        ("forget", 2, "UsageError", "Missing argument"),
        ("forget acme", 2, "UsageError", "nothing was learned of acme"),
        ("rollback a==b==c", 2, "UsageError", "not a library"),
        ("audit verify", 2, "UsageError", "no ledger yet"),
        ("audit show --library x", 2, "UsageError", "not a library"),
        ("complete nowhere.py:1:1", 2, "UsageError", "cannot read"),
        ("complete main.py", 2, "UsageError", "not a place in a file"),
        ("hover main.py:0:1", 2, "UsageError", "no place 0:1"),
        ("hover main.py:99:1", 2, "UsageError", "no place 99:1"),
        ("complete binary.py:1:1", 2, "UsageError", "cannot read"),
        ("learn acme==9.9", 2, "UsageError", "has acme@1.2, not acme@9.9"),
        ("learn absent", 2, "UsageError", "not installed"),
        ("learn acme --root empty", 7, "EnvironmentProblem", ""),
        ("status", 5, "EngineUnavailable", "no answer from the engine"),
        ("demo --lib nonsense", 2, "UsageError", "not a library"),
        ("demo --cases absent.jsonl", 2, "UsageError", "cannot read the case file"),
        ("demo --budget-tokens 1", 2, "UsageError", "1000"),
        ("serve --tcp --ws", 2, "UsageError", "give one of"),
        ("serve --port 70000", 2, "UsageError", "65535"),
    ],
)
def test_failures(seal, workspace: Path, monkeypatch, words: str, code: int, kind: str, said: str) -> None:
    monkeypatch.chdir(workspace)
    (workspace / "binary.py").write_bytes(b"\xff\xfe\x00")
    (workspace / "empty").mkdir()
    ran = seal(*words.split())
    assert ran.code == code, ran.err
    assert ran.out == ""
    assert said in ran.err
    if words.split()[0] == "serve":
        return  # speaks LSP, not JSON
    ran = seal(*words.split(), "--json")
    assert ran.code == code
    assert set(ran.json) == {"error"}
    assert ran.json["error"]["type"] == kind
    assert ran.json["error"]["exit_code"] == code
    assert said in ran.json["error"]["message"]


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (errors.SealError("x"), 1),
        (errors.GateRejected("x"), 3),
        (errors.NothingToLearn("x"), 4),
        (errors.ModelError("x"), 6),
        (errors.StoreDamaged("x"), 8),
        (errors.NoSpaceLeft("x"), 9),
        (OSError(28, "No space left on device"), 9),
        (errors.Cancelled("x"), 75),
        (KeyboardInterrupt(), 130),
        (OSError(13, "Permission denied"), 1),
        (ZeroDivisionError("x"), 1),
    ],
)
def test_what_a_command_raises_becomes_its_code(seal, monkeypatch, raised: BaseException, code: int) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise raised

    monkeypatch.setattr(application, "app", fail)
    assert seal("status").code == code
    assert seal("status", "--json").json["error"]["exit_code"] == code


def test_every_code_of_the_error_tree_is_documented(seal) -> None:
    documented = {code for code, _ in EXIT_CODES}
    found, open_kinds = set(), [errors.SealError]
    while open_kinds:
        kind = open_kinds.pop()
        found.add(kind.exit_code)
        open_kinds += kind.__subclasses__()
    assert found <= documented
    helped = " ".join(seal("--help").out.split())
    for code, meaning in EXIT_CODES:
        assert f"{code} {meaning}" in helped


def test_a_defect_is_told_as_one(seal, monkeypatch) -> None:
    monkeypatch.setattr(application, "app", lambda **kwargs: 1 / 0)
    ran = seal("status")
    assert ran.code == 1
    assert "this is a defect" in ran.err
