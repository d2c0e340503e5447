"""What became of suggestions, as rows of numbers on this machine: no text is kept. Shown by `seal-lsp stats`.

A cache's durability: losing the last rows on a power cut is no loss to anybody.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seal_lsp.store.database import Database
from seal_lsp.store.migrations import FEEDBACK


@dataclass(frozen=True, slots=True)
class Row:
    """One outcome, see assist/feedback.py; `time` is ISO 8601."""

    time: str
    kind: str
    suggestion: str
    adapter: str
    characters: int
    after_s: int
    value: float


class FeedbackStore:
    """Several processes may write."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, FEEDBACK, durable=False)

    def add(self, rows: Sequence[Row]) -> None:
        values = [(r.time, r.kind, r.suggestion, r.adapter, r.characters, r.after_s, r.value) for r in rows]

        def work(connection: sqlite3.Connection) -> None:
            connection.executemany("INSERT INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?)", values)

        self._database.write(work)

    def clear(self) -> int:
        """Delete every row; how many there were."""
        return self._database.write(lambda connection: connection.execute("DELETE FROM outcomes").rowcount)

    def counts(self) -> dict:
        """By adapter ('' is the bare base) and in all: shown, accepted, partly, passed; characters of each; what is
        kept after each horizon, as (texts, mean likeness)."""

        def work(connection: sqlite3.Connection) -> tuple[list, list]:
            counted = connection.execute(
                "SELECT adapter, kind, count(*), sum(characters) FROM outcomes WHERE kind != 'kept' GROUP BY 1, 2"
            ).fetchall()
            kept = connection.execute(
                "SELECT adapter, after_s, count(*), avg(value) FROM outcomes WHERE kind = 'kept' GROUP BY 1, 2"
            ).fetchall()
            return counted, kept

        counted, kept = self._database.read(work)
        found: dict[str, dict] = {}
        for adapter, kind, count, characters in counted:
            one = found.setdefault(adapter, {"kept": {}})
            one[kind] = {"count": count, "characters": characters}
        for adapter, after_s, count, value in kept:
            found.setdefault(adapter, {"kept": {}})["kept"][str(after_s)] = {"texts": count, "alike": round(value, 3)}
        return found
