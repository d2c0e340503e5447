"""What the model reads before a file: recent places of the window's other files, where they may be read, and nothing
where that would keep a key waiting.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from seal_lsp.assist.recent import RecentFiles, Source, Where, likely_windows

if TYPE_CHECKING:
    from seal_lsp.lsp.desk import Desk
    from seal_lsp.lsp.documents import Snapshot

PATIENCE_S = 0.05
CHARACTERS_A_TOKEN = 3  # of code, at least


class Neighbours:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._files = RecentFiles()
        self._choosing: asyncio.Task[None] | None = None

    def touched(self, uri: str) -> None:
        self._files.touched(uri)

    def closed(self, uri: str) -> None:
        self._files.closed(uri)

    async def before(self, document: Snapshot, offset: int) -> str:
        """The text to read before the document's own. What takes longer than `PATIENCE_S` is there for the next key."""
        tokens = self._desk.settings_of(document).inline.context_tokens
        where = self._files.where(document.uri, document.text, offset)
        kept = self._files.kept(document.uri, where) if tokens else ""
        if kept is None:
            if self._choosing is None or self._choosing.done():
                self._choosing = self._desk.background(
                    self._choose(document, offset, where, tokens * CHARACTERS_A_TOKEN)
                )
            await asyncio.wait({self._choosing}, timeout=PATIENCE_S)
            kept = self._files.kept(document.uri, where)
        return kept or ""

    async def _choose(self, document: Snapshot, offset: int, where: Where, characters: int) -> None:
        sources = []
        for uri in self._files.others(document.uri):
            other = self._desk.snapshot(uri)
            if other is None or (other.path is not None and other.path == document.path):  # a notebook's own cells
                continue
            if self._desk.answerable(other) and await self._desk.may_send(other):
                sources.append(Source(other.path.name if other.path else "untitled", other.text[other.base :]))
        text = await asyncio.to_thread(likely_windows, document.text, offset, sources, characters)
        self._files.keep(document.uri, where, text)
