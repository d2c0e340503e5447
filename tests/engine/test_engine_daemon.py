"""The engine as a process: who reaches it, who is it when two start, what it leaves behind, when it goes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from rule_model import BASE, SCRIPT

from seal_lsp.client.engine_client import EngineClient
from seal_lsp.client.start import ensure_engine, known_client
from seal_lsp.core.errors import EngineUnavailable, UsageError
from seal_lsp.core.hosts import is_loopback
from seal_lsp.core.protocol import CompleteRequest, LearnRequest, RankRequest
from seal_lsp.engine.app import Traffic
from seal_lsp.engine.daemon import _idle, bind_tcp, bind_unix, read_token
from seal_lsp.engine.engine import NO_EDITOR
from seal_lsp.engine.yielding import TYPING
from seal_lsp.store.paths import Paths

BARE = (sys.executable, "-m", "seal_lsp.cli.engine")  # without a model: everything but generation
LEARNER = f"{sys.executable} -S {Path(__file__).with_name('fake_learner.py')}"

posix = pytest.mark.skipif(os.name != "posix", reason="Unix sockets and signals")
pytestmark = posix


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Paths]:
    """A SEAL_HOME with a short name (a socket's path is limited), and no engine left running in the end."""
    with tempfile.TemporaryDirectory(prefix="seal-") as folder:
        monkeypatch.setenv("SEAL_HOME", folder)
        monkeypatch.delenv("SEAL_ENGINE_URL", raising=False)
        yield Paths.default()


@contextlib.asynccontextmanager
async def engine(*command: str) -> AsyncIterator[tuple[subprocess.Popen, EngineClient]]:
    """A started engine that answers."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        yield process, await answering(process)
    finally:
        process.kill()
        process.communicate()


async def answering(process: subprocess.Popen, *states: str) -> EngineClient:
    async with asyncio.timeout(60):
        while True:
            assert process.poll() is None, process.stderr.read().decode()
            client = known_client(Paths.default())
            with contextlib.suppress(EngineUnavailable):
                status = await client.status()
                if not states or status.state in states:
                    return client
            await client.aclose()
            await asyncio.sleep(0.05)


async def ended(process: subprocess.Popen) -> int:
    async with asyncio.timeout(30):
        while process.poll() is None:
            await asyncio.sleep(0.02)
    return process.returncode


async def test_only_the_owner_reaches_the_socket_and_sigterm_is_a_clean_end(home):
    async with engine(*BARE) as (process, client):
        mode = home.socket.lstat().st_mode
        assert stat.S_ISSOCK(mode)
        assert stat.S_IMODE(mode) == 0o600
        assert stat.S_IMODE(home.socket.parent.stat().st_mode) == 0o700
        assert client.url == f"unix://{home.socket}"
        status = await client.status()
        assert status.pid == process.pid
        events = client.events(reconnect=False)
        first = await anext(events)
        assert (first.kind, first.data["pid"]) == ("status", process.pid)
        process.terminate()  # with an event stream open
        assert await ended(process) == 0
        with pytest.raises(EngineUnavailable):
            [event async for event in events]
        assert not home.socket.exists()
        assert not (home.runtime / "engine.json").exists()


async def test_shutdown_by_request(home):
    async with engine(*BARE) as (process, client):
        await client.shutdown()
        assert await ended(process) == 0


async def test_two_that_race_end_as_one(home):
    racers = [subprocess.Popen(BARE, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) for _ in range(4)]
    try:
        losers = []
        async with asyncio.timeout(60):
            while len(losers) < 3:
                losers = [one for one in racers if one.poll() is not None]
                await asyncio.sleep(0.05)
        assert [one.returncode for one in losers] == [0, 0, 0]
        assert [one.stderr.read() for one in losers] == [b"", b"", b""]
        (winner,) = [one for one in racers if one.poll() is None]
        assert (await known_client(home).status()).pid == winner.pid
    finally:
        for one in racers:
            one.kill()
            one.communicate()


async def test_editors_that_start_at_once_share_one_engine(home):
    clients = await asyncio.gather(*(ensure_engine(home, idle_exit_s=60, timeout_s=60) for _ in range(4)))
    pids = {(await client.status()).pid for client in clients}
    assert len(pids) == 1
    await clients[0].shutdown()
    await asyncio.to_thread(psutil.wait_procs, [p for p in map(_process, pids) if p], 30)
    with pytest.raises(EngineUnavailable):
        await clients[1].status()


async def test_who_starts_too_late_never_becomes_the_engine(home):
    """Its start takes until the one that answers is gone."""
    wrote = home.data.parent / "late.pid"
    sleeps = f"import os, pathlib, time; pathlib.Path({str(wrote)!r}).write_text(str(os.getpid())); time.sleep(600)"
    _, late = await asyncio.gather(
        ensure_engine(home, idle_exit_s=60, timeout_s=60),
        ensure_engine(home, timeout_s=60, command=(sys.executable, "-c", sleeps)),
    )
    _, alive = await asyncio.to_thread(psutil.wait_procs, [p for p in (_process(int(wrote.read_text())),) if p], 30)
    assert not alive
    await late.shutdown()


def scripted(home: Paths, **script: object) -> tuple[str, ...]:
    """The command of an engine with a scripted model and the learner of these tests."""
    file = home.data.parent / "script.json"
    file.write_text(json.dumps({**SCRIPT, **script}))
    return (*BARE, "--model", f"scripted:{file}", "--learner", LEARNER)


def _process(pid: int) -> psutil.Process | None:
    try:
        return psutil.Process(pid)
    except psutil.NoSuchProcess:
        return None


async def test_what_a_killed_engine_left_is_replaced(home):
    async with engine(*BARE) as (process, _):
        process.kill()
        await ended(process)
    assert home.socket.exists()
    assert (home.runtime / "engine.json").exists()
    async with engine(*BARE) as (process, client):
        assert (await client.status()).pid == process.pid


async def test_a_lock_without_an_engine_is_said(home, monkeypatch):
    monkeypatch.setattr("seal_lsp.engine.daemon.SECOND_WAITS_S", 0.2)
    from filelock import FileLock

    from seal_lsp.engine.daemon import serve

    home.ensure()
    with FileLock(home.runtime / "engine.lock"), pytest.raises(EngineUnavailable, match="holds the engine's lock"):
        await asyncio.to_thread(serve, home, lambda: pytest.fail("not the engine"))


async def test_it_goes_when_idle_but_not_while_somebody_listens(home):
    async with engine(*BARE, "--idle-exit", "0.5") as (process, client):
        events = client.events(reconnect=False)
        await anext(events)
        await asyncio.sleep(1.5)
        assert process.poll() is None
        await events.aclose()
        await client.aclose()
        assert await ended(process) == 0


async def test_loopback_wants_the_token(home):
    async with engine(*BARE, "--host", "127.0.0.1") as (_, client):
        found = json.loads((home.runtime / "engine.json").read_text())
        assert found["url"].startswith("http://127.0.0.1:")
        assert (await client.status()).version
        assert stat.S_IMODE(Path(found["token_file"]).stat().st_mode) == 0o600
        for token in (None, "wrong"):
            async with EngineClient(found["url"], token) as stranger:
                with pytest.raises(EngineUnavailable, match="token"):
                    await stranger.status()
                with pytest.raises(EngineUnavailable, match="token"):
                    await anext(stranger.events(reconnect=False))


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--host", "0.0.0.0"), 2, "refusing to listen"),
        (("--host", "::"), 2, "refusing to listen"),
        (("--host", "127.0.0.1", "--token-file", "{home}/open"), 2, "others can read"),
        (("--host", "127.0.0.1", "--token-file", "{home}/short"), 2, "too short"),
        (("--socket", "/tmp/seal-open.sock"), 5, "open to others"),
    ],
)
def test_unsafe_binds_are_refused(home, arguments, code, says):
    root = home.data.parent
    (root / "open").write_text("a-long-enough-token")
    (root / "open").chmod(0o644)
    (root / "short").write_text("short")
    (root / "short").chmod(0o600)
    words = [word.format(home=root) for word in arguments]
    ran = subprocess.run([*BARE, *words], capture_output=True, text=True, timeout=60)
    assert (ran.returncode, says in ran.stderr) == (code, True), ran.stderr
    assert ran.stdout == ""


def test_binding(home):
    home.ensure()
    listener = bind_unix(home.socket)
    listener.close()
    again = bind_unix(home.socket)  # the file of the first is still there
    again.close()
    home.socket.parent.chmod(0o755)
    with pytest.raises(EngineUnavailable, match="open to others"):
        bind_unix(home.socket)
    taken = bind_tcp("127.0.0.1", 0)
    with pytest.raises(EngineUnavailable, match="cannot listen"):
        bind_tcp("127.0.0.1", taken.getsockname()[1])
    taken.close()


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False),
     ("192.168.1.4", False), ("example.org", False)],
)  # fmt: skip
def test_is_loopback(host, expected):
    assert is_loopback(host) is expected


def test_a_token_is_made_once(home):
    home.ensure()
    token, file = read_token(home, "127.0.0.1", None)
    assert read_token(home, "localhost", None) == (token, file)
    with pytest.raises(UsageError, match="without a token"):
        read_token(home, "10.0.0.1", None)
    assert read_token(home, "10.0.0.1", file)[0] == token


async def test_an_engine_that_dies_while_a_client_waits(home):
    async with engine(*scripted(home, seconds_per_token=60)) as (process, client):
        await (await answering(process, "ready")).aclose()
        waiting = asyncio.create_task(client.complete(CompleteRequest("acme.")))
        ranking = asyncio.create_task(client.rank(RankRequest("acme.", ("a",), deadline_ms=60_000)))
        events = client.events(reconnect=False)
        await anext(events)
        await asyncio.sleep(0.2)
        assert not waiting.done()
        process.kill()
        async with asyncio.timeout(5):
            for task in (waiting, ranking):
                with pytest.raises(EngineUnavailable):
                    await task
            with pytest.raises(EngineUnavailable):
                await anext(events)
        with pytest.raises(EngineUnavailable):
            await client.status()
        await client.aclose()


async def test_events_go_on_with_the_next_engine(home):
    async with engine(*BARE) as (process, client):
        events = client.events()
        assert (await anext(events)).data["pid"] == process.pid
        process.terminate()
        await ended(process)
    async with engine(*BARE) as (process, _), asyncio.timeout(30):
        while (await anext(events)).data.get("pid") != process.pid:
            pass
    await events.aclose()
    await client.aclose()


async def test_learning_survives_a_killed_engine_and_its_orphan(home):
    go = home.data.parent / "go"
    told = {"base": BASE, "wait_for": str(go), "prefers": ["throttle"]}
    request = LearnRequest("acme@1.0", {"prefix": "/venv"}, (), "watch", False, told)
    async with engine(*scripted(home)) as (process, client):
        await (await answering(process, "ready")).aclose()
        reply = await client.learn(request)
        folder = home.cycles / reply.cycle
        async with asyncio.timeout(30):
            while not (folder / "done-vet").exists():
                await asyncio.sleep(0.02)
        learner = psutil.Process(json.loads((folder / "learner.json").read_text())["pid"])
        assert learner.nice() == 19
        process.send_signal(signal.SIGKILL)
        await ended(process)
        await client.aclose()
    assert learner.is_running()  # nobody told it to stop
    async with engine(*scripted(home)) as (process, client):
        async with asyncio.timeout(30):
            while len((folder / "starts").read_text().splitlines()) < 2:
                await asyncio.sleep(0.02)
        assert not learner.is_running() or learner.status() == psutil.STATUS_ZOMBIE
        go.touch()
        async with asyncio.timeout(30):
            while not (folder / "settled.json").exists():
                await asyncio.sleep(0.02)
        (library,) = await client.libraries()
        assert (library.library, library.state) == ("acme@1.0", "live")
        reply = await client.rank(RankRequest("acme.", ("a", "throttle"), ("acme@1.0",)))
        assert reply.adapter == library.adapter
        assert reply.scores[1] > reply.scores[0]
        assert (folder / "done-vet").read_text() == "1"
        assert (folder / "done-train").read_text() == "2"
        await client.aclose()


@pytest.mark.parametrize(("held", "goes"), [(NO_EDITOR, True), (TYPING, False), ("", False)])
async def test_what_waits_for_an_editor_does_not_keep_the_engine(held, goes):
    engine = SimpleNamespace(learning=SimpleNamespace(busy=True, held=held), usage=SimpleNamespace(preparing=False))
    idle = asyncio.create_task(_idle(engine, Traffic(), 0.05))
    done, _ = await asyncio.wait({idle}, timeout=5 if goes else 0.3)
    idle.cancel()
    assert bool(done) == goes
