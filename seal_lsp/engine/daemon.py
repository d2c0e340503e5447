"""The engine as a process: one per user, behind a socket that only its owner reaches, gone when idle.

A lock in the runtime folder decides who is the engine; who comes second makes sure that the first one answers and
leaves. Knows nothing of requests; logging is configured by the caller.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import signal
import socket
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from filelock import FileLock, Timeout

from seal_lsp.client.engine_client import EngineClient
from seal_lsp.client.start import known_client
from seal_lsp.client.wire import encode
from seal_lsp.core.errors import EngineUnavailable, UsageError
from seal_lsp.core.hosts import is_loopback
from seal_lsp.engine.app import Traffic, create_app
from seal_lsp.engine.engine import NO_EDITOR, Engine
from seal_lsp.store.disk import write_atomic

if TYPE_CHECKING:
    from seal_lsp.store.paths import Paths

log = logging.getLogger(__name__)

SECOND_WAITS_S = 15.0
SHUTDOWN_S = 5


def serve(
    engine_paths: Paths,
    make_engine: Callable[[], Engine],
    *,
    socket_path: Path | None = None,
    host: str = "",
    port: int = 0,
    token_file: Path | None = None,
    idle_exit_s: float = 1800.0,
) -> int:
    """Run until idle, SIGTERM or /v1/shutdown. Without `host`: the Unix socket. Returns the exit code.

    `make_engine()` is called once this process is the engine, inside its event loop.
    Raises EngineUnavailable when another process is the engine but does not answer, UsageError for an unsafe bind.
    """
    paths = engine_paths.ensure()
    over_tcp = bool(host) or not hasattr(socket, "AF_UNIX")
    if over_tcp:
        token, token_file = read_token(paths, host or "127.0.0.1", token_file)
    lock = FileLock(paths.runtime / "engine.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        asyncio.run(_first_one_answers(paths, EngineClient(f"unix://{socket_path}") if socket_path else None))
        return 0
    try:
        if over_tcp:
            listener = bind_tcp(host or "127.0.0.1", port)
            address = listener.getsockname()
            name = f"[{address[0]}]" if ":" in address[0] else address[0]
            known = {"url": f"http://{name}:{address[1]}", "token_file": str(token_file)}
        else:
            token, path = "", socket_path or paths.socket
            listener = bind_unix(path)
            known = {"url": f"unix://{path}", "token_file": ""}
        write_atomic(paths.runtime / "engine.json", encode({**known, "pid": os.getpid()}))
        try:
            asyncio.run(_serve(make_engine, listener, token, idle_exit_s))
        finally:
            (paths.runtime / "engine.json").unlink(missing_ok=True)
            if not over_tcp:
                path.unlink(missing_ok=True)
            listener.close()
        return 0
    finally:
        lock.release()


def bind_unix(path: Path) -> socket.socket:
    """A listening socket with mode 0600 in a folder with mode 0700 of this user. Replaces what a dead engine left:
    the caller holds the lock, so no living one has it."""
    folder = path.parent.lstat()
    if not stat.S_ISDIR(folder.st_mode) or folder.st_uid != os.geteuid() or stat.S_IMODE(folder.st_mode) & 0o077:
        raise EngineUnavailable(f"{path.parent} is open to others", hint=f"chmod 700 {path.parent}, or set SEAL_HOME")
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)  # the socket is never reachable by others, not even between bind and a chmod
    try:
        listener.bind(str(path))
    except OSError as error:
        listener.close()
        raise EngineUnavailable(f"cannot listen at {path}: {error}", hint="set SEAL_HOME to a shorter path") from error
    finally:
        os.umask(before)
    listener.listen(128)
    listener.setblocking(False)
    return listener


def bind_tcp(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        raise EngineUnavailable(f"cannot listen at {host}:{port}: {error}", hint="choose another --port") from error
    listener.listen(128)
    listener.setblocking(False)
    return listener


def read_token(paths: Paths, host: str, file: Path | None) -> tuple[str, Path]:
    """The bearer token and its file. On loopback one is made when none is given; elsewhere it must be given."""
    if file is None:
        if not is_loopback(host):
            raise UsageError(f"refusing to listen at {host} without a token", hint="give --token-file FILE (mode 0600)")
        file = paths.runtime / "engine.token"
    if not file.exists():
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(secrets.token_urlsafe(32) + "\n")
    if os.name == "posix" and stat.S_IMODE(file.stat().st_mode) & 0o077:
        raise UsageError(f"others can read the token in {file}", hint=f"chmod 600 {file}")
    token = file.read_text().strip()
    if len(token) < 16:
        raise UsageError(f"the token in {file} is too short", hint="at least 16 characters; delete it to get a new one")
    return token, file


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: those raise the signal again at the end, and we end with 0."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _serve(make_engine: Callable[[], Engine], listener: socket.socket, token: str, idle_exit_s: float) -> None:
    engine: Engine = make_engine()
    traffic = Traffic()
    config = uvicorn.Config(
        create_app(engine, token=token, traffic=traffic),
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=SHUTDOWN_S,
        server_header=False,
        date_header=False,
        ws="none",
    )
    server = _Server(config)
    _stop_on_signals(engine.stop_requested)
    async with engine.running():
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        idle = asyncio.create_task(_idle(engine, traffic, idle_exit_s))
        stop = asyncio.create_task(engine.stop_requested.wait())
        await asyncio.wait({serving, idle, stop}, return_when=asyncio.FIRST_COMPLETED)
        log.info("stopping")
        server.should_exit = True
        await engine.quiesce()
        for task in (idle, stop):
            task.cancel()
        await serving


async def _idle(engine: Engine, traffic: Traffic, idle_exit_s: float) -> None:
    """Ends when nobody has asked, listened or learned for long enough. What waits for an editor waits for the next
    engine as well."""
    while True:
        learning = engine.learning.busy and engine.learning.held != NO_EDITOR
        busy = traffic.open or learning or engine.usage.preparing
        if busy:
            traffic.last = time.monotonic()
        left = traffic.last + idle_exit_s - time.monotonic()
        if left <= 0:
            log.info("idle for %g s", idle_exit_s)
            return
        await asyncio.sleep(min(left, 5.0))


def _stop_on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))


async def _first_one_answers(paths: Paths, client: EngineClient | None) -> None:
    """Raises EngineUnavailable when whoever holds the lock does not answer in time."""
    deadline = time.monotonic() + SECOND_WAITS_S
    while True:
        one = client or known_client(paths)
        try:
            await one.status()
            return
        except EngineUnavailable:
            if time.monotonic() > deadline:
                raise EngineUnavailable(
                    "another process holds the engine's lock but does not answer", hint="end it; see seal-lsp doctor"
                ) from None
        finally:
            await one.aclose()
        await asyncio.sleep(0.1)
