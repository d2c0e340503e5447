"""textDocument/hover."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.capabilities import get_capability

if TYPE_CHECKING:
    from seal_lsp.lsp.server import SealServer


def register(server: SealServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(ls: SealServer, params: types.HoverParams) -> types.Hover | None:
        desk = ls.desk
        if not await desk.ready():
            return None
        document = desk.snapshot(params.text_document.uri)
        if document is None or not desk.settings_of(document).hover.enabled or not desk.answerable(document):
            return None
        place = await desk.analysis.place(document.path)
        found = await desk.hovers.hover(document.text, document.offset(params.position), place)
        if found is None:
            return None
        facts, markdown = found
        return types.Hover(contents=_content(ls, markdown), range=document.range(facts.start, facts.end))


def _content(ls: SealServer, markdown: str) -> types.MarkupContent:
    formats = get_capability(ls.client_capabilities, "text_document.hover.content_format", None)
    if formats is not None and types.MarkupKind.Markdown not in formats:
        return types.MarkupContent(types.MarkupKind.PlainText, as_plain_text(markdown))
    return types.MarkupContent(types.MarkupKind.Markdown, markdown)


def as_plain_text(markdown: str) -> str:
    lines = [line for line in markdown.split("\n") if not line.startswith("```") and line != "---"]
    return "\n".join(lines).replace("**", "").replace("`", "").replace("\n\n\n", "\n\n").strip()
