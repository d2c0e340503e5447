"""The schemas of our SQLite files as numbered steps. Step n brings a file from `user_version` n-1 to n.

A step that was ever released is never edited; a change is a new step at the end.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Schema:
    """`application_id` marks a file as ours and of which sort. Each step is a tuple of single statements."""

    name: str
    application_id: int
    steps: tuple[tuple[str, ...], ...]


LEDGER = Schema(
    name="ledger",
    application_id=0x5EA1_0001,
    steps=(
        (
            # AUTOINCREMENT: sqlite_sequence remembers the highest number, so rows taken off the end are missed.
            """CREATE TABLE ledger (
                seq INTEGER PRIMARY KEY AUTOINCREMENT,
                time TEXT NOT NULL,
                kind TEXT NOT NULL,
                subject TEXT NOT NULL,
                once TEXT NOT NULL,
                data TEXT NOT NULL,
                prev TEXT NOT NULL,
                hash TEXT NOT NULL
            )""",
            "CREATE INDEX ledger_by_subject ON ledger (subject, kind, seq)",
            "CREATE INDEX ledger_by_once ON ledger (once) WHERE once != ''",
            """CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger
               BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
            """CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger
               BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
            # INSERT OR REPLACE deletes without firing the delete trigger.
            """CREATE TRIGGER ledger_no_replace BEFORE INSERT ON ledger
               WHEN EXISTS (SELECT 1 FROM ledger WHERE seq = NEW.seq)
               BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
        ),
    ),
)

INDEX = Schema(
    name="API index",
    application_id=0x5EA1_0002,
    steps=(
        (
            """CREATE TABLE libraries (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                library TEXT NOT NULL,
                fingerprint TEXT NOT NULL,
                format TEXT NOT NULL,
                import_names TEXT NOT NULL,
                open_names TEXT NOT NULL,
                problems TEXT NOT NULL,
                extra TEXT NOT NULL,
                UNIQUE (library, fingerprint)
            )""",
            """CREATE TABLE symbols (
                surface INTEGER NOT NULL REFERENCES libraries (id) ON DELETE CASCADE,
                qualname TEXT NOT NULL,
                name TEXT NOT NULL,
                owner TEXT NOT NULL,
                kind TEXT NOT NULL,
                payload TEXT NOT NULL,
                PRIMARY KEY (surface, qualname)
            ) WITHOUT ROWID""",
            "CREATE INDEX symbols_by_owner ON symbols (surface, owner)",
        ),
        # How the library uses its own API, '' where nobody has counted yet.
        ("ALTER TABLE libraries ADD COLUMN habits TEXT NOT NULL DEFAULT ''",),
    ),
)

FEEDBACK = Schema(
    name="feedback",
    application_id=0x5EA1_0003,
    steps=(
        (
            """CREATE TABLE outcomes (
                time TEXT NOT NULL,
                kind TEXT NOT NULL,
                suggestion TEXT NOT NULL,
                adapter TEXT NOT NULL,
                characters INTEGER NOT NULL,
                after_s INTEGER NOT NULL,
                value REAL NOT NULL
            )""",
        ),
    ),
)
