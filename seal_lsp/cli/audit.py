"""`seal-lsp audit show|verify|export`: the ledger, read from disk. Needs no engine and changes no row.

A ledger that turns out to be damaged is set aside by the store, which warns on stderr as it does so.
"""

from __future__ import annotations

import json as jsonlib
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from seal_lsp.cli.output import EPILOG, Json, note, plain, show, table
from seal_lsp.core.errors import StoreDamaged, UsageError

app = typer.Typer(help="Read, verify or export the ledger of everything learned.", no_args_is_help=True, epilog=EPILOG)

Library = Annotated[str, typer.Option("--library", help="Only rows about name@version.")]


@app.command("show", epilog=EPILOG)
def show_rows(
    library: Library = "",
    kind: Annotated[str, typer.Option(help="Only rows of this kind: self_edit, verdict, train, gate ...")] = "",
    last: Annotated[int, typer.Option(min=1, help="How many rows, the newest.")] = 20,
    json: Json = False,
) -> None:
    """The newest rows, oldest of them first."""
    subject = _subject(library)
    rows = _ledger().rows(subject=subject, kind=kind, limit=last, newest=True)

    def human(console):
        console.print(table(("row", "time", "kind", "library", "data"), (
            (row.seq, row.time, row.kind, row.subject, _short(row.data)) for row in rows
        )))  # fmt: skip

    show({"rows": [plain(row) for row in rows]}, json, human)


@app.command("verify", epilog=EPILOG)
def verify(json: Json = False) -> None:
    """Recompute the hash chain. Exit 8 when a row is not what was written, or a damaged ledger was set aside."""
    book = _ledger()
    found = book.verify()
    if not found.ok:
        raise StoreDamaged(
            f"the ledger does not verify: row {found.first_bad}: {found.reason}",
            hint="rows before it are intact; export them with: seal-lsp audit export",
        )
    # Said for as long as the file lies there: otherwise a damaged history would verify at the second asking.
    if lost := [one for one in book.set_aside() if one.file.exists()]:
        files = " ".join(shlex.quote(str(one.file)) for one in lost)
        raise StoreDamaged(
            "; ".join(one.message for one in lost) + f" ({found.rows} rows since then, they verify)",
            hint=f"put back a copy of the ledger if you have one; else keep what was damaged elsewhere: mv {files} ...",
        )
    show({"rows": found.rows, "verified": True}, json, lambda c: c.print(f"{found.rows} rows, the chain verifies"))


@app.command("export", epilog=EPILOG)
def export(
    file: Annotated[Path | None, typer.Argument(help="Where to; stdout when left out.", show_default=False)] = None,
    json: Json = False,
) -> None:
    """All rows as JSON lines, with the hashes that prove them."""
    if file is None:
        if json:
            raise UsageError("--json needs a file to export to", hint="seal-lsp audit export FILE --json")
        _ledger().export(sys.stdout)
        return
    with file.open("w", encoding="utf-8", newline="\n") as stream:
        _ledger().export(stream)
    with file.open(encoding="utf-8") as stream:
        count = sum(1 for _ in stream)
    if not json:
        note(f"{count} rows written to {file}")
    else:
        show({"file": str(file.absolute()), "rows": count}, True, lambda console: None)


def _ledger():
    from seal_lsp.store.ledger import Ledger
    from seal_lsp.store.paths import Paths

    path = Paths.default().ledger
    if not path.exists():
        raise UsageError(f"there is no ledger yet ({path})", hint="it begins with the first library that is learned")
    return Ledger(path)


def _subject(words: str) -> str:
    from seal_lsp.core.library import LibraryId

    return str(LibraryId.parse(words)) if words else ""


def _short(data: object, most: int = 100) -> str:
    text = jsonlib.dumps(data, ensure_ascii=False)
    return text if len(text) <= most else text[: most - 1] + "…"
