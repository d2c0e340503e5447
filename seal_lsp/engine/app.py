"""The SEAL API over HTTP: routes to the engine's methods, messages in and out, errors as {type, message, hint}.

Knows neither sockets nor lifetime; daemon.py is told about traffic through `Traffic`.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from seal_lsp.client.wire import decode, encode, plain, problem
from seal_lsp.core.errors import Cancelled, EngineUnavailable, ModelError, SealError, UsageError
from seal_lsp.core.protocol import (
    CompleteRequest,
    Event,
    LearnRequest,
    LibraryRequest,
    RankRequest,
    UsageLineRequest,
)
from seal_lsp.engine.engine import Engine
from seal_lsp.engine.events import now

log = logging.getLogger(__name__)

PING_S = 15
BODY_LIMIT = 4_000_000


@dataclass
class Traffic:
    """Open requests (event streams among them), and when the last one came or ended."""

    open: int = 0
    last: float = field(default_factory=time.monotonic)


def create_app(engine: Engine, *, token: str = "", traffic: Traffic | None = None) -> ASGIApp:
    """With a token, everything else is answered 401. The caller runs `engine.running()` around the app's life."""
    posts: dict[str, Callable[[Engine, Request, bytes], Awaitable[Any]]] = {
        "rank": lambda e, r, b: until_gone(r, e.answers.rank(decode(RankRequest, b))),
        "complete": lambda e, r, b: until_gone(r, e.answers.complete(decode(CompleteRequest, b))),
        "usage_line": lambda e, r, b: e.usage.get(decode(UsageLineRequest, b)),
        "cancel": _cancel,
        "learn": lambda e, r, b: e.learning.request(decode(LearnRequest, b)),
        "forget": lambda e, r, b: e.forget(decode(LibraryRequest, b).library),
        "rollback": lambda e, r, b: e.rollback(decode(LibraryRequest, b).library),
        "pause": _pause,
        "resume": _resume,
        "shutdown": _shutdown,
    }
    gets: dict[str, Callable[[Engine, Request, bytes], Awaitable[Any]]] = {
        "status": _status,
        "libraries": lambda e, r, b: e.libraries(),
        "learned": lambda e, r, b: e.learned(_query(r, "library")),
        "probes": lambda e, r, b: e.probes(_query(r, "library")),
        "audit": _audit,
    }
    routes = [
        *(Route(f"/v1/{name}", partial(_answer, engine, do), methods=["POST"]) for name, do in posts.items()),
        *(Route(f"/v1/{name}", partial(_answer, engine, do), methods=["GET"]) for name, do in gets.items()),
        Route("/v1/events", partial(_events, engine), methods=["GET"]),
    ]
    return _Gate(Starlette(routes=routes), token, traffic or Traffic())


async def until_gone(request: Request, work: Awaitable[Any]) -> Any:
    """The work's result; the work is cancelled when the client goes away meanwhile."""
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_disconnected(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise Cancelled("the client went away")
        return await task
    finally:
        for one in (task, gone):
            one.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _answer(engine: Engine, do: Callable[[Engine, Request, bytes], Awaitable[Any]], request: Request) -> Response:
    try:
        return _json(await do(engine, request, await _body(request)))
    except SealError as error:
        return _json(problem(error), _status_code(error))
    except Exception as error:
        log.exception("%s", request.url.path)
        return _json(
            problem(SealError(f"the engine failed: {type(error).__name__}: {error}", hint="see engine.log")), 500
        )


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_LIMIT:
            raise UsageError(f"a message of more than {BODY_LIMIT} bytes", hint="send less code")
    return bytes(body)


async def _status(engine: Engine, request: Request, body: bytes) -> Any:
    return engine.status()


async def _cancel(engine: Engine, request: Request, body: bytes) -> Any:
    return {"cancelled": engine.answers.cancel(str(decode(dict, body).get("request", "")))}


async def _pause(engine: Engine, request: Request, body: bytes) -> Any:
    engine.learning.pause()
    return engine.status()


async def _resume(engine: Engine, request: Request, body: bytes) -> Any:
    engine.learning.resume()
    return engine.status()


async def _shutdown(engine: Engine, request: Request, body: bytes) -> Any:
    engine.stop_requested.set()
    return {}


async def _audit(engine: Engine, request: Request, body: bytes) -> Any:
    query = request.query_params
    try:
        after, limit = int(query.get("after") or 0), int(query["limit"]) if query.get("limit") else None
    except ValueError:
        raise UsageError("after and limit are numbers") from None
    return await engine.audit(subject=query.get("subject", ""), kind=query.get("kind", ""), after=after, limit=limit)


async def _events(engine: Engine, request: Request) -> Response:
    async def messages() -> AsyncIterator[dict[str, str]]:
        with engine.hub.subscribe() as queue:
            yield {"data": encode(Event("status", now(), plain(engine.status()))).decode()}
            while (event := await queue.get()) is not None:
                yield {"data": encode(event).decode()}

    return EventSourceResponse(messages(), ping=PING_S)


def _query(request: Request, name: str) -> str:
    value = request.query_params.get(name, "")
    if not value:
        raise UsageError(f"{name} is missing", hint=f"ask with ?{name}=...")
    return value


def _status_code(error: SealError) -> int:
    for kind, code in ((UsageError, 400), (Cancelled, 499), (ModelError, 503), (EngineUnavailable, 503)):
        if isinstance(error, kind):
            return code
    return 500


def _json(value: Any, status: int = 200) -> Response:
    return Response(encode(value), status_code=status, media_type="application/json")


class _Gate:
    """Outermost: counts traffic, and lets in only who knows the token."""

    def __init__(self, app: ASGIApp, token: str, traffic: Traffic) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode() if token else b""
        self._traffic = traffic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._expected and not hmac.compare_digest(_authorization(scope), self._expected):
            refusal = EngineUnavailable("the engine wants its token", hint="pass the content of its token file")
            await _json(problem(refusal), 401)(scope, receive, send)
            return
        self._traffic.open += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._traffic.open -= 1
            self._traffic.last = time.monotonic()


def _authorization(scope: Scope) -> bytes:
    return next((value for name, value in scope["headers"] if name == b"authorization"), b"")
