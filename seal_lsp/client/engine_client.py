"""The SEAL API from the asking side: an engine at a URL (`unix:///path`, `http://`, `https://`), typed.

Knows neither what runs there nor how it was started (see start.py). Imports httpx at first use.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from seal_lsp.client.wire import decode, encode, raise_problem
from seal_lsp.core.errors import EngineUnavailable, SealError, UsageError
from seal_lsp.core.learning import Case
from seal_lsp.core.protocol import (
    ChangeReply,
    CompleteReply,
    CompleteRequest,
    Event,
    LearnedDetail,
    LearnedLibrary,
    LearnReply,
    LearnRequest,
    LibraryRequest,
    RankReply,
    RankRequest,
    Status,
    UsageLineReply,
    UsageLineRequest,
)

if TYPE_CHECKING:
    import httpx

log = logging.getLogger(__name__)
T = TypeVar("T")

CONNECT_S = 2.0
READ_S = 30.0
STREAM_SILENCE_S = 60.0  # the engine pings every 15 s
RECONNECT_S = (0.25, 5.0)


class EngineClient:
    """Every method raises EngineUnavailable when nobody answers or the engine dies meanwhile, and otherwise the
    SealError that the engine names. Cancelling the task that awaits a method stops the work at the engine."""

    def __init__(
        self, url: str, token: str | None = None, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.url = url
        self._token = token
        self._transport = transport
        self._http_client: httpx.AsyncClient | None = None
        self._farewells: set[asyncio.Task] = set()

    async def __aenter__(self) -> EngineClient:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        for task in self._farewells:
            task.cancel()
        if self._http_client is not None:
            await self._http_client.aclose()
            self._http_client = None

    async def status(self) -> Status:
        return _read(Status, await self._get("/v1/status"))

    async def rank(self, request: RankRequest) -> RankReply:
        return await self._generate("/v1/rank", request, RankReply)

    async def complete(self, request: CompleteRequest) -> CompleteReply:
        return await self._generate("/v1/complete", request, CompleteReply)

    async def usage_line(self, request: UsageLineRequest) -> UsageLineReply:
        return _read(UsageLineReply, await self._post("/v1/usage_line", request))

    async def cancel(self, request: str) -> bool:
        """Stop the request with this id; False when it is unknown or already answered."""
        return _read(dict, await self._post("/v1/cancel", {"request": request}))["cancelled"]

    async def learn(self, request: LearnRequest) -> LearnReply:
        return _read(LearnReply, await self._post("/v1/learn", request))

    async def forget(self, library: str) -> ChangeReply:
        return _read(ChangeReply, await self._post("/v1/forget", LibraryRequest(library)))

    async def rollback(self, library: str) -> ChangeReply:
        return _read(ChangeReply, await self._post("/v1/rollback", LibraryRequest(library)))

    async def pause(self) -> Status:
        return _read(Status, await self._post("/v1/pause", {}))

    async def resume(self) -> Status:
        return _read(Status, await self._post("/v1/resume", {}))

    async def shutdown(self) -> None:
        await self._post("/v1/shutdown", {})

    async def libraries(self) -> tuple[LearnedLibrary, ...]:
        return _read(tuple[LearnedLibrary, ...], await self._get("/v1/libraries"))

    async def learned(self, library: str) -> LearnedDetail:
        return _read(LearnedDetail, await self._get("/v1/learned", library=library))

    async def probes(self, library: str) -> tuple[Case, ...]:
        """The held-out places of the live adapter's learning cycle."""
        return _read(tuple[Case, ...], await self._get("/v1/probes", library=library))

    async def audit(
        self, *, subject: str = "", kind: str = "", after: int = 0, limit: int | None = None
    ) -> tuple[dict, ...]:
        """Ledger rows as dicts in the order they were written; a limit without `after` gives the newest."""
        query = {"subject": subject, "kind": kind, "after": after, "limit": limit}
        return _read(tuple[dict, ...], await self._get("/v1/audit", **{k: v for k, v in query.items() if v}))

    async def events(self, *, reconnect: bool = True) -> AsyncIterator[Event]:
        """Everything that happens, beginning with a status. With `reconnect` it waits for an engine that went away
        and goes on; without, it raises EngineUnavailable then."""
        import httpx
        from httpx_sse import SSEError, aconnect_sse

        timeout = httpx.Timeout(STREAM_SILENCE_S, connect=CONNECT_S)
        pause = RECONNECT_S[0]
        while True:
            try:
                async with aconnect_sse(self._http(), "GET", "/v1/events", timeout=timeout) as source:
                    if source.response.status_code != 200:
                        raise_problem(await source.response.aread(), source.response.status_code)
                    async for message in source.aiter_sse():
                        if message.data:
                            pause = RECONNECT_S[0]
                            yield _read(Event, message.data)
                reason = "the engine ended the event stream"
            except (httpx.HTTPError, SSEError, EngineUnavailable) as error:
                reason = str(error) or type(error).__name__
            if not reconnect:
                raise EngineUnavailable(f"no events from {self.url}: {reason}", hint="start it: seal-lsp engine")
            await asyncio.sleep(pause)
            pause = min(pause * 2, RECONNECT_S[1])

    async def _generate(self, route: str, request: RankRequest | CompleteRequest, kind: type[T]) -> T:
        if not request.request:
            request = replace(request, request=uuid.uuid4().hex)
        read_s = request.deadline_ms / 1000 + 5 if request.deadline_ms else READ_S
        try:
            return _read(kind, await self._post(route, request, read_s=read_s))
        except asyncio.CancelledError:
            # the closed connection tells a local engine; a proxy in between may hide that, so say it too
            task = asyncio.get_running_loop().create_task(self._farewell(request.request))
            self._farewells.add(task)
            task.add_done_callback(self._farewells.discard)
            raise

    async def _farewell(self, request: str) -> None:
        with contextlib.suppress(SealError):
            await self.cancel(request)

    async def _get(self, route: str, **query: Any) -> bytes:
        return await self._send("GET", route, params=query)

    async def _post(self, route: str, message: Any, *, read_s: float = READ_S) -> bytes:
        return await self._send("POST", route, read_s=read_s, content=encode(message))

    async def _send(self, method: str, route: str, *, read_s: float = READ_S, **options: Any) -> bytes:
        import httpx

        try:
            timeout = httpx.Timeout(read_s, connect=CONNECT_S)
            response = await self._http().request(method, route, timeout=timeout, **options)
        except httpx.TransportError as error:
            raise EngineUnavailable(
                f"no answer from the engine at {self.url}: {str(error) or type(error).__name__}",
                hint="start it: seal-lsp engine; see seal-lsp doctor",
                silent=True,
            ) from error
        if response.status_code != 200:
            raise_problem(response.content, response.status_code)
        return response.content

    def _http(self) -> httpx.AsyncClient:
        if self._http_client is None:
            import httpx

            base, transport = self.url.rstrip("/"), self._transport
            if self.url.startswith("unix:"):
                base = "http://engine"
                path = self.url.removeprefix("unix:").removeprefix("//")
                transport = transport or httpx.AsyncHTTPTransport(uds=path)
            headers = {"authorization": f"Bearer {self._token}"} if self._token else {}
            # trust_env off: code before the cursor must never travel through a proxy named in the environment
            self._http_client = httpx.AsyncClient(
                base_url=base,
                transport=transport,
                headers=headers | {"content-type": "application/json"},
                trust_env=False,
                limits=httpx.Limits(max_connections=None, keepalive_expiry=30.0),
            )
        return self._http_client


def _read(kind: type[T], body: bytes | str) -> T:
    """An answer that does not read comes from something that is not our engine, or from another version of it."""
    try:
        return decode(kind, body)
    except UsageError as error:
        raise EngineUnavailable(f"a strange answer: {error.message}", hint="restart the engine") from error
