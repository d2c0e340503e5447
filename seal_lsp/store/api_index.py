"""API surfaces of installed libraries, kept so that a server answers static facts without reading a package again.

A cache: what is missing or out of date is read again from the installed package by the caller. A surface is stored
under the library and a fingerprint of its files; what a fingerprint is, this module does not know.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

from seal_lsp.core.api import ApiSurface, Parameter, Symbol
from seal_lsp.core.habits import Count, Habits
from seal_lsp.core.library import LibraryId
from seal_lsp.store.database import Database
from seal_lsp.store.migrations import INDEX

_DEFAULTS = {
    field.name: field.default for field in dataclasses.fields(Symbol) if field.default is not dataclasses.MISSING
}
# Surfaces written with other fields than today's are not read.
_FORMAT = hashlib.sha256(
    repr([[field.name for field in dataclasses.fields(kind)] for kind in (Symbol, Parameter, ApiSurface)]).encode()
).hexdigest()[:16]
_KEPT_PER_LIBRARY = 3  # two workspaces may hold different builds of one version


class ApiIndex:
    """Several threads and processes may read and write; a reader never waits for a writer."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, INDEX, durable=False)

    @property
    def notices(self) -> list[str]:
        """What a person should be told: a damaged index that was set aside."""
        return self._database.notices

    def get(self, library: LibraryId, fingerprint: str) -> ApiSurface | None:
        """The whole surface; tens of milliseconds for a large library, so not for an event loop."""

        def work(connection: sqlite3.Connection) -> ApiSurface | None:
            record = _find(connection, library, fingerprint)
            if record is None:
                return None
            rows = connection.execute("SELECT qualname, kind, payload FROM symbols WHERE surface = ?", (record[0],))
            return _surface(library, record, {row[0]: _symbol(*row) for row in rows})

        return self._database.read(work)

    def put(self, surface: ApiSurface, fingerprint: str) -> None:
        """Store a surface in place of the one with the same fingerprint; old fingerprints of the library go."""
        library = str(surface.library)
        values = (surface.import_names, sorted(surface.open_names), surface.problems, dict(surface.extra))
        symbols = [
            (qualname, symbol.name, symbol.owner, symbol.kind, _payload(symbol))
            for qualname, symbol in surface.symbols.items()
        ]

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM libraries WHERE library = ? AND fingerprint = ?", (library, fingerprint))
            number = connection.execute(
                "INSERT INTO libraries (library, fingerprint, format, import_names, open_names, problems, extra)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (library, fingerprint, _FORMAT, *map(_json, values)),
            ).lastrowid
            connection.executemany(
                f"INSERT INTO symbols (surface, qualname, name, owner, kind, payload) VALUES ({number}, ?, ?, ?, ?, ?)",
                symbols,
            )
            connection.execute(
                "DELETE FROM libraries WHERE library = ? AND id NOT IN"
                " (SELECT id FROM libraries WHERE library = ? ORDER BY id DESC LIMIT ?)",
                (library, library, _KEPT_PER_LIBRARY),
            )

        self._database.write(work)

    def put_habits(self, habits: Habits, fingerprint: str) -> None:
        """Beside the surface with that fingerprint; nothing happens where there is none (any more)."""
        rows = [[*key, *count] for key, count in habits.counts.items()]
        values = (_json(rows), str(habits.library), fingerprint)
        self._database.write(
            lambda c: c.execute("UPDATE libraries SET habits = ? WHERE library = ? AND fingerprint = ?", values)
        )

    def habits(self, library: LibraryId, fingerprint: str) -> Habits | None:
        """None where nobody has counted them."""
        query = "SELECT habits FROM libraries WHERE library = ? AND fingerprint = ?"
        found = self._database.read(lambda c: c.execute(query, (str(library), fingerprint)).fetchone())
        if found is None or not found[0]:
            return None
        rows = json.loads(found[0])
        return Habits(library, {(kind, owner, name): Count(*count) for kind, owner, name, *count in rows})

    def remove(self, library: LibraryId) -> None:
        self._database.write(lambda c: c.execute("DELETE FROM libraries WHERE library = ?", (str(library),)))

    def libraries(self) -> tuple[LibraryId, ...]:
        query = "SELECT DISTINCT library FROM libraries WHERE format = ?"
        found = self._database.read(lambda c: c.execute(query, (_FORMAT,)).fetchall())
        return tuple(sorted(LibraryId(*text.rsplit("@", 1)) for (text,) in found))

    def symbol(self, library: LibraryId, qualname: str, *, fingerprint: str = "") -> Symbol | None:
        """The symbol behind a dotted name, through aliases and inherited members. Reads only the rows it needs;
        without a fingerprint, from the surface stored last."""

        def work(connection: sqlite3.Connection) -> Symbol | None:
            record = _find(connection, library, fingerprint)
            return _surface(library, record, _Rows(connection, record[0])).resolve(qualname) if record else None

        return self._database.read(work)

    def members(self, library: LibraryId, owner: str, *, fingerprint: str = "") -> tuple[Symbol, ...]:
        """What is reachable with a dot after `owner`, by name; inherited members keep their own qualname."""

        def work(connection: sqlite3.Connection) -> tuple[Symbol, ...]:
            record = _find(connection, library, fingerprint)
            if record is None:
                return ()
            rows = _Rows(connection, record[0])
            found: dict[str, Symbol] = {}
            _collect(rows, _surface(library, record, rows), owner, found, set())
            return tuple(found[name] for name in sorted(found))

        return self._database.read(work)

    def close(self) -> None:
        self._database.close()


class _Rows(Mapping[str, Symbol]):
    """One stored surface's symbols, each read when asked for: what ApiSurface.resolve needs, without loading all."""

    def __init__(self, connection: sqlite3.Connection, surface: int) -> None:
        self._connection = connection
        self._surface = surface

    def __getitem__(self, qualname: str) -> Symbol:
        query = "SELECT qualname, kind, payload FROM symbols WHERE surface = ? AND qualname = ?"
        row = self._connection.execute(query, (self._surface, qualname)).fetchone()
        if row is None:
            raise KeyError(qualname)
        return _symbol(*row)

    def owned_by(self, owner: str) -> Iterator[Symbol]:
        query = "SELECT qualname, kind, payload FROM symbols WHERE surface = ? AND owner = ?"
        return (_symbol(*row) for row in self._connection.execute(query, (self._surface, owner)).fetchall())

    def __iter__(self) -> Iterator[str]:
        rows = self._connection.execute("SELECT qualname FROM symbols WHERE surface = ?", (self._surface,)).fetchall()
        return (row[0] for row in rows)

    def __len__(self) -> int:
        query = "SELECT count(*) FROM symbols WHERE surface = ?"
        return self._connection.execute(query, (self._surface,)).fetchone()[0]


def _collect(rows: _Rows, surface: ApiSurface, owner: str, found: dict[str, Symbol], seen: set[str]) -> None:
    """Own members first, then those behind the alias, then the bases': the first to give a name wins."""
    if owner in seen:
        return
    seen.add(owner)
    for symbol in rows.owned_by(owner):
        found.setdefault(symbol.name, symbol)
    resolved = surface.resolve(owner)
    if resolved is None:
        return
    for further in (resolved.qualname, *resolved.bases):
        _collect(rows, surface, further, found, seen)


def _find(connection: sqlite3.Connection, library: LibraryId, fingerprint: str) -> tuple | None:
    query = (
        "SELECT id, import_names, open_names, problems, extra FROM libraries WHERE library = :library"
        " AND format = :format AND (:fingerprint = '' OR fingerprint = :fingerprint) ORDER BY id DESC LIMIT 1"
    )
    values = {"library": str(library), "format": _FORMAT, "fingerprint": fingerprint}
    return connection.execute(query, values).fetchone()


def _surface(library: LibraryId, record: tuple, symbols: Mapping[str, Symbol]) -> ApiSurface:
    import_names, open_names, problems, extra = map(json.loads, record[1:])
    return ApiSurface(library, tuple(import_names), symbols, frozenset(open_names), tuple(problems), extra)


def _payload(symbol: Symbol) -> str:
    """The fields that are not at their defaults; parameters as [name, kind, default, annotation]."""
    value = {
        name: getattr(symbol, name)
        for name, default in _DEFAULTS.items()
        if name != "parameters" and getattr(symbol, name) != default
    }
    if symbol.parameters is not None:
        value["parameters"] = [[p.name, p.kind, p.default, p.annotation] for p in symbol.parameters]
    return _json(value)


def _symbol(qualname: str, kind: str, payload: str) -> Symbol:
    value = json.loads(payload)
    for name in ("bases", "decorators"):
        if name in value:
            value[name] = tuple(value[name])
    if "parameters" in value:
        value["parameters"] = tuple(Parameter(*parameter) for parameter in value["parameters"])
    return Symbol(qualname, kind, **value)


def _json(value: object) -> str:
    # ASCII: a docstring may hold lone surrogates, which SQLite's text cannot.
    return json.dumps(value, separators=(",", ":"))
