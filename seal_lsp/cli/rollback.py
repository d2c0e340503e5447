"""`seal-lsp rollback`: the adapter that was live before becomes live again."""

from __future__ import annotations

from typing import Annotated

import typer

from seal_lsp.cli.asking import ask
from seal_lsp.cli.output import Json, show
from seal_lsp.cli.workspace import known_library


def command(
    library: Annotated[str, typer.Argument(help="name, name==version or name@version", show_default=False)],
    json: Json = False,
) -> None:
    """Go back to the previous adapter of a library, or to none where there was none before."""
    which = known_library(library)
    reply = ask(lambda client: client.rollback(which))
    now = f"adapter {reply.live[:12]} is live" if reply.live else "no adapter is live"
    show(reply, json, lambda console: console.print(f"{reply.library}: {now}", markup=False))
