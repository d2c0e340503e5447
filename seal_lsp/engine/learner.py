"""One learner process: started at the lowest priority, listened to, stopped, continued. Killing it is harmless.

Knows the process and its JSON lines, not what the learner does.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

from seal_lsp.client.wire import encode
from seal_lsp.store.disk import write_atomic

log = logging.getLogger(__name__)

LEARNER = (sys.executable, "-m", "seal_lsp.pipeline.learner")
LINE_LIMIT = 1_000_000
STOP_S = 10.0
SPIN = "100000"
"""Rounds that an idle OpenMP thread spins before it sleeps. Sleeping at once (OMP_WAIT_POLICY=PASSIVE) made steps a
quarter slower on two idle cores; libgomp's own default stalls when others have the cores (tests/eval/LOG.md)."""

# share of a cycle's time that each phase takes: estimates, only for the progress bar
PHASES = {"known": 0.04, "collect": 0.05, "write": 0.02, "vet": 0.07, "train": 0.70, "gate": 0.11, "live": 0.01}

Report = Callable[[str, float, str], None]


class LearnerProcess:
    """`command` is followed by the cycle's folder, `environ` adds to this process's variables. `lowest` False leaves it
    this process's priority, where somebody waits for it. Use: start(), await wait(), from elsewhere pause/resume/stop.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        report: Report,
        *,
        environ: Mapping[str, str] | None = None,
        lowest: bool = True,
    ) -> None:
        self._command = (*command, str(folder))
        self._folder = folder
        self._report = report
        self._environ = dict(environ or {})
        self._lowest = lowest
        self._process: asyncio.subprocess.Process | None = None
        self._done = asyncio.Event()
        self.last_words = ""

    async def start(self) -> None:
        kill_orphan(self._folder)
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={"GOMP_SPINCOUNT": SPIN, **os.environ, **self._environ},
            start_new_session=True,
            limit=LINE_LIMIT,
        )
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(self._process.pid)
            if self._lowest:
                process.nice(19 if psutil.POSIX else psutil.IDLE_PRIORITY_CLASS)  # its threads inherit it
                _lower_session(process.pid)
            write_atomic(self._folder / "learner.json", encode({"pid": process.pid, "created": process.create_time()}))

    async def wait(self) -> int:
        """Listen until it ends; its exit code (negative: the signal that ended it)."""
        assert self._process is not None
        await asyncio.gather(self._read_progress(), self._read_errors())
        code = await self._process.wait()
        self._done.set()
        (self._folder / "learner.json").unlink(missing_ok=True)
        return code

    def pause(self) -> None:
        self._each(lambda process: process.suspend())

    def resume(self) -> None:
        self._each(lambda process: process.resume())

    def kill(self) -> None:
        self._each(lambda process: process.kill())

    async def stop(self) -> None:
        """SIGTERM (it ends at a resumable point), and SIGKILL if it does not listen. Someone must be in wait()."""
        if self._process is None or self._process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        self.resume()  # a stopped process does not hear SIGTERM
        try:
            await asyncio.wait_for(self._done.wait(), STOP_S)
        except TimeoutError:
            self.kill()

    def _each(self, action: Callable[[psutil.Process], None]) -> None:
        if self._process is None or self._process.returncode is not None:
            return
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(self._process.pid)
            for one in (process, *process.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    action(one)

    async def _read_progress(self) -> None:
        async for line in _lines(self._process.stdout):
            try:
                data = json.loads(line)
                self._report(str(data["phase"]), float(data["fraction"]), str(data.get("message", "")))
            except (ValueError, KeyError, TypeError):
                log.info("learner: %s", line)

    async def _read_errors(self) -> None:
        async for line in _lines(self._process.stderr):
            self.last_words = line
            log.info("learner: %s", line)


def overall(phase: str, fraction: float) -> float:
    """Fraction of the whole cycle from the fraction of a phase."""
    before = 0.0
    for name, share in PHASES.items():
        if name == phase:
            return round(min(before + share * min(max(fraction, 0.0), 1.0), 1.0), 4)
        before += share
    return 0.0


def _lower_session(pid: int) -> None:
    """Linux groups processes by session and weighs the groups first: a nice learner in a session of its own would still
    get half of a busy machine. Its group is made nice too, where the kernel does that (sched(7), autogrouping)."""
    group = Path(f"/proc/{pid}/autogroup")
    if group.exists():
        with contextlib.suppress(OSError):
            group.write_text("19")


def kill_orphan(folder: Path) -> None:
    """Two learners must never write one folder: end the one that a killed engine left behind."""
    try:
        data = json.loads((folder / "learner.json").read_text())
        process = psutil.Process(int(data["pid"]))
        if abs(process.create_time() - float(data["created"])) > 1:
            return  # the number belongs to another process by now
        for one in (*process.children(recursive=True), process):
            one.kill()
        process.wait(STOP_S)
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return


async def _lines(stream: asyncio.StreamReader | None):
    while stream is not None:
        try:
            raw = await stream.readline()
        except ValueError:  # a line beyond the limit: dropped
            continue
        if not raw:
            return
        line = raw.decode("utf-8", "replace").rstrip()
        if line:
            yield line
