"""`seal-lsp forget`: delete what was learned of a library."""

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
    """Delete every adapter of a library; the ledger keeps the fact that there was one."""
    which = known_library(library)
    reply = ask(lambda client: client.forget(which))
    removed = f"{len(reply.removed)} adapter{'' if len(reply.removed) == 1 else 's'} deleted"
    show(reply, json, lambda console: console.print(f"{reply.library}: {removed}", markup=False))
