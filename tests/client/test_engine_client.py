"""The client against a server that is not well: silent, strange, gone; and how an engine is found and started."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from seal_lsp.client import engine_client
from seal_lsp.client.engine_client import EngineClient
from seal_lsp.client.start import ensure_engine, ensure_engine_sync, known_client
from seal_lsp.core.errors import EngineUnavailable, UsageError
from seal_lsp.core.protocol import CompleteRequest, RankRequest


@dataclass(frozen=True)
class Places:
    """What the client needs of store.paths.Paths."""

    runtime: Path
    socket: Path
    log: Path

    def ensure(self) -> Places:
        self.runtime.mkdir(parents=True, exist_ok=True)
        return self


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path / "run", tmp_path / "run" / "e.sock", tmp_path / "log").ensure()


def answering(handler) -> EngineClient:
    return EngineClient("http://engine", "secret", transport=httpx.MockTransport(handler))


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (httpx.Response(200, content=b'{"scores": [-1.0], "adapter": "", "model": "m", "ms": 1}'), None),
        (httpx.Response(200, content=b"<html>a captive portal</html>"), EngineUnavailable),
        (httpx.Response(502, content=b"bad gateway"), EngineUnavailable),
        (httpx.Response(404, content=b"Not Found"), EngineUnavailable),
        (httpx.Response(503, json={"type": "EngineUnavailable", "message": "still loading"}), EngineUnavailable),
        (httpx.Response(400, json={"type": "UsageError", "message": "no"}), UsageError),
        (httpx.ReadTimeout("slow"), EngineUnavailable),
        (httpx.ConnectError("refused"), EngineUnavailable),
        (httpx.RemoteProtocolError("died"), EngineUnavailable),
    ],
)
async def test_every_answer_is_a_value_or_one_of_our_errors(reply, kind):
    seen = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if isinstance(reply, Exception):
            raise reply
        return reply

    async with answering(handler) as client:
        if kind is None:
            assert (await client.rank(RankRequest("a", ("b",)))).scores == (-1.0,)
        else:
            with pytest.raises(kind) as raised:
                await client.rank(RankRequest("a", ("b",)))
            assert getattr(raised.value, "silent", False) == isinstance(reply, httpx.TransportError)
    assert seen[0].headers["authorization"] == "Bearer secret"
    assert json.loads(seen[0].content)["request"]  # an id that /v1/cancel can name


async def test_cancelling_names_the_request_to_the_engine():
    asked, cancelled = asyncio.Event(), []
    names = []

    async def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/cancel":
            cancelled.append(json.loads(request.content)["request"])
            return httpx.Response(200, json={"cancelled": True})
        names.append(json.loads(request.content)["request"])
        asked.set()
        await asyncio.sleep(3600)
        raise AssertionError

    async with answering(handler) as client:
        task = asyncio.create_task(client.complete(CompleteRequest("a", request="mine")))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(5):
            while not cancelled:
                await asyncio.sleep(0)
    assert cancelled == names == ["mine"]


async def test_events_wait_for_an_engine_that_comes_back(monkeypatch):
    monkeypatch.setattr(engine_client, "RECONNECT_S", (0.0, 0.0))
    event = b'data: {"kind": "status", "time": "t", "data": {"n": %d}}\n\n'
    stream = {"content-type": "text/event-stream"}
    replies = [
        httpx.ConnectError("refused"),
        httpx.Response(200, headers=stream, content=b"".join((event % 1, b": ping\n\n", event % 2))),
        httpx.Response(503, json={"type": "EngineUnavailable", "message": "stopping"}),
        httpx.Response(200, headers={"content-type": "text/html"}, content=b"a captive portal"),
        httpx.Response(200, headers=stream, content=event % 3),
    ]

    def handler(request: httpx.Request) -> httpx.Response:
        reply = replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    async with answering(handler) as client:
        events = client.events()
        assert [(await anext(events)).data["n"] for _ in range(3)] == [1, 2, 3]
        await events.aclose()
        replies.append(httpx.ConnectError("refused"))
        with pytest.raises(EngineUnavailable, match="refused"):
            await anext(client.events(reconnect=False))


async def test_nobody_at_the_socket(places):
    async with known_client(places) as client:
        assert client.url == f"unix://{places.socket}"
        with pytest.raises(EngineUnavailable, match="no answer"):
            await client.status()


def test_which_engine_is_meant(places, monkeypatch):
    monkeypatch.setenv("SEAL_ENGINE_TOKEN", "from-the-environment")
    elsewhere = known_client(places, "https://box:7000")
    assert (elsewhere.url, elsewhere._token) == ("https://box:7000", "from-the-environment")
    (places.runtime / "token").write_text("secret\n")
    found = {"url": "http://127.0.0.1:9", "token_file": str(places.runtime / "token"), "pid": os.getpid()}
    (places.runtime / "engine.json").write_text(json.dumps(found))
    local = known_client(places)
    assert (local.url, local._token) == ("http://127.0.0.1:9", "secret")
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    gone = [{**found, "pid": dead.pid}, {**found, "token_file": "/nowhere"}, [], {}]
    for broken in ("", *map(json.dumps, gone)):
        (places.runtime / "engine.json").write_text(broken)
        assert known_client(places).url == f"unix://{places.socket}"


async def test_an_engine_elsewhere_is_never_started_here(places):
    with pytest.raises(EngineUnavailable, match="no answer"):
        await ensure_engine(places, url="http://127.0.0.1:9")
    assert not places.log.exists()


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("import sys; print('the sky fell', file=sys.stderr); sys.exit(7)", "ended with 7: the sky fell"),
        ("import time; time.sleep(9)", "does not answer"),
    ],
)
async def test_an_engine_that_does_not_start_says_why(places, code, says):
    command = (sys.executable, "-c", code)
    with pytest.raises(EngineUnavailable, match=says):
        await ensure_engine(places, timeout_s=3, command=command)


def test_for_commands_without_a_loop(places):
    with pytest.raises(EngineUnavailable, match="ended with 1"):
        ensure_engine_sync(places, command=(sys.executable, "-c", "raise SystemExit('no')"))
