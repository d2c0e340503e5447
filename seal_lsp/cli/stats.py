"""`seal-lsp stats`: what became of suggestions on this machine, and a way to delete that."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from seal_lsp.cli.output import Json, show, table
from seal_lsp.store.paths import Paths

_KINDS = ("shown", "accepted", "partly", "passed")


def command(
    delete: Annotated[bool, typer.Option("--delete", help="Delete all of it.")] = False, json: Json = False
) -> None:
    """Suggestions shown, accepted, passed over, and how much of the accepted ones still stood later. Numbers only."""
    from seal_lsp.store.feedback import FeedbackStore

    path = Paths.default().feedback
    store = FeedbackStore(path) if path.exists() else None
    if delete:
        deleted = store.clear() if store else 0
        show({"deleted": deleted}, json, lambda console: console.print(f"{deleted} rows deleted"))
        return
    found = store.counts() if store else {}
    show({"adapters": found}, json, lambda console: _print(console, found))


def _print(console: Console, found: dict[str, dict]) -> None:
    if not found:
        console.print("nothing was shown yet (feedback.enabled says whether it is counted)")
        return
    rows = []
    for adapter, one in sorted(found.items()):
        kept = [
            f"{100 * part['alike']:.0f} % of {part['texts']}" if (part := one["kept"].get(after)) else ""
            for after in ("30", "120", "300")
        ]
        rows.append((adapter[:12] or "none", *(one.get(kind, {}).get("count", 0) for kind in _KINDS), *kept))
    console.print(table(("adapter", *_KINDS, "kept 30 s", "120 s", "300 s"), rows))
