"""The ledger: rows in a chain that anybody can recompute, and a first bad row when it was tampered with."""

from __future__ import annotations

import hashlib
import io
import json
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import rfc8785

from seal_lsp.core.errors import NoSpaceLeft, SealError, StoreDamaged
from seal_lsp.core.learning import Provenance, Verdict
from seal_lsp.core.library import LibraryId
from seal_lsp.store.ledger import GENESIS, KINDS, Ledger

LIBRARY = LibraryId("throttled-py", "3.3.1")


@pytest.fixture
def ledger(tmp_path):
    ledger = Ledger(tmp_path / "ledger.db")
    yield ledger
    ledger.close()


def filled(ledger: Ledger, count: int = 5) -> Ledger:
    ledger.append_many([("train", LIBRARY, {"step": step}) for step in range(1, count + 1)])
    return ledger


def test_rows_come_back_as_they_were_written(ledger):
    assert ledger.head() == (0, GENESIS)
    assert ledger.append("activate", LIBRARY, {"adapter": "ab", "gain": 0.25}) == 1
    assert ledger.append_many([("gate", "b@2", {"n": 1}), ("train", LIBRARY, {})]) == (2, 3)
    first, second, third = ledger.rows()
    assert (first.kind, first.subject, first.data) == (
        "activate",
        "throttled-py@3.3.1",
        {"adapter": "ab", "gain": 0.25},
    )
    assert (first.prev, second.prev, third.prev) == (GENESIS, first.hash, second.hash)
    assert first.time.endswith("Z")
    assert ledger.head() == (3, third.hash)
    assert ledger.verify().ok


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, [1, 2, 3, 4, 5, 6]),
        ({"kind": "gate"}, [2, 5]),
        ({"subject": "a@1"}, [1, 2, 3]),
        ({"subject": LibraryId("A", "1"), "kind": "gate"}, [2]),
        ({"after": 4}, [5, 6]),
        ({"limit": 2}, [1, 2]),
        ({"limit": 0}, []),
        ({"limit": 2, "newest": True}, [5, 6]),
        ({"limit": 1, "newest": True, "subject": "a@1"}, [3]),
        ({"subject": "nobody@1"}, []),
    ],
)
def test_rows_are_found(ledger, asked, expected):
    ledger.append_many([(kind, subject, {}) for subject in ("a@1", "b@2") for kind in ("train", "gate", "activate")])
    assert [row.seq for row in ledger.rows(**asked)] == expected


def test_a_key_is_written_once(ledger):
    assert ledger.append("train", LIBRARY, {"a": 1}, once="cycle-1/train") == 1
    assert ledger.append("train", LIBRARY, {"a": 2}, once="cycle-1/train") is None
    assert ledger.append_many([("gate", LIBRARY, {}), ("gate", LIBRARY, {})], once="cycle-1/gate") == (2, 3)
    assert ledger.append_many([("gate", LIBRARY, {})] * 3, once="cycle-1/gate") == ()
    assert ledger.append("train", LIBRARY, {}) == 4
    assert [row.once for row in ledger.rows()] == ["cycle-1/train", "cycle-1/gate", "cycle-1/gate", ""]
    assert ledger.append_many([], once="nothing") == ()


def test_all_rows_of_a_call_or_none(ledger):
    with pytest.raises(TypeError, match="object"):
        ledger.append_many([("train", LIBRARY, {"good": 1}), ("train", LIBRARY, {"bad": object()})])
    with pytest.raises(ValueError, match="gossip"):
        ledger.append_many([("train", LIBRARY, {}), ("gossip", LIBRARY, {})])
    assert ledger.rows() == []


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_is_taken(ledger, kind):
    assert ledger.append(kind, LIBRARY, {}) == 1


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (2**53, str(2**53)),
        (-(2**70), str(-(2**70))),
        (1e16, 1e16),
        (1e300, 1e300),
        (-0.0, 0),
        (1.0, 1),
        (0.1 + 0.2, 0.1 + 0.2),
        ("lone \ud800 surrogate", "lone \\ud800 surrogate"),
        ("zero \x00 and emoji \U0001f600", "zero \x00 and emoji \U0001f600"),
        ((1, (2,)), [1, [2]]),
        ({"b", "a"}, ["a", "b"]),
        (Path("a/b"), "a/b"),
        (LIBRARY, "throttled-py@3.3.1"),
        ({1: 2}, {"1": 2}),
        (Verdict("syntax", False, "why"), {"check": "syntax", "passed": False, "reason": "why"}),
        ([Provenance("readme", "x", "1", "f", 3, "ab")], [{"source": "readme", "distribution": "x", "version": "1",
          "file": "f", "line": 3, "sha256": "ab"}]),
        (None, None),
        (True, True),
    ],
)  # fmt: skip
def test_odd_values_are_written_and_verify(ledger, value, kept):
    ledger.append("verdict", LIBRARY, {"value": value})
    assert ledger.rows()[0].data == {"value": kept}
    assert ledger.verify().ok


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET data = '{}' WHERE seq = 2",
        "UPDATE OR REPLACE ledger SET seq = 9 WHERE seq = 2",
        "DELETE FROM ledger WHERE seq = 5",
        "REPLACE INTO ledger SELECT seq, time, kind, 'x', once, data, prev, hash FROM ledger WHERE seq = 2",
    ],
)
def test_sql_cannot_change_a_row(ledger, statement):
    filled(ledger)
    with sqlite3.connect(ledger.path) as raw, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        raw.execute(statement)
    raw.close()
    assert ledger.verify().ok


MOVE = "UPDATE ledger SET seq = %d WHERE seq = %d;"
SWAP = MOVE % (-1, 2) + MOVE % (2, 3) + MOVE % (3, -1)
KEEP = "'{\"step\":2}'"


@pytest.mark.parametrize(
    ("tamper", "first_bad", "reason"),
    [
        ("UPDATE ledger SET data = '{\"step\":9}' WHERE seq = 2", 2, "edited"),
        ("UPDATE ledger SET data = '{ \"step\":2}' WHERE seq = 2", 2, "edited"),
        ("UPDATE ledger SET data = 'no json' WHERE seq = 2", 2, "cannot be read"),
        ("UPDATE ledger SET time = '1999-01-01T00:00:00Z' WHERE seq = 3", 3, "edited"),
        ("UPDATE ledger SET subject = 'other@1' WHERE seq = 1", 1, "edited"),
        ("UPDATE ledger SET kind = 'forget' WHERE seq = 5", 5, "edited"),
        ("UPDATE ledger SET once = 'k' WHERE seq = 5", 5, "edited"),
        ("UPDATE ledger SET hash = 'ff' WHERE seq = 2", 2, "edited"),
        ("UPDATE ledger SET prev = 'ff' WHERE seq = 2", 2, "does not follow"),
        ("DELETE FROM ledger WHERE seq = 3", 3, "row 3 is missing"),
        ("DELETE FROM ledger WHERE seq = 1", 1, "row 1 is missing"),
        ("DELETE FROM ledger WHERE seq = 5", 5, "rows after 4 are missing"),
        ("DELETE FROM ledger", 1, "rows after 0 are missing"),
        ("DELETE FROM ledger WHERE seq = 3; UPDATE ledger SET seq = seq - 1 WHERE seq > 3", 3, "does not follow"),
        (SWAP, 2, "does not follow"),
        (f"INSERT INTO ledger SELECT 6, time, kind, subject, once, {KEEP}, hash, 'ee' FROM ledger WHERE seq = 5",
         6, "edited"),
        ("SELECT 1", 0, "triggers"),  # only the triggers are gone
    ],
)  # fmt: skip
def test_verify_names_the_first_bad_row(ledger, tamper, first_bad, reason):
    filled(ledger)
    raw = sqlite3.connect(ledger.path)
    for trigger in ("ledger_no_update", "ledger_no_delete", "ledger_no_replace"):
        raw.execute(f"DROP TRIGGER {trigger}")
    raw.executescript(tamper)
    raw.close()
    found = ledger.verify()
    assert (found.ok, found.first_bad) == (False, first_bad)
    assert reason in found.reason


def test_a_row_that_cannot_be_read_is_said(ledger):
    filled(ledger)
    raw = sqlite3.connect(ledger.path, isolation_level=None)
    raw.execute("DROP TRIGGER ledger_no_update")
    raw.execute("UPDATE ledger SET data = '{' WHERE seq = 2")
    raw.close()
    for read in (ledger.rows, lambda: ledger.export(io.StringIO())):
        with pytest.raises(StoreDamaged, match="row 2"):
            read()


def test_a_row_replaced_with_a_right_hash_breaks_at_its_successor(ledger):
    filled(ledger)
    row = {**ledger.rows()[1].as_dict(), "data": {"step": 99}}
    del row["hash"]
    forged = hashlib.sha256(rfc8785.dumps(row)).hexdigest()
    raw = sqlite3.connect(ledger.path)
    raw.execute("DROP TRIGGER ledger_no_update")
    raw.execute("UPDATE ledger SET data = '{\"step\":99}', hash = ? WHERE seq = 2", (forged,))
    raw.commit()
    raw.close()
    assert ledger.verify().first_bad == 3


def test_an_export_can_be_verified_without_us(ledger):
    filled(ledger, 2500)  # more than one batch
    ledger.append("self_edit", LIBRARY, {"text": "über\ud800", "big": 1e16}, once="k")
    stream = io.StringIO()
    assert ledger.export(stream) == 2501
    prev = GENESIS
    for line in stream.getvalue().splitlines():
        row = json.loads(line, parse_int=lambda text: int(text) if len(text) < 16 else float(text))
        digest = row.pop("hash")
        assert row["prev"] == prev
        assert hashlib.sha256(rfc8785.dumps(row)).hexdigest() == digest
        prev = digest
    assert ledger.head() == (2501, prev)
    assert ledger.verify().rows == 2501


WRITER = """
import sys
from pathlib import Path
from seal_lsp.store.ledger import Ledger
ledger = Ledger(Path(sys.argv[1]))
for i in range(40):
    ledger.append_many([("train", "a@1", {"by": sys.argv[2], "i": i})] * 2)
    ledger.append("gate", "a@1", {"by": sys.argv[2]}, once=f"shared-{i}")
"""


def test_processes_append_at_once(tmp_path):
    """The file is made by whoever comes first; a shared key is written by exactly one of them."""
    path = tmp_path / "new" / "ledger.db"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(n)]) for n in range(3)]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0, 0]
    ledger = Ledger(path)
    assert ledger.verify().ok
    assert len(ledger.rows(kind="train")) == 3 * 40 * 2
    assert len(ledger.rows(kind="gate")) == 40
    assert ledger.notices == []


def test_threads_append_at_once(ledger):
    with ThreadPoolExecutor(4) as pool:
        written = list(pool.map(lambda i: ledger.append("train", LIBRARY, {"i": i}), range(80)))
    assert sorted(written) == list(range(1, 81))
    assert ledger.verify().ok


def test_a_full_disk_writes_nothing(ledger):
    filled(ledger)
    cap = "PRAGMA max_page_count = %d"
    pages = ledger._database.read(lambda c: c.execute("PRAGMA page_count").fetchone()[0])
    ledger._database.read(lambda c: c.execute(cap % pages).fetchone())  # SQLite's own full disk
    entries = [("self_edit", LIBRARY, {"text": "x" * 3000})] * 20
    with pytest.raises(NoSpaceLeft, match="no space left"):
        ledger.append_many(entries)
    assert ledger.verify() == ledger.verify().__class__(5, True)
    ledger._database.read(lambda c: c.execute(cap % 1_000_000).fetchone())
    assert len(ledger.append_many(entries)) == 20
    assert ledger.verify().ok


def test_a_ledger_of_a_newer_version_is_left_alone(ledger):
    filled(ledger)
    ledger.close()
    raw = sqlite3.connect(ledger.path)
    raw.execute("PRAGMA user_version = 99")
    raw.close()
    before = ledger.path.read_bytes()
    with pytest.raises(StoreDamaged, match=r"newer seal-lsp \(schema 99"):
        Ledger(ledger.path)
    assert ledger.path.read_bytes() == before


def test_a_ledger_that_is_held_is_said(tmp_path):
    from seal_lsp.store.database import Database
    from seal_lsp.store.migrations import LEDGER

    database = Database(tmp_path / "ledger.db", LEDGER, durable=True, timeout_s=0.1)
    raw = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    raw.execute("BEGIN IMMEDIATE")
    with pytest.raises(SealError, match="held by another process"):
        database.write(lambda connection: None)
    raw.execute("ROLLBACK")
    raw.close()
