"""What the model reads before a file: notes on the APIs in it, and recent places of the window's other files where they
may be read.

Chosen for a stretch of lines, so that a prompt's beginning stays from key to key; a new choice is used when the engine
has read it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from seal_lsp.assist.menu import PREFIX_CHARACTERS, window
from seal_lsp.assist.recent import RecentFiles, Source, Where, likely_windows
from seal_lsp.core.protocol import CompleteRequest

if TYPE_CHECKING:
    from seal_lsp.assist.facts import Notes
    from seal_lsp.lsp.desk import Desk
    from seal_lsp.lsp.documents import Snapshot

PATIENCE = 1 / 50  # of inline.deadline_ms: 50 ms by default
CHARACTERS_A_TOKEN = 3  # of code, at least


class Foreword:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._files = RecentFiles()
        self._choosing: asyncio.Task[None] | None = None

    def touched(self, uri: str) -> None:
        self._files.touched(uri)

    def closed(self, uri: str) -> None:
        self._files.closed(uri)

    async def before(self, document: Snapshot, offset: int) -> str:
        """The text to read before the document's own. What a key cannot wait for is there for a later one."""
        settings = self._desk.settings_of(document).inline
        if not settings.context_tokens:
            return ""
        where = self._files.where(document.uri, document.text, offset)
        kept = self._files.kept(document.uri, where)
        if kept is None:
            if self._choosing is None or self._choosing.done():
                characters = settings.context_tokens * CHARACTERS_A_TOKEN
                self._choosing = self._desk.background(self._choose(document, offset, where, characters))
            await asyncio.wait({self._choosing}, timeout=settings.deadline_ms / 1000 * PATIENCE)
            kept = self._files.kept(document.uri, where)
        return self._files.last(document.uri) if kept is None else kept

    async def _choose(self, document: Snapshot, offset: int, where: Where, characters: int) -> None:
        place = await self._desk.analysis.place(document.path)
        notes = await self._desk.analysis.notes(document.text, offset, characters // 2, place)
        sources = await self._sources(document)
        room = characters - len(notes.text)
        text = await asyncio.to_thread(likely_windows, document.text, offset, sources, room) + notes.text
        if self._files.last(document.uri) not in ("", text):
            await self._read(document, offset, text, notes)
        self._files.keep(document.uri, where, text)

    async def _sources(self, document: Snapshot) -> list[Source]:
        sources = []
        for uri in self._files.others(document.uri):
            other = self._desk.snapshot(uri)
            if other is None or (other.path is not None and other.path == document.path):  # a notebook's own cells
                continue
            if self._desk.answerable(other) and await self._desk.may_send(other):
                sources.append(Source(other.path.name if other.path else "untitled", other.text[other.base :]))
        return sources

    async def _read(self, document: Snapshot, offset: int, text: str, notes: Notes) -> None:
        """Have the engine read it with the place, behind all that is typed."""
        if self._desk.link.ready:
            prefix = window(document.text[:offset], PREFIX_CHARACTERS)
            await self._desk.link.complete(
                CompleteRequest(prefix, libraries=notes.libraries, max_tokens=1, background=True, context=text)
            )
