"""The generation queue: one worker thread that alone touches the language model.

Typing (rank, complete) goes before usage lines and stops one that is running; that one is begun again later. Nobody
holds a lock while the model works: callers await a future. Knows nothing of requests, adapters or HTTP.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from enum import IntEnum
from itertools import count
from typing import Any, Generic, TypeVar

from seal_lsp.core.errors import Cancelled, EngineUnavailable
from seal_lsp.core.lm import Cancel

log = logging.getLogger(__name__)
T = TypeVar("T")


class Priority(IntEnum):
    CONTROL = 0  # load or drop a model or an adapter
    TYPING = 1
    BACKGROUND = 2


class Job(Generic[T]):
    """Work to be done by the worker; `work` is handed a Cancel that it must look at."""

    def __init__(self, work: Callable[[Cancel], T], priority: Priority) -> None:
        self.work = work
        self.priority = priority
        self.future: Future[T] = Future()
        self._stop = threading.Event()
        self._preempt = threading.Event()

    def is_set(self) -> bool:
        """This job is its own Cancel: stopped for good, or asked to make way."""
        return self._stop.is_set() or self._preempt.is_set()

    def stop(self) -> None:
        self._stop.set()
        self.future.cancel()  # at once if it still waits; a running one ends at its next token

    def make_way(self) -> None:
        self._preempt.set()

    def made_way(self) -> bool:
        return self._preempt.is_set() and not self._stop.is_set()

    def begin(self) -> bool:
        """False when nobody waits for it any more."""
        self._preempt.clear()
        if not self.future.running():
            return self.future.set_running_or_notify_cancel()
        if self._stop.is_set():  # stopped while it waited for its second turn
            self.future.set_exception(Cancelled("stopped on request"))
            return False
        return True


class GenerationQueue:
    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Job[Any]]] = []
        self._changed = threading.Condition()
        self._order = count()
        self._running: Job[Any] | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="generation", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def submit(self, work: Callable[[Cancel], T], priority: Priority) -> Job[T]:
        job = Job(work, priority)
        with self._changed:
            if self._closed:
                job.future.set_exception(EngineUnavailable("the engine is stopping"))
                return job
            self._push(job)
            running = self._running
            if running is not None and running.priority is Priority.BACKGROUND and priority < Priority.BACKGROUND:
                running.make_way()
        return job

    async def run(self, work: Callable[[Cancel], T], priority: Priority) -> T:
        """Submit and wait; cancelling the awaiting task stops the job."""
        return await self.wait(self.submit(work, priority))

    async def wait(self, job: Job[T]) -> T:
        try:
            return await asyncio.wrap_future(job.future)
        except asyncio.CancelledError:
            job.stop()
            task = asyncio.current_task()
            if task is not None and task.cancelling() == 0:  # the job was stopped by its name, not this task
                raise Cancelled("stopped on request") from None
            raise

    def close(self) -> None:
        """Stop everything; what waits fails with EngineUnavailable. Does not wait for the worker."""
        with self._changed:
            self._closed = True
            waiting = [job for _, _, job in self._heap]
            self._heap.clear()
            if self._running is not None:
                self._running.stop()
            self._changed.notify_all()
        for job in waiting:
            if job.begin():
                job.future.set_exception(EngineUnavailable("the engine is stopping"))

    def _push(self, job: Job[Any]) -> None:
        heapq.heappush(self._heap, (job.priority, next(self._order), job))
        self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._running = None
                while not self._heap and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return
                job = heapq.heappop(self._heap)[2]
                if not job.begin():
                    continue
                self._running = job
            self._do(job)

    def _do(self, job: Job[Any]) -> None:
        try:
            result = job.work(job)
        except BaseException as error:
            if job.made_way() and isinstance(error, Cancelled):
                with self._changed:
                    if not self._closed:
                        self._push(job)
                        return
            if not isinstance(error, Exception):
                log.exception("the generation worker was hit by %s", type(error).__name__)
            job.future.set_exception(error)
        else:
            job.future.set_result(result)
