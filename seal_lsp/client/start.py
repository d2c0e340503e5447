"""Find an engine or start one, detached, and wait until its socket answers.

Knows nothing of models: an engine that still loads, or has none, counts as found (its status tells).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from seal_lsp.client.engine_client import EngineClient
from seal_lsp.core.errors import EngineUnavailable

log = logging.getLogger(__name__)

LAST_WORDS = "engine.stderr.log"  # the engine's own log is engine.log; here is what it says before or beside that
LOG_LIMIT = 1_000_000


class EnginePaths(Protocol):
    """What is needed of store.paths.Paths (rooms on one line do not import each other)."""

    @property
    def runtime(self) -> Path: ...
    @property
    def socket(self) -> Path: ...
    @property
    def log(self) -> Path: ...
    def ensure(self) -> object: ...


def known_client(paths: EnginePaths, url: str = "", token: str | None = None) -> EngineClient:
    """A client for the engine that would serve these paths; whether one runs there is not looked at.

    `url` (the engine.url setting) wins; else what a running engine wrote into engine.json; else the Unix socket.
    For a URL elsewhere the token comes from the variable SEAL_ENGINE_TOKEN.
    """
    if url:
        return EngineClient(url, token or os.environ.get("SEAL_ENGINE_TOKEN"))
    try:
        found = json.loads((paths.runtime / "engine.json").read_text())
        if os.name == "posix":
            os.kill(
                found["pid"], 0
            )  # left by a dead engine: its port may be anybody's by now, who must not get the token
        secret = Path(found["token_file"]).read_text().strip() if found["token_file"] else None
        return EngineClient(found["url"], secret)
    except (OSError, ValueError, KeyError, TypeError):
        return EngineClient(f"unix://{paths.socket}")


async def ensure_engine(
    paths: EnginePaths,
    *,
    url: str = "",
    idle_exit_s: float | None = None,
    timeout_s: float = 15.0,
    command: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
) -> EngineClient:
    """A client whose engine answers /v1/status. Starts one when none does, unless `url` names an engine elsewhere.

    `command` replaces how the engine is started (tests), `variables` are added to its environment. Raises
    EngineUnavailable with the end of its log.
    """
    client = known_client(paths, url)
    try:
        await client.status()
        return client
    except EngineUnavailable:
        await client.aclose()
        if url:
            raise
    process = start_engine(paths, idle_exit_s=idle_exit_s, command=command, variables=variables)
    return await _wait(paths, process, timeout_s)


def ensure_engine_sync(paths: EnginePaths, **options: object) -> EngineClient:
    """For the CLI, outside any event loop. The client it returns has no open connection yet."""

    async def run() -> EngineClient:
        client = await ensure_engine(paths, **options)  # type: ignore[arg-type]
        await client.aclose()
        return client

    return asyncio.run(run())


def start_engine(
    paths: EnginePaths,
    *,
    idle_exit_s: float | None = None,
    command: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
) -> subprocess.Popen:
    """Spawn the daemon so that it outlives the editor that needed it. The engine's lock settles races."""
    paths.ensure()
    paths.log.mkdir(parents=True, exist_ok=True)
    argv = list(command) or [sys.executable, "-m", "seal_lsp.cli.engine"]
    if idle_exit_s is not None:
        argv += ["--idle-exit", str(idle_exit_s)]
    if not hasattr(socket, "AF_UNIX"):
        argv += ["--host", "127.0.0.1"]
    file = paths.log / LAST_WORDS
    if file.exists() and file.stat().st_size > LOG_LIMIT:
        file.replace(file.with_suffix(".old"))
    with file.open("ab") as out:
        return subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True, close_fds=True,
            env={**os.environ, **(variables or {}), "PYTHONSAFEPATH": "1"},  # -m: the working folder's modules go first
        )  # fmt: skip


async def _wait(paths: EnginePaths, process: subprocess.Popen, timeout_s: float) -> EngineClient:
    from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_exponential

    async def ask() -> tuple[EngineClient, int]:
        client = known_client(paths)
        try:
            return client, (await client.status()).pid
        except BaseException:
            await client.aclose()
            raise

    enough = stop_after_delay(timeout_s)
    retrying = AsyncRetrying(
        retry=retry_if_exception_type(EngineUnavailable),
        # a loser of the race exits 0 while the winner answers; any other end will not get better by waiting
        stop=lambda state: process.poll() not in (None, 0) or enough(state),
        wait=wait_exponential(multiplier=0.05, max=0.5),
        reraise=True,
    )
    try:
        client, answering = await retrying(ask)
    except EngineUnavailable as error:
        code = process.poll()
        what = f"ended with {code}: {_tail(paths.log / LAST_WORDS)}" if code else f"does not answer: {error.message}"
        raise EngineUnavailable(f"the engine was started and {what}", hint="run: seal-lsp doctor") from error
    _end_loser(process, answering)
    return client


def _end_loser(process: subprocess.Popen, answering: int) -> None:
    """End the engine that was started here while another one answers: a slow starter would take the lock when that one
    goes, and be an engine that nobody asked for."""
    import psutil

    with contextlib.suppress(psutil.NoSuchProcess):
        started = psutil.Process(process.pid)
        if answering not in {started.pid, *(child.pid for child in started.children(recursive=True))}:  # of a launcher
            process.terminate()


def _tail(file: Path) -> str:
    try:
        lines = file.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return lines[-1].strip() if lines else ""
