"""One SQLite file of ours, shared by several processes and threads: opening, migrating, setting a damaged file aside.

Knows the schema's number and mark, not its tables. A file that SQLite calls damaged is renamed, never deleted, and a
fresh one takes its place; whoever owns the database says so in its own way (`on_fresh`).
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from filelock import FileLock

from seal_lsp.core.errors import SealError, StoreDamaged
from seal_lsp.store.disk import full_disk_is_said, no_space, sha256_of
from seal_lsp.store.migrations import Schema

log = logging.getLogger(__name__)

T = TypeVar("T")
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_SIDECARS = ("-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class SetAside:
    """A damaged file under its new name."""

    file: Path
    sha256: str
    size: int
    reason: str

    @property
    def message(self) -> str:
        return f"{self.file.name}: damaged ({self.reason}); set aside in {self.file.parent}, a fresh one was made"


class _Damaged(Exception):
    """Internal: the file must be set aside."""


class Database:
    """`durable` files lose nothing on a power cut; others (caches) may lose their last transactions, never their form.

    `on_fresh(connection, set_aside)` runs inside the transaction that makes a fresh file in place of a damaged one.
    """

    def __init__(
        self,
        path: Path,
        schema: Schema,
        *,
        durable: bool,
        on_fresh: Callable[[sqlite3.Connection, SetAside], None] | None = None,
        timeout_s: float = 30.0,
    ) -> None:
        self.path = path
        self.notices: list[str] = []
        self._schema = schema
        self._durable = durable
        self._on_fresh = on_fresh
        self._timeout_s = timeout_s
        self._mutex = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int, int] = (0, 0, 0)
        with self._mutex:
            self._attempt(self._open)

    def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in one read transaction: all its queries see the same moment."""
        return self._run(work, "BEGIN")

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in one write transaction; on any exception nothing of it stays. `work` may run twice."""
        return self._run(work, "BEGIN IMMEDIATE")

    def close(self) -> None:
        with self._mutex:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _run(self, work: Callable[[sqlite3.Connection], T], begin: str) -> T:
        def transaction() -> T:
            connection = self._current()
            connection.execute(begin)
            try:
                result = work(connection)
                connection.execute("COMMIT")
                return result
            finally:
                if connection.in_transaction:
                    with contextlib.suppress(sqlite3.Error):
                        connection.execute("ROLLBACK")

        with self._mutex:
            return self._attempt(transaction)

    def _attempt(self, action: Callable[[], T]) -> T:
        try:
            try:
                return action()
            except sqlite3.DatabaseError as error:
                if _code(error) not in _DAMAGED:
                    raise
                self._replace_damaged(str(error))
            except _Damaged as error:
                self._replace_damaged(str(error))
            return action()
        except sqlite3.DatabaseError as error:
            raise self._said(error) from error
        except _Damaged as error:
            raise StoreDamaged(f"{self.path}: {error}", hint="move the file away and try again") from error

    def _current(self) -> sqlite3.Connection:
        # Another process may have set the file aside and made a new one; a forked child must not share a connection.
        if self._connection is None or self._identity != self._seen():
            self._open()
        assert self._connection is not None
        return self._connection

    def _seen(self) -> tuple[int, int, int]:
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return (0, 0, 0)
        return (os.getpid(), found.st_dev, found.st_ino)

    def _open(self, set_aside: SetAside | None = None) -> None:
        if self._identity[0] == os.getpid():
            self.close()
        self._connection = None  # after a fork the parent's connection is dropped unclosed: closing drops its locks
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            self.path, timeout=self._timeout_s, isolation_level=None, check_same_thread=False, cached_statements=64
        )
        try:
            with full_disk_is_said(self.path):
                self._prepare(connection, set_aside)
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        self._identity = self._seen()

    def _prepare(self, connection: sqlite3.Connection, set_aside: SetAside | None) -> None:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        if self._durable:
            connection.execute("PRAGMA synchronous = FULL")
        else:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
        latest = len(self._schema.steps)
        if self._version(connection) == latest and set_aside is None:
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            for number in range(self._version(connection) + 1, latest + 1):
                for statement in self._schema.steps[number - 1]:
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {self._schema.application_id}")
                connection.execute(f"PRAGMA user_version = {number}")
            if set_aside is not None and self._on_fresh is not None:
                self._on_fresh(connection, set_aside)  # same transaction: nobody's row comes before it
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def _version(self, connection: sqlite3.Connection) -> int:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        mark = connection.execute("PRAGMA application_id").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if (version, mark, tables) == (0, 0, 0):
            return 0
        if mark != self._schema.application_id or tables == 0:
            raise _Damaged(f"this is no {self._schema.name} of seal-lsp")
        if version > len(self._schema.steps):
            raise StoreDamaged(
                f"{self.path} was written by a newer seal-lsp (schema {version}, here {len(self._schema.steps)})",
                hint="upgrade seal-lsp, or give this one a SEAL_HOME of its own",
            )
        return version

    def _replace_damaged(self, reason: str) -> None:
        """Rename the damaged file and make a fresh one; when another process did so meanwhile, use what it made."""
        was = self._identity if self._connection is not None else None
        self.close()
        with FileLock(f"{self.path}.lock", timeout=self._timeout_s):
            if was is not None and was != self._seen():
                return self._open()
            if was is None and not self._still_damaged():
                return self._open()
            set_aside = self._set_aside(reason)
            log.warning("%s", set_aside.message)
            self.notices.append(set_aside.message)
            self._open(set_aside)

    def _still_damaged(self) -> bool:
        try:
            self._open()
        except (sqlite3.DatabaseError, _Damaged):
            return True
        return False

    def _set_aside(self, reason: str) -> SetAside:
        digest, size = sha256_of(self.path), self.path.stat().st_size
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        target = self.path.with_name(f"{self.path.name}.damaged-{stamp}")
        number = 1
        while target.exists():
            number += 1
            target = self.path.with_name(f"{self.path.name}.damaged-{stamp}-{number}")
        # The journals go with their file: left behind, they would be played into the fresh one.
        for end in _SIDECARS:
            with contextlib.suppress(FileNotFoundError):
                os.replace(f"{self.path}{end}", f"{target}{end}")
        os.replace(self.path, target)
        return SetAside(target, digest, size, reason)

    def _said(self, error: sqlite3.DatabaseError) -> SealError:
        code = _code(error)
        if code == sqlite3.SQLITE_FULL:
            return no_space(self.path)
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return SealError(f"{self.path} is held by another process", hint="end it, or try again")
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
            return SealError(f"{self.path}: {error}", hint="make its folder writable, or set SEAL_HOME to one that is")
        return StoreDamaged(f"{self.path}: {error}", hint="`seal-lsp doctor` says more")


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 for errors that Python's own layer raised."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
