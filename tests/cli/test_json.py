"""`--json`: one object on stdout, whatever the command; the same facts for people without it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from seal_lsp.store.ledger import Ledger
from seal_lsp.store.paths import Paths


@pytest.fixture
def ledger(home: Path) -> Ledger:
    book = Ledger(Paths.default().ledger)
    book.append("self_edit", "acme@1.2", {"text": "import acme"})
    book.append("gate", "acme@1.2", {"promoted": False})
    book.append("cycle", "other@3", {"status": "rejected"})
    return book


def test_audit(seal, ledger: Ledger, tmp_path: Path) -> None:
    assert seal("audit", "verify", "--json").json == {"rows": 3, "verified": True}
    rows = seal("audit", "show", "--json").json["rows"]
    assert [row["kind"] for row in rows] == ["self_edit", "gate", "cycle"]
    rows = seal("audit", "show", "--library", "acme==1.2", "--last", "1", "--json").json["rows"]
    assert [row["data"] for row in rows] == [{"promoted": False}]
    assert seal("audit", "export", tmp_path / "l.jsonl", "--json").json["rows"] == 3
    exported = io.StringIO()
    ledger.export(exported)
    assert (tmp_path / "l.jsonl").read_text() == exported.getvalue()
    lines = seal("audit", "export").out.splitlines()
    assert [json.loads(line)["subject"] for line in lines] == ["acme@1.2", "acme@1.2", "other@3"]


def test_audit_tells_of_a_ledger_that_was_changed(seal, ledger: Ledger) -> None:
    import sqlite3

    ledger.close()
    with sqlite3.connect(Paths.default().ledger) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        (table,) = database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%prev%'"
        ).fetchone()
        database.execute(f"UPDATE {table} SET data = '{{\"promoted\":true}}' WHERE seq = 2")
    ran = seal("audit", "verify", "--json")
    assert ran.code == 8
    assert ran.json["error"]["type"] == "StoreDamaged"
    assert "row 2" in ran.json["error"]["message"]


def damage(ledger: Ledger) -> None:
    ledger.close()
    ledger.path.write_bytes(b"this is no database" * 500)


@pytest.mark.parametrize("command", ["show", "verify", "export"])
def test_audit_says_that_a_damaged_ledger_was_set_aside(seal, ledger: Ledger, tmp_path: Path, command: str) -> None:
    damage(ledger)
    ran = seal("audit", command, *([tmp_path / "l.jsonl"] if command == "export" else []), "--json")
    (aside,) = ledger.path.parent.glob("ledger.db.damaged-*")
    assert f"{aside.name}: damaged (file is not a database); set aside in {aside.parent}" in ran.err
    assert ran.code == (8 if command == "verify" else 0)


def test_a_damaged_ledger_does_not_verify_until_it_was_moved_away(seal, ledger: Ledger, tmp_path: Path) -> None:
    damage(ledger)
    ledger.append("cycle", "acme@1.2", {"status": "rejected"})  # another process, an engine say, sets it aside
    (aside,) = ledger.path.parent.glob("ledger.db.damaged-*")
    for _ in range(2):
        ran = seal("audit", "verify", "--json")
        assert (ran.code, ran.json["error"]["type"]) == (8, "StoreDamaged")
        assert f"{aside.name}: damaged" in ran.json["error"]["message"]
        assert str(aside) in ran.json["error"]["hint"]
    assert f"{aside.name}: damaged" in seal("audit", "verify").err
    aside.rename(tmp_path / "kept.db")
    assert seal("audit", "verify", "--json").json == {"rows": 2, "verified": True}
    assert [row["kind"] for row in seal("audit", "show", "--json").json["rows"]] == ["damaged", "cycle"]


def test_libraries(seal, workspace: Path, monkeypatch) -> None:
    monkeypatch.chdir(workspace)
    found = seal("libraries", "--json").json
    assert [(one["library"], one["uses"] > 0, one["adapter"]) for one in found["libraries"]] == [("acme@1.2", True, "")]
    assert found["problem"] == ""
    assert "acme@1.2" in seal("libraries").out
    assert seal("libraries", "--learned", "--json").json["libraries"] == []


def test_libraries_without_an_environment_says_so(seal, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    ran = seal("libraries", "--root", empty, "--json")
    assert (ran.code, ran.json["libraries"]) == (0, [])
    assert ran.json["problem"]


def test_settings(seal, monkeypatch) -> None:
    monkeypatch.setenv("SEAL_LEARN__MAX_TOKENS", "5000")
    rows = {row["name"]: row for row in seal("settings", "--json").json["settings"]}
    assert rows["learn.max_tokens"]["value"] == 5000
    assert rows["learn.max_tokens"]["default"] != 5000
    assert all(row["description"] for row in rows.values())
    assert seal("settings", "--schema").json["properties"]


def test_a_bad_setting_is_said_on_stderr_and_does_not_stop_the_command(seal, monkeypatch) -> None:
    monkeypatch.setenv("SEAL_LEARN__MAX_TOKENS", "many")
    ran = seal("settings", "--json")
    assert ran.code == 0
    assert "max_tokens" in ran.err
    assert ran.json["settings"]
