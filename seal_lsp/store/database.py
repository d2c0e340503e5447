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
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout

from seal_lsp.core.errors import SealError, StoreDamaged
from seal_lsp.store.damage import SetAside, swap_in_fresh
from seal_lsp.store.disk import full_disk_is_said, no_space
from seal_lsp.store.migrations import Schema

log = logging.getLogger(__name__)

T = TypeVar("T")
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class _Damaged(Exception):
    """Internal: the file must be set aside."""


class _Connection(sqlite3.Connection):
    """`identity` is the process and the file (device, inode) that it was opened in and on."""

    identity: tuple[int, int, int] = (0, 0, 0)


class _ThreadConnection(threading.local):
    """One connection a thread: a reader on an event loop never waits for a writer in another thread."""

    connection: _Connection | None = None


# A connection that crossed a fork must not even be closed by the child.
_INHERITED: list[sqlite3.Connection] = []


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
        self._writing = threading.RLock()
        self._file_lock = FileLock(f"{path}.lock", timeout=timeout_s)
        self._thread = _ThreadConnection()
        self._all: weakref.WeakSet[_Connection] = weakref.WeakSet()
        weakref.finalize(self, _close_all, self._all)
        self._attempt(self._open)

    def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in one read transaction: all its queries see the same moment."""
        return self._run(work, "BEGIN")

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in one write transaction; on any exception nothing of it stays. `work` may run twice."""
        with self._writing:
            return self._run(work, "BEGIN IMMEDIATE")

    def close(self) -> None:
        """Close every thread's connection; the next call opens one again."""
        _close_all(self._all)
        self._thread = _ThreadConnection()

    def _run(self, work: Callable[[sqlite3.Connection], T], begin: str) -> T:
        def transaction() -> T:
            connection = self._current()
            with _transaction(connection, begin):
                return work(connection)

        return self._attempt(transaction)

    def _attempt(self, action: Callable[[], T]) -> T:
        """Run `action`; when the file turns out to be damaged, replace it and run `action` again."""
        try:
            try:
                with full_disk_is_said(self.path):
                    return action()
            except sqlite3.DatabaseError as error:
                if _code(error) not in _DAMAGED:
                    raise
                reason = str(error)
            except _Damaged as error:
                reason = str(error)
            with full_disk_is_said(self.path):
                self._replace_damaged(reason)
                return action()
        except sqlite3.DatabaseError as error:
            raise self._said(error) from error
        except _Damaged as error:
            raise StoreDamaged(f"{self.path}: {error}", hint="move the file away and try again") from error
        except Timeout as error:
            raise self._busy() from error

    def _current(self) -> sqlite3.Connection:
        # Another process may have set the file aside and made a new one; a forked child must not share a connection.
        connection = self._thread.connection
        if connection is not None and connection.identity == _identity(self.path):
            return connection
        return self._open()

    def _open(self) -> _Connection:
        self._drop()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = self._connect(self.path)
        connection.identity = _identity(self.path)
        self._all.add(connection)
        self._thread.connection = connection
        return connection

    def _connect(self, path: Path, set_aside: SetAside | None = None) -> _Connection:
        connection = sqlite3.connect(
            path, timeout=self._timeout_s, isolation_level=None, check_same_thread=False, factory=_Connection
        )
        try:
            self._prepare(connection, set_aside)
        except BaseException:
            connection.close()
            raise
        return connection

    def _drop(self) -> None:
        """Let go of this thread's connection."""
        connection, self._thread.connection = self._thread.connection, None
        if connection is not None:
            self._all.discard(connection)
            _close(connection)

    def _prepare(self, connection: sqlite3.Connection, set_aside: SetAside | None) -> None:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute(f"PRAGMA synchronous = {'FULL' if self._durable else 'NORMAL'}")
        with _transaction(connection, "BEGIN"):
            done = self._version(connection)
        if not self._durable and connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            with self._file_lock:  # SQLite does not wait for another process that does the same
                connection.execute("PRAGMA journal_mode = WAL")
        if done == len(self._schema.steps):
            return
        with _transaction(connection, "BEGIN IMMEDIATE"):
            done = self._version(connection)  # another process may have been first
            for number, step in enumerate(self._schema.steps[done:], start=done + 1):
                for statement in step:
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {self._schema.application_id}")
                connection.execute(f"PRAGMA user_version = {number}")
            if set_aside is not None and self._on_fresh is not None:
                self._on_fresh(connection, set_aside)

    def _version(self, connection: sqlite3.Connection) -> int:
        """How many steps the file has behind it. Call in a transaction: its three readings belong together."""
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        mark = connection.execute("PRAGMA application_id").fetchone()[0]
        entries = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if (version, mark, entries) == (0, 0, 0):
            return 0
        if mark != self._schema.application_id or entries == 0:
            raise _Damaged(f"it is no {self._schema.name} of seal-lsp")
        if version > len(self._schema.steps):
            raise StoreDamaged(
                f"{self.path} was written by a newer seal-lsp (schema {version}, here {len(self._schema.steps)})",
                hint="upgrade seal-lsp, or give this one a SEAL_HOME of its own",
            )
        return version

    def _replace_damaged(self, reason: str) -> None:
        """Rename the damaged file and make a fresh one; when another process did so meanwhile, use what it made."""
        with self._file_lock:
            was = self._thread.connection
            replaced = was is not None and was.identity != _identity(self.path)
            self._drop()
            if replaced or (was is None and not self._still_damaged()):
                return
            set_aside = swap_in_fresh(self.path, reason, self._make_fresh)
            log.warning("%s", set_aside.message)
            self.notices.append(set_aside.message)

    def _make_fresh(self, path: Path, set_aside: SetAside) -> None:
        self._connect(path, set_aside).close()

    def _still_damaged(self) -> bool:
        try:
            self._open()
        except (sqlite3.DatabaseError, _Damaged):
            return True
        return False

    def _said(self, error: sqlite3.DatabaseError) -> SealError:
        code = _code(error)
        if code == sqlite3.SQLITE_FULL:
            return no_space(self.path)
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return self._busy()
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
            return SealError(f"{self.path}: {error}", hint="make its folder writable, or set SEAL_HOME to one that is")
        return StoreDamaged(f"{self.path}: {error}", hint="`seal-lsp doctor` says more")

    def _busy(self) -> SealError:
        return SealError(f"{self.path} is held by another process", hint="end it, or try again")


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")


def _identity(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return (0, 0, 0)
    return (os.getpid(), found.st_dev, found.st_ino)


def _close_all(connections: weakref.WeakSet[_Connection]) -> None:
    for connection in tuple(connections):
        _close(connection)
    connections.clear()


def _close(connection: _Connection) -> None:
    if connection.identity[0] == os.getpid():
        connection.close()  # SQLite sees by itself when the file was replaced, and leaves the new one's log alone
    else:
        _INHERITED.append(connection)


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 for errors that Python's own layer raised."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
