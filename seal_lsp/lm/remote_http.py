"""HTTP to a model server that the user runs: kept connections, blocking calls that end within a token of a cancel.

The requests run on an event loop in a thread of their own: abandoning one closes its connection, which is how such
servers are told to stop. Knows addresses, timeouts and errors; nothing about models.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
from httpx_sse import SSEError, aconnect_sse

from seal_lsp.core.errors import ModelError, UsageError
from seal_lsp.core.hosts import is_loopback
from seal_lsp.lm.written import Limits

T = TypeVar("T")

CONNECT_S = 2.0
SILENCE_S = 60.0  # a long prompt on a slow machine; deadlines and cancelling are looked at all the time
KEPT_S = 4.0  # vLLM and llama.cpp close a connection that is idle for 5 s
LOOK_S = 0.005


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """`url` is that of the OpenAI API (`/v1` may be left out), `name` what the server calls the base, '' where it
    serves one. `key` is sent as bearer token. `allow_host`: the host besides this machine that may be sent text."""

    url: str
    name: str = ""
    key: str = field(default="", repr=False)
    allow_host: str = ""

    @property
    def root(self) -> str:
        return self.url.rstrip("/").removesuffix("/v1")

    def check(self) -> None:
        """Raises UsageError where text must not be sent."""
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(f"model.url is no address: {self.url!r}", hint="for example http://127.0.0.1:8000/v1")
        if not is_loopback(parts.hostname) and parts.hostname != self.allow_host:
            raise UsageError(
                f"model.url names another machine, {parts.hostname}, and the code around your cursor would go there",
                hint=f"if you want that, set model.allow_host to {parts.hostname}",
            )


class Refused(ModelError):
    """The server answered with an error; `status` is HTTP's, `said` its own words."""

    def __init__(self, message: str, *, hint: str = "", status: int = 0, said: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.said = said


class Stopped(Exception):
    """Given up from outside; the argument is the reason."""


class ModelServer:
    """Raises ModelError whenever there is no good answer, Refused where the server says why."""

    def __init__(self, address: ServerAddress) -> None:
        address.check()
        self.address = address
        headers = {"authorization": f"Bearer {address.key}"} if address.key else {}
        # trust_env off: code before the cursor must never travel through a proxy named in the environment
        self._client = httpx.AsyncClient(
            base_url=address.root,
            headers=headers,
            trust_env=False,
            timeout=httpx.Timeout(SILENCE_S, connect=CONNECT_S),
            limits=httpx.Limits(max_connections=16, keepalive_expiry=KEPT_S),
        )
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._run, name="model-server", daemon=True).start()

    def wait(self, work: Coroutine[Any, Any, T], limits: Limits) -> T:
        """The result of `work`, done on the loop. Raises Stopped; then `work` has ended, its connections are closed."""
        if reason := limits.reason():
            work.close()
            raise Stopped(reason)
        ended, tasks = threading.Event(), []

        def begin() -> None:
            tasks.append(self._loop.create_task(work))
            tasks[0].add_done_callback(lambda _: ended.set())

        self._loop.call_soon_threadsafe(begin)
        while not ended.wait(LOOK_S):
            if reason := limits.reason():
                self._loop.call_soon_threadsafe(lambda: tasks[0].cancel())
                ended.wait(CONNECT_S)
                raise Stopped(reason)
        return tasks[0].result()

    def close(self) -> None:
        self.wait(self._end(), Limits(None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _run(self) -> None:
        self._loop.run_forever()
        self._loop.close()

    async def _end(self) -> None:
        await self._client.aclose()
        await self._loop.shutdown_asyncgens()

    async def get(self, path: str) -> Any:
        return await self._ask("GET", path)

    async def post(self, path: str, body: dict) -> Any:
        return await self._ask("POST", path, json=body)

    async def stream(self, path: str, body: dict) -> AsyncIterator[dict]:
        """The events of a streamed answer. Ends where the server says that it is done; raises when it breaks off."""
        with self._failing(path):
            async with aconnect_sse(self._client, "POST", path, json=body) as source:
                if source.response.status_code != 200:
                    await source.response.aread()
                    self._check(source.response)
                async with contextlib.aclosing(source.aiter_sse()) as events:
                    async for event in events:
                        if event.data == "[DONE]":
                            return
                        if event.data:
                            yield self._event(path, json.loads(event.data))
        raise ModelError(f"{self._named(path)} broke off in the middle of an answer", hint=_SEE_LOG)

    def _event(self, path: str, data: dict) -> dict:
        if "error" in data:
            raise Refused(f"{self._named(path)} failed: {_said(data)}", hint=_SEE_LOG, said=_said(data))
        return data

    @contextlib.contextmanager
    def reading(self, path: str) -> Iterator[None]:
        """Around the reading of an answer, whose form is the server's."""
        try:
            yield
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            what = f"{type(error).__name__}: {error}"
            hint = "is it vLLM or llama-server, and a version of it that is not too old?"
            raise ModelError(f"a strange answer from {self._named(path)}: {what}", hint=hint) from error

    async def _ask(self, method: str, path: str, **options: Any) -> Any:
        with self._failing(path):
            response = await self._client.request(method, path, **options)
            self._check(response)
            kind = response.headers.get("content-type", "")
            return response.json() if kind.startswith("application/json") else response.text

    @contextlib.contextmanager
    def _failing(self, path: str) -> Iterator[None]:
        try:
            with self.reading(path):
                yield
        except httpx.TransportError as error:
            raise ModelError(
                f"no answer from the model server at {self._named(path)}: {str(error) or type(error).__name__}",
                hint="start it, or set model.runtime to auto; see seal-lsp doctor",
            ) from error
        except (SSEError, httpx.DecodingError) as error:
            raise ModelError(f"a strange answer from {self._named(path)}: {error}", hint=_SEE_LOG) from error

    def _check(self, response: httpx.Response) -> None:
        if response.status_code == 200:
            return
        try:
            said = _said(response.json())
        except ValueError:
            said = response.text[:200]
        status = response.status_code
        hint = "name the environment variable that holds its key in model.key_variable" if status in (401, 403) else ""
        message = f"{response.request.url} answered {status}: {said or response.reason_phrase}"
        raise Refused(message, hint=hint or _SEE_LOG, status=status, said=said)

    def _named(self, path: str) -> str:
        return self.address.root + path


_SEE_LOG = "see the model server's own log; seal-lsp doctor says what it can do"


def _said(data: Any) -> str:
    """The reason in an error's body: OpenAI's form, vLLM's older one, FastAPI's."""
    if not isinstance(data, dict):
        return ""
    found = data.get("error", data.get("message", data.get("detail", "")))
    return str(found.get("message", found) if isinstance(found, dict) else found)[:300]
