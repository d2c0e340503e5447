"""Ties feedback to the window: documents' changes in, rows on disk out, off the event loop; a setting turns it off."""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from seal_lsp.assist.feedback import Feedback, Outcome
from seal_lsp.core.errors import SealError

if TYPE_CHECKING:
    from seal_lsp.assist.inline import Suggestion
    from seal_lsp.lsp.desk import Desk
    from seal_lsp.lsp.documents import Snapshot
    from seal_lsp.store.feedback import FeedbackStore

log = logging.getLogger(__name__)

EVERY_S = 5.0  # rows are written, and accepted texts looked after


class FeedbackDesk:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._feedback = Feedback(self._record, time.monotonic)
        self._rows: list[Outcome] = []

    @property
    def on(self) -> bool:
        return self._desk.settings.feedback.enabled

    @cached_property
    def _store(self) -> FeedbackStore:
        from seal_lsp.store.feedback import FeedbackStore

        return FeedbackStore(self._desk.paths.feedback)

    def shown(self, document: Snapshot, suggestion: Suggestion) -> None:
        if self.on and suggestion.start == suggestion.end:
            head = document.text[document.base : suggestion.start]
            self._feedback.shown(document.uri, suggestion.id, head, suggestion.text, suggestion.adapter)

    def changed(self, uri: str) -> None:
        if self.on and (text := self._text(uri)) is not None:
            self._feedback.changed(uri, text)

    def closed(self, uri: str) -> None:
        self._feedback.closed(uri)

    def accepted(self, suggestion: str) -> None:
        if self.on:
            self._feedback.accepted(suggestion)

    def told(self, kind: str, params: Any) -> None:
        """Copilot's notifications; that a suggestion was shown we know, and partial acceptance is seen in the text."""
        log.debug("the editor says %s of a suggestion: %s", kind, params)

    async def follow(self) -> None:
        """For as long as the window is open."""
        while True:
            await asyncio.sleep(EVERY_S)
            self._feedback.look(self._text)
            await self.write()

    async def write(self) -> None:
        rows, self._rows = self._rows, []
        if rows:
            try:
                await asyncio.to_thread(self._write, rows)
            except SealError as error:
                log.warning("feedback is not kept: %s", error)

    def _write(self, outcomes: list[Outcome]) -> None:
        from seal_lsp.store.feedback import Row

        now = datetime.now(UTC).isoformat(timespec="seconds")
        rows = [Row(now, o.kind, o.suggestion, o.adapter, o.characters, o.after_s, o.value) for o in outcomes]
        self._store.add(rows)

    def _record(self, outcome: Outcome) -> None:
        if self.on:
            self._rows.append(outcome)

    def _text(self, uri: str) -> str | None:
        document = self._desk.server.workspace.text_documents.get(uri)
        return document.source if document is not None else None
