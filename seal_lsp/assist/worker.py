"""The analysis worker: a process of its own, because jedi and griffe hold the GIL and may never come back.

Tasks are module-level functions of `assist.tasks`, one at a time, each with a time limit; a task that overruns is
killed with its process and the next task finds a fresh one. What a caller no longer wants is dropped while it waits;
once it runs it is left to end (killing the process would cost more than the rest of the task).
Knows nothing of what the tasks do.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from pebble import ProcessPool

T = TypeVar("T")
log = logging.getLogger(__name__)

START_S = 20.0  # what a process may take to come up, on a machine that is busy with everything else


class TaskTimeout(Exception):
    """The task overran its limit; its process was killed."""


class TaskCrashed(Exception):
    """The worker died while it ran the task (out of memory, a native crash)."""


class AnalysisWorker:
    """`initializer(*arguments)` runs first in every process that is started."""

    def __init__(self, initializer: Callable[..., None], arguments: tuple = (), *, name: str = "analysis") -> None:
        self._initializer = initializer
        self._arguments = arguments
        self._name = name
        self._pool: ProcessPool | None = None
        self._turn = _Turn()
        self._closed = False
        self._running: Future | None = None
        self.restarts = 0

    async def run(self, task: Callable[..., T], *arguments: Any, timeout: float, urgency: int = 0) -> T:
        """The task's result; of those that wait, the one with the smallest `urgency` is next. Raises TaskTimeout,
        TaskCrashed, or what the task raised."""
        async with self._turn.taken(urgency):
            try:
                return await self._once(task, arguments, timeout)
            except BrokenProcessPool:
                log.warning("the %s worker is gone, starting another", self._name)
                await asyncio.to_thread(self._drop)
            try:
                return await self._once(task, arguments, timeout)
            except BrokenProcessPool as error:
                await asyncio.to_thread(self._drop)
                raise TaskCrashed(f"the {self._name} worker cannot be started") from error

    async def _once(self, task: Callable[..., T], arguments: tuple, timeout: float) -> T:
        if self._closed:
            raise TaskCrashed(f"the {self._name} worker is closed")
        future = await asyncio.to_thread(self._schedule, task, arguments, timeout)
        self._running = future
        waiting = asyncio.wrap_future(future)
        waiting.add_done_callback(_seen)
        try:
            # Not handing the cancellation on: pebble would kill the process.
            done, _ = await asyncio.wait({waiting}, timeout=timeout + START_S)
            if not done:  # pebble lost sight of its process
                await asyncio.to_thread(self._drop)
                raise TaskTimeout(f"{getattr(task, '__name__', task)} was never answered")
            return waiting.result()
        except asyncio.CancelledError:
            if future.cancelled() or self._closed:
                raise TaskCrashed(f"the {self._name} worker was closed") from None
            raise
        except TimeoutError as error:
            if len(error.args) > 1:  # pebble's own; a task's TimeoutError passes through
                self.restarts += 1
                log.warning("%s overran %s s and was killed", getattr(task, "__name__", task), timeout)
                raise TaskTimeout(f"{getattr(task, '__name__', task)} took longer than {timeout} s") from error
            raise
        except Exception as error:
            if type(error).__name__ == "ProcessExpired":
                self.restarts += 1
                raise TaskCrashed(str(error)) from error
            raise

    def _schedule(self, task: Callable[..., T], arguments: tuple, timeout: float) -> Future[T]:
        if self._pool is None:
            from multiprocessing import get_context

            from pebble import ProcessPool

            self._pool = ProcessPool(
                max_workers=1,
                initializer=_start,
                initargs=(self._initializer, self._arguments),
                context=get_context("spawn"),
            )
        try:
            return self._pool.schedule(task, args=arguments, timeout=timeout)
        except RuntimeError as error:  # the pool noticed that it is broken or stopped
            raise BrokenProcessPool(str(error)) from error

    def _drop(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.stop()
            if self._running is not None:
                self._running.cancel()  # a stopped pool leaves it open, and somebody may wait
            pool.join(timeout=5)

    async def rest(self) -> None:
        """End the process when nothing runs; the next task starts another."""
        async with self._turn.taken(0):
            await asyncio.to_thread(self._drop)

    def close(self) -> None:
        """For good. Blocks up to a few seconds; the process is killed."""
        self._closed = True
        try:
            self._drop()
        except TimeoutError:
            log.warning("the %s worker did not end", self._name)


class _Turn:
    """One at a time; the others wait in order of urgency, then of arrival. Who is cancelled leaves the line."""

    def __init__(self) -> None:
        self._line: list[tuple[int, int, asyncio.Future]] = []
        self._count = 0
        self._busy = False

    @contextlib.asynccontextmanager
    async def taken(self, urgency: int) -> AsyncIterator[None]:
        if self._busy:
            ticket = asyncio.get_running_loop().create_future()
            self._count += 1
            heapq.heappush(self._line, (urgency, self._count, ticket))
            try:
                await ticket
            except asyncio.CancelledError:
                if ticket.done() and not ticket.cancelled():
                    self._next()  # called up and cancelled in the same moment
                raise
        self._busy = True
        try:
            yield
        finally:
            self._next()

    def _next(self) -> None:
        while self._line:
            ticket = heapq.heappop(self._line)[2]
            if not ticket.done():
                ticket.set_result(None)  # stays busy: the turn is handed on
                return
        self._busy = False


def _seen(future: asyncio.Future) -> None:
    if not future.cancelled():
        future.exception()  # an abandoned task's failure is nobody's news


def _start(initializer: Callable[..., None], arguments: tuple) -> None:
    """In the worker process: nothing it runs may write to the protocol's stream, or outlive the server."""
    import os
    import sys

    os.dup2(2, 1)
    sys.stdout = sys.stderr
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    _die_with_parent()
    with contextlib.suppress(OSError, AttributeError):
        os.nice(2)
    initializer(*arguments)


def _die_with_parent() -> None:
    import os
    import threading
    import time

    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(2)
        os._exit(0)

    threading.Thread(target=watch, daemon=True, name="parent-watch").start()
