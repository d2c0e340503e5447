"""Damaged SQLite files: set aside under a new name, replaced, and said; by one of several processes only."""

from __future__ import annotations

import hashlib
import multiprocessing
import re
import sqlite3
import subprocess
import sys

import pytest

from seal_lsp.core.api import ApiSurface, Symbol
from seal_lsp.core.library import LibraryId
from seal_lsp.store.api_index import ApiIndex
from seal_lsp.store.ledger import Ledger

LIBRARY = LibraryId("lib", "1")


APPEND = """
import sys, pathlib
from seal_lsp.store.ledger import Ledger
Ledger(pathlib.Path(sys.argv[1])).append("gate", "a@1", {})
"""


def other_program(path):
    raw = sqlite3.connect(path)
    raw.execute("CREATE TABLE theirs (x)")
    raw.close()
    return path.read_bytes()


DAMAGE = {
    "garbage": lambda good, path: b"this is no database" * 500,
    "cut in half": lambda good, path: good[: len(good) // 2],
    "cut inside a page": lambda good, path: good[:5000],
    "header overwritten": lambda good, path: b"\x00" * 100 + good[100:],
    "schema page overwritten": lambda good, path: good[:100] + b"\xff" * 3996 + good[4096:],
    "another program's": lambda good, path: other_program(path.with_name("theirs.db")),
}


def damaged_file(path) -> bytes:
    """The content that was set aside beside `path`; exactly one file, with the time in its name."""
    found = [p for p in path.parent.iterdir() if ".damaged-" in p.name]
    assert len(found) == 1
    assert re.fullmatch(rf"{re.escape(path.name)}\.damaged-\d{{8}}T\d{{6}}Z", found[0].name)
    return found[0].read_bytes()


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_ledger(tmp_path, damage):
    path = tmp_path / "ledger.db"
    ledger = Ledger(path)
    ledger.append_many([("train", LIBRARY, {"text": "x" * 500})] * 40)
    ledger.close()
    bad = DAMAGE[damage](path.read_bytes(), path)
    path.write_bytes(bad)

    ledger = Ledger(path)
    ledger.append("train", LIBRARY, {})
    first, second = ledger.rows()
    assert (first.kind, first.seq, second.kind) == ("damaged", 1, "train")
    assert first.data["sha256"] == hashlib.sha256(bad).hexdigest()
    assert first.data["bytes"] == len(bad)
    assert damaged_file(path) == bad
    assert first.data["file"] == str(next(p for p in tmp_path.iterdir() if ".damaged-" in p.name))
    assert ledger.verify().ok
    assert len(ledger.notices) == 1
    assert "ledger.db.damaged-" in ledger.notices[0]


def test_a_ledger_damaged_while_open(tmp_path):
    """A page in the middle is found when it is read; what was asked is then answered by the fresh file."""
    path = tmp_path / "ledger.db"
    ledger = Ledger(path)
    ledger.append_many([("train", LIBRARY, {"text": "x" * 500})] * 200)
    ledger.close()
    good = path.read_bytes()
    path.write_bytes(good[:4096] + b"\xa5" * (len(good) - 4096))
    ledger = Ledger(path)  # the first page is whole
    assert [row.kind for row in ledger.rows()] == ["damaged"]
    assert ledger.verify().ok
    assert len(ledger.notices) == 1


def test_a_deleted_ledger_is_made_again_while_open(tmp_path):
    path = tmp_path / "ledger.db"
    ledger = Ledger(path)
    ledger.append("train", LIBRARY, {})
    path.unlink()
    assert ledger.append("train", LIBRARY, {}) == 1
    assert path.exists()


def test_one_process_sets_aside_and_the_other_follows(tmp_path):
    path = tmp_path / "ledger.db"
    mine = Ledger(path)
    mine.append_many([("train", LIBRARY, {})] * 3)
    path.write_bytes(b"garbage" * 1000)
    assert subprocess.run([sys.executable, "-c", APPEND, str(path)]).returncode == 0
    assert mine.append("train", LIBRARY, {}) == 3
    assert [row.kind for row in mine.rows()] == ["damaged", "gate", "train"]
    assert damaged_file(path) == b"garbage" * 1000


def test_processes_that_meet_a_damaged_ledger_at_once_set_aside_one_file(tmp_path):
    path = tmp_path / "ledger.db"
    path.write_bytes(b"garbage" * 1000)
    processes = [subprocess.Popen([sys.executable, "-c", APPEND, str(path)]) for _ in range(4)]
    assert [process.wait(timeout=60) for process in processes] == [0] * 4
    assert [row.kind for row in Ledger(path).rows()] == ["damaged"] + ["gate"] * 4
    assert damaged_file(path) == b"garbage" * 1000


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_index_is_set_aside_and_filled_again(tmp_path, damage):
    path = tmp_path / "index.db"
    surface = ApiSurface(
        LIBRARY, ("lib",), {f"lib.f{i}": Symbol(f"lib.f{i}", "function", doc="x" * 300) for i in range(99)}
    )
    index = ApiIndex(path)
    index.put(surface, "f")
    index.close()
    bad = DAMAGE[damage](path.read_bytes(), path)
    path.write_bytes(bad)

    index = ApiIndex(path)
    assert index.get(LIBRARY, "f") is None
    index.put(surface, "f")
    assert index.get(LIBRARY, "f") == surface
    assert damaged_file(path) == bad
    assert len(index.notices) == 1


def test_an_index_damaged_in_the_middle_is_set_aside_when_it_is_read(tmp_path):
    path = tmp_path / "index.db"
    surface = ApiSurface(
        LIBRARY, ("lib",), {f"lib.f{i}": Symbol(f"lib.f{i}", "function", doc="x" * 300) for i in range(999)}
    )
    index = ApiIndex(path)
    index.put(surface, "f")
    index.close()
    good = path.read_bytes()
    path.write_bytes(good[: 4096 * 4] + b"\xa5" * (len(good) - 4096 * 4))
    index = ApiIndex(path)
    assert index.get(LIBRARY, "f") is None
    assert len(index.notices) == 1


FILL = """
import sys, pathlib
from seal_lsp.core.api import ApiSurface, Symbol
from seal_lsp.core.library import LibraryId
from seal_lsp.store.api_index import ApiIndex
index = ApiIndex(pathlib.Path(sys.argv[1]))
print(len(index.notices), flush=True)
index.put(ApiSurface(LibraryId("theirs", "1"), ("t",), {"t.f": Symbol("t.f", "function")}), "f")
print("put", flush=True)
sys.stdin.read()
"""


def test_leaving_a_file_that_was_set_aside_does_not_touch_the_one_in_its_place(tmp_path):
    """The last connection to leave a write-ahead log deletes it by name; that name is by then the fresh file's."""
    path = tmp_path / "index.db"
    surface = ApiSurface(LIBRARY, ("lib",), {"lib.f": Symbol("lib.f", "function")})
    mine = ApiIndex(path)
    mine.put(surface, "f")
    raw = sqlite3.connect(path)
    raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw.close()
    with path.open("r+b") as stream:
        stream.write(b"garbage" * 200)
    other = subprocess.Popen(
        [sys.executable, "-c", FILL, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert [other.stdout.readline().strip() for _ in range(2)] == ["1", "put"]
    mine.close()
    assert path.with_name("index.db-wal").stat().st_size > 0
    assert mine.symbol(LibraryId("theirs", "1"), "t.f") is not None
    other.communicate("")
    assert ApiIndex(path).symbol(LibraryId("theirs", "1"), "t.f") is not None
    assert mine.notices == []


def test_a_forked_child_opens_its_own_connection(tmp_path):
    ledger = Ledger(tmp_path / "ledger.db")
    index = ApiIndex(tmp_path / "index.db")
    ledger.append("train", LIBRARY, {})
    index.put(ApiSurface(LIBRARY, ("lib",), {"lib.f": Symbol("lib.f", "function")}), "f")

    def child():
        assert index.symbol(LIBRARY, "lib.f") is not None
        ledger.append("gate", LIBRARY, {})
        ledger.close()
        index.close()

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(60)
    assert process.exitcode == 0
    assert (tmp_path / "index.db-wal").exists()
    assert ledger.append("train", LIBRARY, {}) == 3
    assert ledger.verify().ok
    assert index.symbol(LIBRARY, "lib.f") is not None
