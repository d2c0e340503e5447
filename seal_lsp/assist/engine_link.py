"""The window's tie to an engine: found or started in the background, followed by its events, never waited for.

While there is no engine every question is answered with None and static facts carry on. Knows no LSP and no documents.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from seal_lsp.core.errors import EngineUnavailable, SealError
from seal_lsp.core.protocol import (
    CompleteReply,
    CompleteRequest,
    Event,
    LearnedLibrary,
    Learning,
    RankReply,
    RankRequest,
    Status,
    UsageLineReply,
    UsageLineRequest,
)

if TYPE_CHECKING:
    from seal_lsp.client.engine_client import EngineClient
    from seal_lsp.store.paths import Paths

log = logging.getLogger(__name__)

RETRY_S = (1.0, 60.0)
OFF = ("off", "none", "disabled", "0")
CHANGES_ANSWERS = ("live", "forgotten", "rolled_back", "unrouted")


class EngineLink:
    """`variables` go into the environment of an engine that is started. `status` is the last one heard, `problem` says
    why there is no engine. `epoch` grows whenever a live adapter changes: answers cached under an older one must not be
    shown."""

    def __init__(
        self,
        paths: Paths,
        *,
        url: str = "",
        variables: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self._paths = paths
        self._url = url
        self._variables = variables
        self._client: EngineClient | None = None
        self._task: asyncio.Task | None = None
        self._reading: asyncio.Task | None = None
        self._wanted = asyncio.Event()
        self._hurry = asyncio.Event()
        self._failures = 0
        self._listeners: list[Callable[[Event], None]] = []
        self.status: Status | None = None
        self.problem = ""
        self.epoch = 0

    @property
    def off(self) -> bool:
        return self._url.strip().lower() in OFF

    @property
    def client(self) -> EngineClient | None:
        """None while no engine is known to answer."""
        return self._client

    @property
    def ready(self) -> bool:
        """True when a model answers now."""
        return (
            self._client is not None
            and self.status is not None
            and self.status.state in ("ready", "learning", "paused")
        )

    def listen(self, listener: Callable[[Event], None]) -> None:
        """`listener` is called on the event loop with every event; our own kind `unavailable`: no engine any more."""
        self._listeners.append(listener)

    def start(self) -> None:
        """Somebody wants answers: find an engine or start one."""
        self._wanted.set()
        if self._task is None and not self.off:
            self._task = asyncio.get_running_loop().create_task(self._follow())

    async def stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        client, self._client = self._client, None
        self.status = None
        if client is not None:
            await client.aclose()

    async def point_at(self, url: str) -> None:
        """The setting changed."""
        if url != self._url:
            running = self._task is not None
            await self.stop()
            self._url, self.problem = url, ""
            self.changed()
            self._tell(Event("unavailable", "", {"message": ""}))
            if running:
                self.start()

    def changed(self) -> None:
        """Answers given so far may be wrong now."""
        self.epoch += 1

    def learned(self, library: str) -> LearnedLibrary | None:
        """What the engine last said of a library (name@version)."""
        if self.status is None:
            return None
        return next((known for known in self.status.libraries if known.library == library), None)

    async def connected(self, timeout_s: float) -> EngineClient:
        """For commands: the client, waited for. Raises EngineUnavailable with why."""
        if self.off:
            raise EngineUnavailable("the engine is switched off", hint="change the setting engine.url")
        self.start()
        end = asyncio.get_running_loop().time() + timeout_s
        failures = self._failures
        while self._client is None:
            self._wanted.set()
            self._hurry.set()
            if asyncio.get_running_loop().time() > end or self._failures > failures:
                raise EngineUnavailable(self.problem or "no engine answers", hint="run: seal-lsp doctor")
            await asyncio.sleep(0.05)
        return self._client

    async def rank(self, request: RankRequest) -> RankReply | None:
        return await self._answer("rank", request)

    async def complete(self, request: CompleteRequest) -> CompleteReply | None:
        return await self._answer("complete", request)

    async def usage_line(self, request: UsageLineRequest) -> UsageLineReply | None:
        return await self._answer("usage_line", request)

    async def _answer(self, method: str, request: object) -> Any:
        client = self._client
        if not self.ready or client is None:
            self._wanted.set()
            return None
        try:
            return await getattr(client, method)(request)
        except SealError as error:
            log.info("no answer to %s: %s", method, error)
            silent = isinstance(error, EngineUnavailable) and error.silent
            if silent and client is self._client and self._reading is not None:
                self.problem = error.message
                self._reading.cancel()  # nobody waits for it until it answers again
            return None

    async def _follow(self) -> None:
        """Find or start an engine, hand its events on, and begin again when it goes away."""
        pause = RETRY_S[0]
        while True:
            try:
                client = await self._connect()
                self._client, self.problem, pause = client, "", RETRY_S[0]
                await self._read(client)
            except SealError as error:
                self.problem = str(error)
                log.warning("engine: %s", error)
            except Exception as error:  # a bug there must not end the following
                self.problem = f"{type(error).__name__}: {error}"
                log.exception("the engine's events failed")
            self._failures += 1
            self._wanted.clear()
            self._hurry.clear()
            await self._lost()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), pause)
            pause = min(pause * 2, RETRY_S[1])
            # it may have ended because nobody needed it: only somebody who does brings it back
            await self._wanted.wait()

    async def _read(self, client: EngineClient) -> None:
        """Hand events on until there are no more, or until a question went unanswered."""

        async def read() -> None:
            async for event in client.events(reconnect=False):
                self._take(event)

        self._reading = reading = asyncio.ensure_future(read())
        try:
            await asyncio.wait({reading})
        finally:
            self._reading = None
            reading.cancel()
        if not reading.cancelled():
            reading.result()

    async def _connect(self) -> EngineClient:
        start = await asyncio.to_thread(_import_client)  # httpx takes its time; not on the event loop
        client = await start(self._paths, url=self._url, variables=self._variables())
        self.status = await client.status()
        self._tell(Event("status", "", {}))
        return client

    async def _lost(self) -> None:
        client, self._client = self._client, None
        self.status = None
        self.changed()
        self._tell(Event("unavailable", "", {"message": self.problem or "the engine is gone"}))
        if client is not None:
            await client.aclose()

    def _take(self, event: Event) -> None:
        from seal_lsp.client.wire import decode

        if event.kind == "status":
            self.status = decode(Status, event.data)
        if event.kind == "progress" and self.status is not None:
            self.status = replace(self.status, learning=decode(Learning, event.data))
        if event.kind in CHANGES_ANSWERS:
            self.changed()
        self._tell(event)

    def _tell(self, event: Event) -> None:
        for listener in self._listeners:
            try:
                listener(event)
            except Exception:
                log.exception("a listener failed on %s", event.kind)


def _import_client() -> Callable:
    import httpx  # noqa: F401
    import httpx_sse  # noqa: F401

    from seal_lsp.client.start import ensure_engine

    return ensure_engine
