"""`seal-lsp hover FILE:LINE:COL`: the hover of that place, asked of a server as an editor asks it."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markdown import Markdown

from seal_lsp.cli import position
from seal_lsp.cli.output import Json, show


def command(place: Annotated[str, typer.Argument(help=position.HELP, show_default=False)], json: Json = False) -> None:
    """Signature, documentation, version, and what was learned of the name there."""
    text = position.ask_editor(place, lambda editor, uri, line, character: editor.hover(uri, line, character))

    def human(console):
        if text and console.is_terminal:
            console.print(Markdown(text))
        else:
            console.print(text or "nothing to say about this place", markup=False)

    show({"hover": text}, json, human)
