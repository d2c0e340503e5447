"""The engine, put together: model, adapters, generation queue, learning, ledger; one method per thing it can be asked.

Knows the SEAL API's messages, not HTTP (app.py), nor sockets and lifetime (daemon.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from seal_lsp.core.errors import SealError
from seal_lsp.core.learning import Case
from seal_lsp.core.library import LibraryId
from seal_lsp.core.lm import LanguageModel
from seal_lsp.core.protocol import ChangeReply, LearnedDetail, LearnedLibrary, Status
from seal_lsp.engine.activation import Activation
from seal_lsp.engine.answers import Answers
from seal_lsp.engine.events import EventHub
from seal_lsp.engine.generation import GenerationQueue, Priority
from seal_lsp.engine.learned import detail, known_libraries, probes
from seal_lsp.engine.learner import LEARNER
from seal_lsp.engine.learning import LearningQueue
from seal_lsp.engine.model_host import ModelHost, ModelSource
from seal_lsp.engine.routing import AdapterRouter
from seal_lsp.engine.usage import UsageLines
from seal_lsp.engine.usage_context import LineContexts, write_line
from seal_lsp.engine.yielding import TYPING, Yielding
from seal_lsp.store.adapters import AdapterStore
from seal_lsp.store.ledger import Ledger

if TYPE_CHECKING:
    from seal_lsp.engine.usage import Writer
    from seal_lsp.store.paths import Paths

log = logging.getLogger(__name__)

RESOLVE_AGAIN_S = 5.0
NO_EDITOR = "no editor is open (learn.without_editor)"
UNTOLD = {"", TYPING}  # typing comes and goes too often to be told


class Engine:
    """Use `async with engine.running():` around everything else. `learner_command` and `write_line` are parameters
    for tests; `resolve` says which model (see model_host.resolve_model), `strain` why learning should wait;
    `without_editor` is the setting of that name."""

    def __init__(
        self,
        paths: Paths,
        resolve: Callable[[], ModelSource],
        *,
        learn: bool = True,
        adjust: Callable[[dict], dict] = dict,
        learner_command: Sequence[str] = LEARNER,
        writer: Writer = write_line,
        strain: Callable[[], str] = lambda: "",
        without_editor: bool = True,
    ) -> None:
        self.paths = paths
        self.hub = EventHub()
        self.store = AdapterStore(paths.adapters)
        self.ledger = Ledger(paths.ledger)
        self.host = ModelHost(resolve, self._router)
        self.queue = GenerationQueue()
        alone = lambda: "" if without_editor or self.hub.listeners else NO_EDITOR  # noqa: E731
        self.yielding = Yielding(self._hold, strain=lambda: alone() or strain())
        self.answers = Answers(self.host, self.queue, self.yielding.answering, self._changed)
        self.usage = UsageLines(paths.cache / "usage_lines", self.host, self.queue, LineContexts(paths.index), writer)
        self.activation = Activation(
            self.store, self.ledger, paths.cycles, self.host, self.queue, self.hub, self.usage.drop, self.answers.warm
        )
        self.learning = LearningQueue(
            paths.cycles,
            paths.data / "learning.paused",
            self.host,
            self.activation,
            self.hub,
            enabled=learn,
            adjust=adjust,
            learner_command=learner_command,
            on_change=self._changed,
        )
        self.stop_requested = asyncio.Event()
        self._change = asyncio.Event()
        self._began = time.monotonic()
        self._libraries: tuple[LearnedLibrary, ...] = ()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Engine]:
        self.hub.bind()
        self.queue.start()
        work = (self._bring_up_model(), self._announce(), self.activation.prune(), self.yielding.watch())
        tasks = [asyncio.create_task(one) for one in work]
        await self.learning.start()
        self._changed()
        try:
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await self.quiesce()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def quiesce(self) -> None:
        """End streams, generation and learning, so that nothing keeps the process. Can be called twice."""
        self.hub.close()
        self.usage.close()
        self.queue.close()
        await self.learning.close()

    def status(self) -> Status:
        host, learning = self.host, self.learning.learning
        state, kind, message = self._words()
        info = host.model.info if host.model else None
        return Status(
            state=state,
            kind=kind,
            message=message,
            model=info.id if info else host.source.name if host.source else "",
            runtime=f"{info.runtime} {info.device}".strip() if info else "",
            learning=learning,
            queue=self.learning.waiting,
            libraries=self._libraries,
            paused=self.learning.paused,
            version=_version(),
            pid=os.getpid(),
            uptime_s=round(time.monotonic() - self._began, 1),
        )

    async def libraries(self) -> tuple[LearnedLibrary, ...]:
        base = self.host.source.digest if self.host.source else ""
        learning = self.learning.learning
        self._libraries = await asyncio.to_thread(
            known_libraries,
            self.store,
            self.paths.cycles,
            base,
            learning=learning.library if learning else "",
            waiting=self.learning.waiting,
            paused=self.learning.paused,
        )
        return self._libraries

    async def learned(self, library: str) -> LearnedDetail:
        base = self.host.base().digest
        return await asyncio.to_thread(detail, self.store, self.ledger, LibraryId.parse(library), base)

    async def probes(self, library: str) -> tuple[Case, ...]:
        base = self.host.base().digest
        return await asyncio.to_thread(probes, self.store, self.paths.cycles, LibraryId.parse(library), base)

    async def audit(self, *, subject: str, kind: str, after: int, limit: int | None) -> list[dict]:
        """In the order they were written; a limit without `after` gives the newest."""
        newest = limit is not None and not after
        rows = await asyncio.to_thread(
            self.ledger.rows, subject=subject, kind=kind, after=after, limit=limit, newest=newest
        )
        return [row.as_dict() for row in rows]

    async def forget(self, library: str) -> ChangeReply:
        identity = LibraryId.parse(library)
        async with self.learning.changing:
            await self.learning.abandon(identity)
            reply = await self.activation.forget(identity)
        self._changed()
        return reply

    async def rollback(self, library: str) -> ChangeReply:
        reply = await self.activation.rollback(LibraryId.parse(library))
        self._changed()
        return reply

    def _router(self, model: LanguageModel) -> AdapterRouter:
        return AdapterRouter(self.store, model, self.activation.unusable)

    def _words(self) -> tuple[str, str, str]:
        """state, kind and message of the status."""
        host, learning = self.host, self.learning.learning
        if host.state == "problem" and host.problem is not None:
            return "problem", "Error", str(host.problem)
        if self.learning.paused:
            return "paused", "Inactive", "learning is paused; suggestions go on"
        if learning is not None:
            held = self.learning.held
            said = f"waits, {held}" if held not in UNTOLD else learning.message or learning.phase
            return "learning", "Normal", f"learning {learning.library}: {said}"
        if host.state == "loading":
            return "loading", "Normal", "the model is loading"
        if warning := host.trouble or (host.source.bare if host.source else ""):
            return "ready", "Warning", warning
        live = sum(library.state == "live" for library in self._libraries)
        return "ready", "Normal", f"{live} {'library' if live == 1 else 'libraries'} learned"

    def _hold(self, reason: str) -> None:
        before = self.learning.held
        self.learning.hold(reason)
        if not {before, reason} <= UNTOLD:
            self._changed()

    def _changed(self) -> None:
        self._change.set()

    async def _announce(self) -> None:
        """One status event for each burst of changes."""
        while True:
            await self._change.wait()
            self._change.clear()
            try:
                await self.libraries()
            except SealError:
                log.exception("libraries cannot be listed")
            self.hub.publish("status", self.status())

    async def _bring_up_model(self) -> None:
        """Load the model; where there is none, look again from time to time: it may be pulled, its server started."""
        while not await asyncio.to_thread(self.host.resolve):
            self._changed()
            await asyncio.sleep(RESOLVE_AGAIN_S)
        self.learning.wake()
        self._changed()
        said = ""
        while True:
            await self.queue.run(self.host.load, Priority.CONTROL)
            if said != (said := str(self.host.problem)):
                self.learning.wake()
                self._changed()
            if self.host.state == "ready" or not self.host.base().elsewhere:
                return
            await asyncio.sleep(RESOLVE_AGAIN_S)


def _version() -> str:
    try:
        return version("seal-lsp")
    except PackageNotFoundError:
        return ""
