"""The audit ledger: what was written, judged, trained, let live, taken back. Append-only and hash-chained.

A row's hash is the sha256 of the RFC 8785 canonical JSON of all its other fields, `prev` (the hash of the row before)
among them: anybody can recompute the chain from an export. Knows nothing of what the rows mean.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import rfc8785

from seal_lsp.core.errors import StoreDamaged
from seal_lsp.core.library import LibraryId
from seal_lsp.core.progress import Clock
from seal_lsp.store.database import Database, SetAside
from seal_lsp.store.migrations import LEDGER

KINDS = frozenset(
    {"writing", "self_edit", "verdict", "train", "gate"}
    | {"activate", "rollback", "forget", "unroute", "cycle", "prune", "damaged"}
)
GENESIS = "0" * 64
_ITSELF = "ledger"  # the subject of a row about a ledger; libraries have an @
_COLUMNS = "seq, time, kind, subject, once, data, prev, hash"
_SAFE_INTEGER = 2**53 - 1


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """`subject` is a library as name@version (or the name of what a `damaged` row is about); `once` the idempotency key
    under which the row was written, '' for none."""

    seq: int
    time: str
    kind: str
    subject: str
    once: str
    data: dict
    prev: str
    hash: str

    def as_dict(self) -> dict:
        return dataclasses.asdict(self)


@dataclass(frozen=True, slots=True)
class LedgerVerification:
    """`rows` were checked; `first_bad` is the number of the first row that is not as it was written, 0 if all are."""

    rows: int
    ok: bool
    first_bad: int = 0
    reason: str = ""


class _SystemClock:
    def now(self) -> str:
        return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


class Ledger:
    """Any number of processes and threads may append at once. Raises NoSpaceLeft, StoreDamaged."""

    def __init__(self, path: Path, *, clock: Clock | None = None) -> None:
        self._clock: Clock = clock or _SystemClock()
        self._database = Database(path, LEDGER, durable=True, on_fresh=self._say_damaged)

    @property
    def path(self) -> Path:
        return self._database.path

    @property
    def notices(self) -> list[str]:
        """What a person should be told: damaged files that were set aside by this object."""
        return self._database.notices

    def set_aside(self) -> tuple[SetAside, ...]:
        """Damaged ledgers that this one took the place of, whichever process found them so; their files may be gone."""
        return tuple(
            SetAside(Path(row.data["file"]), row.data["sha256"], row.data["bytes"], row.data["reason"])
            for row in self.rows(subject=_ITSELF, kind="damaged")
        )

    def append(self, kind: str, subject: str | LibraryId, data: Mapping, *, once: str = "") -> int | None:
        """The new row's number; None when rows with the key `once` exist already (nothing is written then)."""
        written = self.append_many([(kind, subject, data)], once=once)
        return written[0] if written else None

    def append_many(
        self, entries: Iterable[tuple[str, str | LibraryId, Mapping]], *, once: str = ""
    ) -> tuple[int, ...]:
        """All rows in one transaction, or none of them when the key `once` exists already."""
        ready = [(_kind(kind), str(subject), _plain(data)) for kind, subject, data in entries]

        def work(connection: sqlite3.Connection) -> tuple[int, ...]:
            if once and connection.execute("SELECT 1 FROM ledger WHERE once = ? LIMIT 1", (once,)).fetchone():
                return ()
            return self._insert(connection, ready, once)

        return self._database.write(work) if ready else ()

    def rows(
        self,
        *,
        subject: str | LibraryId = "",
        kind: str = "",
        after: int = 0,
        limit: int | None = None,
        newest: bool = False,
    ) -> list[LedgerRow]:
        """Rows in the order they were written; with `newest`, the last `limit` of them instead of the first."""
        query = (
            f"SELECT {_COLUMNS} FROM ledger WHERE seq > :after AND (:subject = '' OR subject = :subject)"
            f" AND (:kind = '' OR kind = :kind) ORDER BY seq {'DESC' if newest else 'ASC'} LIMIT :limit"
        )
        values = {"after": after, "subject": str(subject), "kind": kind, "limit": -1 if limit is None else limit}
        found = self._database.read(lambda connection: connection.execute(query, values).fetchall())
        rows = [_readable(record) for record in found]
        return rows[::-1] if newest else rows

    def head(self) -> tuple[int, str]:
        """Number and hash of the last row; (0, GENESIS) while empty. Noted elsewhere, it pins the whole ledger."""
        return self._database.read(_head)

    def verify(self) -> LedgerVerification:
        """Recompute the chain from the first row on; stops at the first row that is not as it was written."""
        count, last, prev = 0, 0, GENESIS
        while True:
            records, ending = self._database.read(lambda connection, last=last: _batch(connection, last))
            for record in records:
                if reason := _complaint(record, last, prev):
                    return LedgerVerification(count, False, last + 1, reason)
                count, last, prev = count + 1, record[0], record[-1]
            if ending is not None:
                first_bad, reason = ending
                return LedgerVerification(count, not reason, first_bad, reason)

    def export(self, stream: TextIO) -> int:
        """Write every row as one line of canonical JSON; returns how many."""
        count, last = 0, 0
        while records := self._database.read(lambda connection, last=last: _batch(connection, last))[0]:
            for row in map(_readable, records):
                stream.write(rfc8785.dumps({**_body(row), "hash": row.hash}).decode() + "\n")
                count, last = count + 1, row.seq
        return count

    def close(self) -> None:
        self._database.close()

    def _insert(self, connection: sqlite3.Connection, ready: list[tuple[str, str, dict]], once: str) -> tuple[int, ...]:
        seq, prev = _head(connection)
        first, time = seq + 1, self._clock.now()
        for kind, subject, data in ready:
            seq += 1
            row = LedgerRow(seq, time, kind, subject, once, data, prev, "")
            prev, previous = _hash(row), prev
            connection.execute(
                f"INSERT INTO ledger ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (seq, time, kind, subject, once, rfc8785.dumps(data).decode(), previous, prev),
            )
        return tuple(range(first, seq + 1))

    def _say_damaged(self, connection: sqlite3.Connection, set_aside: SetAside) -> None:
        data = {"file": str(set_aside.file), "sha256": set_aside.sha256, "bytes": set_aside.size}
        self._insert(connection, [("damaged", _ITSELF, {**data, "reason": set_aside.reason})], "")


def _head(connection: sqlite3.Connection) -> tuple[int, str]:
    return connection.execute("SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1").fetchone() or (0, GENESIS)


def _batch(connection: sqlite3.Connection, after: int) -> tuple[list[tuple], tuple[int, str] | None]:
    """Some rows after a number; when there are none, what is wrong with the end as (first bad row, reason).

    In batches, so that whoever reads slowly (a pager behind an export) does not keep the writers waiting."""
    query = f"SELECT {_COLUMNS} FROM ledger WHERE seq > ? ORDER BY seq LIMIT 1000"
    records = connection.execute(query, (after,)).fetchall()
    return records, None if records else _wrong_at_the_end(connection, after)


def _wrong_at_the_end(connection: sqlite3.Connection, last: int) -> tuple[int, str]:
    highest = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'ledger'").fetchone()
    if (highest[0] if highest else 0) != last:
        return last + 1, f"rows after {last} are missing"
    triggers = connection.execute("SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'ledger'")
    if triggers.fetchone()[0] != 3:
        return 0, "the triggers that forbid changes are missing"
    integrity = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    return 0, "" if integrity == "ok" else f"the file is damaged: {integrity}"


def _complaint(record: tuple, last: int, prev: str) -> str:
    """Why this record cannot follow row `last` whose hash is `prev`; '' if it can."""
    seq = record[0]
    if seq != last + 1:
        return f"row {last + 1} is missing"
    try:
        row = _row(record)
        recomputed = _hash(row)
    except (ValueError, TypeError, RecursionError) as error:
        return f"row {seq} cannot be read: {error}"
    if row.prev != prev:
        return f"row {seq} does not follow row {last}: one of them was moved or replaced"
    if recomputed != row.hash or rfc8785.dumps(row.data).decode() != record[5]:
        return f"row {seq} was edited"
    return ""


def _row(record: tuple) -> LedgerRow:
    seq, time, kind, subject, once, data, prev, digest = record
    return LedgerRow(seq, time, kind, subject, once, json.loads(data, parse_int=_number), prev, digest)


def _readable(record: tuple) -> LedgerRow:
    try:
        return _row(record)
    except ValueError as error:
        what = f"row {record[0]} of the ledger cannot be read"
        raise StoreDamaged(what, hint="`seal-lsp audit verify` says more") from error


def _body(row: LedgerRow) -> dict:
    return {name: getattr(row, name) for name in ("seq", "time", "kind", "subject", "once", "data", "prev")}


def _hash(row: LedgerRow) -> str:
    return hashlib.sha256(rfc8785.dumps(_body(row))).hexdigest()


def _kind(kind: str) -> str:
    if kind not in KINDS:
        raise ValueError(f"no such kind of ledger row: {kind!r}")
    return kind


def _number(text: str) -> int | float:
    # RFC 8785 writes the float 1e16 as an integer, and takes no integer beyond 2**53.
    value = int(text)
    return value if abs(value) <= _SAFE_INTEGER else float(value)


def _plain(value: object) -> object:
    """What canonical JSON can hold: NaN, infinities and integers beyond 2**53 become text, lone surrogates are escaped.

    A row about an odd thing must still be written: losing it would be worse than spelling it out.
    """
    match value:
        case None | bool():
            return value
        case str():
            return value.encode("utf-8", "backslashreplace").decode("utf-8")
        case int():
            return value if abs(value) <= _SAFE_INTEGER else str(value)
        case float():
            return value if math.isfinite(value) else str(value)
        case LibraryId() | Path():
            return _plain(str(value))
        case Mapping():
            return {str(_plain(str(key))): _plain(item) for key, item in value.items()}
        case set() | frozenset():
            return sorted((_plain(item) for item in value), key=str)
        case list() | tuple():
            return [_plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    raise TypeError(f"a ledger row cannot hold a {type(value).__name__}")
