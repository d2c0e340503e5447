"""The learning queue: one operation at a time; a request for a library that waits or runs coalesces with it.

Every accepted request is a folder on disk before it is answered, so nothing is lost with the engine: what is
unfinished when an engine starts is taken up again. Knows the learner process, not what it does; what an outcome
changes is activation.py's.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from seal_lsp.core.errors import Cancelled, SealError
from seal_lsp.core.learning import LearnJob
from seal_lsp.core.library import LibraryId
from seal_lsp.core.protocol import Learning, LearnReply, LearnRequest
from seal_lsp.engine.activation import AUTOMATIC, Activation
from seal_lsp.engine.cycles import Cycle, all_cycles, new_cycle, new_id
from seal_lsp.engine.events import EventHub
from seal_lsp.engine.learner import LEARNER, LearnerProcess, kill_orphan, overall
from seal_lsp.engine.model_host import ModelHost

log = logging.getLogger(__name__)

UNSAID = (SealError.exit_code, Cancelled.exit_code)  # any crash ends with the first; a subclass may inherit it
SAID = {kind.exit_code: kind.__name__ for kind in SealError.__subclasses__() if kind.exit_code not in UNSAID}
DEATHS_AT_MOST = 3  # without getting one phase further in between


@dataclass
class Current:
    cycle: Cycle
    learning: Learning
    process: LearnerProcess | None = None
    abandoned: bool = False
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class LearningQueue:
    def __init__(
        self,
        root: Path,
        pause_flag: Path,
        host: ModelHost,
        activation: Activation,
        hub: EventHub,
        *,
        enabled: bool = True,
        adjust: Callable[[dict], dict] = dict,
        learner_command: Sequence[str] = LEARNER,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._root = root
        self._pause_flag = pause_flag
        self._host = host
        self._activation = activation
        self._hub = hub
        self._enabled = enabled
        self._adjust = adjust
        self._command = tuple(learner_command)
        self._on_change = on_change
        self._waiting: deque[Cycle] = deque()
        self._current: Current | None = None
        self._wake = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task | None = None
        self.changing = asyncio.Lock()  # held by whoever adds to the queue or forgets
        self.paused = pause_flag.exists()
        self.held = ""

    @property
    def learning(self) -> Learning | None:
        return self._current.learning if self._current else None

    @property
    def waiting(self) -> tuple[str, ...]:
        return tuple(str(cycle.library) for cycle in self._waiting)

    @property
    def busy(self) -> bool:
        """Work is under way or about to be: the engine must stay. Paused work waits on disk just as well."""
        return not self.paused and (self._current is not None or self._can_begin())

    async def start(self) -> None:
        """Take up what an earlier engine left, then work."""
        for cycle in await asyncio.to_thread(all_cycles, self._root):
            if not cycle.settled:
                await asyncio.to_thread(kill_orphan, cycle.folder)
                cycle.clear_broken_pipe()
                self._waiting.append(cycle)
        self._task = asyncio.create_task(self._work())

    async def close(self) -> None:
        """Stop the learner where it can be resumed; the folders keep the queue."""
        self._closing = True
        self._wake.set()
        if self._current and self._current.process:
            await self._current.process.stop()
        if self._task is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def wake(self) -> None:
        """The model's state changed: what could not begin may be able to now."""
        self._wake.set()

    async def request(self, request: LearnRequest) -> LearnReply:
        """Raises UsageError for what is not a library at a version, ModelError when there is no base to learn into."""
        library = LibraryId.parse(request.library)
        async with self.changing:
            return await self._request(library, request)

    async def _request(self, library: LibraryId, request: LearnRequest) -> LearnReply:
        if not self._enabled and request.reason in AUTOMATIC:
            return LearnReply("", "refused", "learning is switched off (learn.enabled)")
        base = self._host.base()
        if base.bare:
            return LearnReply("", "refused", base.bare)
        if self._current and self._current.cycle.library == library and not self._current.abandoned:
            return LearnReply(self._current.cycle.id, "coalesced")
        for place, cycle in enumerate(self._waiting):
            if cycle.library == library:
                if request.force and not cycle.job.force:
                    self._waiting[place] = cycle.with_job(replace(cycle.job, force=True))
                return LearnReply(cycle.id, "coalesced")
        if not request.force:
            reply = await asyncio.to_thread(self._activation.already, library, base, request.reason)
            if reply is not None:
                return reply
        if request.reason == "upgrade":
            await asyncio.to_thread(self._activation.unroute_others, library, base.digest, request.environment)
        job = LearnJob(
            cycle=new_id(library),
            library=library,
            environment=request.environment,
            roots=tuple(request.roots),
            reason=request.reason,
            model=base.spec,
            force=request.force,
            overrides=self._adjust(request.overrides),
            held_out=tuple(request.held_out),
        )
        self._waiting.append(await asyncio.to_thread(new_cycle, self._root, job))
        self._wake.set()
        self._on_change()
        return LearnReply(job.cycle, "queued")

    def pause(self) -> None:
        self._pause_flag.parent.mkdir(parents=True, exist_ok=True)
        self._pause_flag.touch()
        self.paused = True
        self._stop_or_go()
        self._on_change()

    def resume(self) -> None:
        self._pause_flag.unlink(missing_ok=True)
        self.paused = False
        self._stop_or_go()
        self._wake.set()
        self._on_change()

    def hold(self, reason: str) -> None:
        """Learning waits for `reason` (yielding.py), or goes on with ''. Unlike a pause it is not remembered."""
        self.held = reason
        self._stop_or_go()

    def _stop_or_go(self) -> None:
        if self._current and self._current.process:
            if self.paused or self.held:
                self._current.process.pause()
            else:
                self._current.process.resume()

    async def abandon(self, library: LibraryId) -> None:
        """Forgetting covers what is being learned: stop it, delete its folders, and return when nothing of it can
        still go live. Called with `changing` held."""
        for cycle in [c for c in self._waiting if c.library == library]:
            self._waiting.remove(cycle)
            cycle.remove()
        current = self._current
        if current and current.cycle.library == library:
            current.abandoned = True
            if current.process:
                await current.process.stop()
            await current.ended.wait()

    async def _work(self) -> None:
        while not self._closing:
            self._wake.clear()
            if self.paused or not self._can_begin():
                await self._wake.wait()
                continue
            cycle = self._waiting.popleft()
            self._current = Current(cycle, Learning(cycle.id, str(cycle.library), "known", 0.0, "starting"))
            self._on_change()
            try:
                await self._learn(self._current)
            except Exception:
                log.exception("cycle %s", cycle.id)
                message = f"learning {cycle.library} failed inside the engine"
                problem = {"type": "SealError", "message": message, "hint": "see engine.log"}
                self._hub.publish("problem", {**problem, "library": str(cycle.library)})
            finally:
                if self._current.abandoned:
                    await asyncio.to_thread(cycle.remove)
                self._current.ended.set()
                self._current = None
                self._on_change()

    def _can_begin(self) -> bool:
        # without a model that serves, an adapter is of no use, and the learner would fail for the same reason
        return bool(self._waiting) and self._host.state == "ready"

    async def _learn(self, current: Current) -> None:
        cycle = current.cycle
        deaths, phase = 0, ""
        while cycle.outcome() is None and cycle.error() is None:
            cycle = current.cycle = await asyncio.to_thread(self._activation.prepare, cycle)
            code = await self._run_learner(current)
            if self._closing or current.abandoned:
                return
            if cycle.outcome() is not None or cycle.error() is not None:
                break
            if code in SAID:  # it knew why, but could not write it down: no space left, most likely
                cycle.fail(SAID[code], current.process.last_words, "see engine.log", code)
                break
            deaths = deaths + 1 if current.learning.phase == phase else 1
            phase = current.learning.phase
            log.warning("the learner of %s ended with %s in phase %s", cycle.id, code, phase)
            if deaths >= DEATHS_AT_MOST:
                words = current.process.last_words
                what = f"the learner ended {deaths} times ({_why(code)}) in phase {phase}"
                cycle.fail(
                    "LearnerDied", f"{what}: {words}" if words else what, "see engine.log, then learn with --force"
                )
        try:
            await self._activation.settle(cycle)
        except SealError as error:
            if self._closing:
                return  # not settled: the next engine ends it
            cycle.fail(type(error).__name__, error.message, error.hint, error.exit_code)
            await self._activation.settle(cycle)

    async def _run_learner(self, current: Current) -> int:
        cycle = current.cycle

        def report(phase: str, fraction: float, message: str) -> None:
            current.learning = Learning(cycle.id, str(cycle.library), phase, overall(phase, fraction), message)
            self._hub.publish("progress", current.learning)

        current.process = LearnerProcess(self._command, cycle.folder, report)
        await current.process.start()
        if self._closing or current.abandoned:
            current.process.kill()
        else:
            self._stop_or_go()
        return await current.process.wait()


def _why(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit {code}"
