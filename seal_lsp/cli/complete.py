"""`seal-lsp complete FILE:LINE:COL`: what an editor would offer there, asked of a server as an editor asks it."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from lsprotocol import types as t

from seal_lsp.cli import position
from seal_lsp.cli.lsp_client import Editor
from seal_lsp.cli.output import Json, show, table


def command(
    place: Annotated[str, typer.Argument(help=position.HELP, show_default=False)],
    limit: Annotated[int, typer.Option(min=1, help="How many menu entries.")] = 20,
    inline: Annotated[bool, typer.Option(help="Also ask for the ghost text.")] = False,
    json: Json = False,
) -> None:
    """The completion menu, best first, and with --inline the ghost text."""

    async def work(editor: Editor, uri: str, line: int, character: int) -> tuple:
        answer = await settled_menu(editor, uri, line, character)
        ghosts = await editor.complete_inline(uri, line, character) if inline else []
        return answer, ghosts

    answer, ghosts = position.ask_editor(place, work)
    items = menu(answer)[:limit]
    texts = [ghost.insert_text if isinstance(ghost.insert_text, str) else ghost.insert_text.value for ghost in ghosts]

    def human(console):
        console.print(table(("name", "kind", "detail"), ((i["label"], i["kind"], i["detail"]) for i in items)))
        for text in texts:
            console.print(text, markup=False)

    show({"items": items, "incomplete": answer.is_incomplete, "inline": texts}, json, human)


async def settled_menu(editor: Editor, uri: str, line: int, character: int, tries: int = 4) -> t.CompletionList:
    """A first answer may still lack what the analysis worker or the model adds; it then says that it is incomplete."""
    answer = await editor.complete(uri, line, character)
    while answer.is_incomplete and tries > 1:
        await asyncio.sleep(0.5)
        answer, tries = await editor.complete(uri, line, character), tries - 1
    return answer


def menu(answer: t.CompletionList) -> list[dict]:
    """As an editor shows it: sorted by sortText, which falls back to the label."""
    items = sorted(answer.items, key=lambda item: item.sort_text or item.label)
    return [
        {
            "label": item.label,
            "kind": t.CompletionItemKind(item.kind).name.lower() if item.kind else "",
            "detail": item.detail or (item.label_details.description if item.label_details else "") or "",
        }
        for item in items
    ]
