"""`seal-lsp status`: what the engine is doing. Does not start one."""

from __future__ import annotations

from rich.console import Console

from seal_lsp.cli.asking import ask
from seal_lsp.cli.output import Json, show, table
from seal_lsp.core.protocol import Status


def command(json: Json = False) -> None:
    """What the engine is doing now. Exit 5 when none is running."""
    status = ask(lambda client: client.status(), start=False)
    show(status, json, lambda console: _print(console, status))


def _print(console: Console, status: Status) -> None:
    console.print(f"{status.state}: {status.message}" if status.message else status.state, markup=False)
    rows = [
        ("model", f"{status.model or 'none'} ({status.runtime})" if status.runtime else status.model or "none"),
        ("engine", f"pid {status.pid}, version {status.version}, up {status.uptime_s:.0f} s"),
    ]
    if status.learning:
        now = status.learning
        rows.append(("learning", f"{now.library}: {now.phase} {now.fraction:.0%} {now.message}"))
    if status.queue:
        rows.append(("queued", ", ".join(status.queue)))
    if status.paused:
        rows.append(("paused", "learning waits: seal-lsp resume"))
    console.print(table(("", ""), rows))
    if status.libraries:
        print_libraries(console, status)


def print_libraries(console: Console, status: Status) -> None:
    rows = [
        (one.library, one.state, one.adapter[:12], one.snippets or "", "" if one.gain is None else f"{one.gain:+.3f}",
         one.learned_at, "; ".join(one.reasons))
        for one in status.libraries
    ]  # fmt: skip
    console.print(table(("library", "state", "adapter", "snippets", "gain bits/byte", "learned", "reasons"), rows))
