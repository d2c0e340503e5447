"""What happens in the engine, told to everybody who listens (GET /v1/events). Publishing is safe from any thread."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime

from seal_lsp.client.wire import plain
from seal_lsp.core.protocol import Event

BACKLOG = 256  # a listener that falls this far behind loses the oldest


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class EventHub:
    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listeners: set[asyncio.Queue[Event | None]] = set()
        self._closed = False

    @property
    def listeners(self) -> int:
        return len(self._listeners)

    def bind(self) -> None:
        """Deliver on the running loop."""
        self._loop = asyncio.get_running_loop()

    def publish(self, kind: str, data: object) -> None:
        event = Event(kind, now(), plain(data))
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._deliver, event)

    @contextlib.contextmanager
    def subscribe(self) -> Iterator[asyncio.Queue[Event | None]]:
        """A queue of events to come; None ends it."""
        queue: asyncio.Queue[Event | None] = asyncio.Queue(BACKLOG)
        if self._closed:
            queue.put_nowait(None)
        self._listeners.add(queue)
        try:
            yield queue
        finally:
            self._listeners.discard(queue)

    def close(self) -> None:
        """End every stream, so that the server can stop without waiting for its listeners."""
        self._closed = True
        self._deliver(None)

    def _deliver(self, event: Event | None) -> None:
        for queue in self._listeners:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(event)
