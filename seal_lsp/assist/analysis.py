"""The server's side of the analysis worker: workspaces, their environments, and questions about a text.

Two processes at most: one answers while the developer types, one (started when needed, ended when idle) reads whole
libraries and workspaces. A question that overruns its time is answered with nothing. Knows no LSP and no engine.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from seal_lsp.assist import tasks
from seal_lsp.assist.facts import (
    CompletionFacts,
    CutText,
    EnvironmentFacts,
    HoverFacts,
    LibraryAt,
    Notes,
    Place,
)
from seal_lsp.assist.worker import AnalysisWorker, TaskCrashed, TaskTimeout
from seal_lsp.core.library import Environment, InstalledLibrary

T = TypeVar("T")
log = logging.getLogger(__name__)

NEAR_S = 5.0  # a jedi inference that takes longer will not come back
SLOW_S = 60.0  # how long jedi is left alone where it did not
FAR_S = 180.0
MENU_PATIENCE_S = 2.0
HOVER_PATIENCE_S = 1.0
FAR_IDLE_S = 60.0
COUNTING_WAITS = 10**9  # every library that is to be read goes before
NO_ROOT = Path()


class Analysis:
    """`interpreter` is asked for the setting of that name whenever an environment is looked for."""

    def __init__(self, index: Path, interpreter: Callable[[], str]) -> None:
        self._interpreter = interpreter
        variables = {k: v for k, v in os.environ.items() if k in ("VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV")}
        self._variables = variables
        self._near = AnalysisWorker(tasks.start, (str(index), False), name="near")
        self._far = AnalysisWorker(tasks.start, (str(index), True), name="far")
        self._environments: dict[Path, asyncio.Task[EnvironmentFacts]] = {}
        self._reading: dict[str, asyncio.Task] = {}  # by the library's fingerprint
        self._counting: dict[str, asyncio.Task] = {}
        self._since: dict[str, float] = {}
        self._slow: dict[str, float] = {}
        self._far_rest: asyncio.TimerHandle | None = None
        self.roots: tuple[Path, ...] = ()

    def root_of(self, path: Path | None) -> Path:
        """The innermost workspace folder that holds the path; the file's own folder where none does."""
        if path is None:
            return self.roots[0] if self.roots else NO_ROOT
        holding = [root for root in self.roots if path.is_relative_to(root)]
        return max(holding, key=lambda root: len(root.parts), default=path.parent)

    async def environment(self, root: Path) -> EnvironmentFacts:
        """Found once per workspace and kept until `forget_environment`."""
        task = self._environments.get(root)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = asyncio.ensure_future(self._find(root))
            self._environments[root] = task
        return await asyncio.shield(task)

    async def _find(self, root: Path) -> EnvironmentFacts:
        found = await self._ask(tasks.environment, str(root), self._interpreter(), self._variables, timeout=NEAR_S * 4)
        return found or EnvironmentFacts(None, (), "reading the environment took too long")

    def forget_environment(self, root: Path | None = None) -> None:
        """What is installed may have changed: look again next time."""
        if root is None:
            self._environments.clear()
        else:
            self._environments.pop(root, None)

    async def place(self, path: Path | None) -> Place:
        root = self.root_of(path)
        facts = await self.environment(root)
        return Place(str(path) if path else "", str(root), facts.environment)

    async def completions(self, text: str, offset: int, place: Place) -> CompletionFacts | None:
        return await self._about(place, MENU_PATIENCE_S, tasks.completions, text, offset)

    async def notes(self, text: str, offset: int, characters: int, place: Place) -> Notes:
        return await self._about(place, 0, tasks.notes, text, offset, characters) or Notes("", ())

    async def hover(self, text: str, offset: int, place: Place) -> HoverFacts | None:
        return await self._about(place, HOVER_PATIENCE_S, tasks.hover, text, offset)

    async def describe(self, qualname: str, library: str, root: Path) -> HoverFacts | None:
        """A library's symbol by name; None when it is not (or no longer) installed there."""
        facts = await self.environment(root)
        if facts.environment is None or not any(str(lib.id) == library for lib in facts.libraries):
            return None
        return await self._ask(tasks.describe, qualname, library, facts.environment)

    async def libraries_at(self, text: str, start: int, end: int, place: Place) -> tuple[LibraryAt, ...]:
        return await self._about(place, 0, tasks.libraries_at, text, start, end) or ()

    async def cut(self, prefix: str, text: str, place: Place) -> CutText:
        """Nothing at all when it cannot be checked."""
        return await self._about(place, MENU_PATIENCE_S, tasks.cut, prefix, text) or CutText("")

    async def prepare(self, text: str, place: Place) -> None:
        """Have the libraries that a text imports read, ahead of the first question about them."""
        await self._about(place, 0, tasks.warm, text)

    async def _about(self, place: Place, patience: float, task: Callable[..., T], *arguments: Any) -> T | None:
        """Ask; what was missing is read beside and asked about again, if that takes no longer than `patience` from
        the first question on."""
        now = asyncio.get_running_loop().time()
        if self._slow.get(place.path, 0) > now:
            place = replace(place, quick=True)
        reply = await self._ask(tasks.answer, task, *arguments, place)
        if reply is None:
            self._slow[place.path] = now + SLOW_S
            return None
        found, missing, uncounted = reply
        if place.environment is None:
            return found
        for mark, library in uncounted.items():
            self._count(mark, library, place.environment)
        if not missing:
            return found
        reading = [self._read(mark, library, place.environment) for mark, library in missing.items()]
        left = max(self._since[mark] for mark in missing) + patience - asyncio.get_running_loop().time()
        if patience and left > 0:
            await asyncio.wait(reading, timeout=left)
        if patience and any(read.done() and not read.cancelled() and read.result() for read in reading):
            reply = await self._ask(tasks.answer, task, *arguments, place)
        return reply.found if reply is not None else None

    def _count(self, mark: str, library: InstalledLibrary, environment: Environment) -> None:
        """Beside the typing; nobody waits for it. Once in a session."""
        if mark not in self._counting:
            task = self.far(tasks.count_habits, library, environment, urgency=_size(library) + COUNTING_WAITS)
            self._counting[mark] = asyncio.ensure_future(task)

    def _read(self, mark: str, library: InstalledLibrary, environment: Environment) -> asyncio.Task:
        """Once in a session: what could not be read is not tried again."""
        if mark not in self._reading:
            self._since[mark] = asyncio.get_running_loop().time()
            self._reading[mark] = asyncio.ensure_future(self._read_library(library, environment))
        return self._reading[mark]

    async def _read_library(self, library: InstalledLibrary, environment: Environment) -> bool:
        try:
            return bool(await self.far(tasks.read_library, library, environment, urgency=_size(library)))
        except Exception:  # a full disk or a damaged index: the facts that jedi finds are still served
            log.exception("%s cannot be read", library.id)
            return False

    async def far(self, task: Callable[..., T], *arguments: Any, timeout: float = FAR_S, urgency: int = 0) -> T | None:
        """Run something long beside the typing, the smallest `urgency` first. None when it overran or died."""
        if self._far_rest is not None:
            self._far_rest.cancel()
        try:
            return await self._far.run(task, *arguments, timeout=timeout, urgency=urgency)
        except (TaskTimeout, TaskCrashed) as error:
            log.warning("%s", error)
            return None
        finally:
            loop = asyncio.get_running_loop()
            self._far_rest = loop.call_later(FAR_IDLE_S, lambda: loop.create_task(self._far.rest()))

    async def _ask(self, task: Callable[..., T], *arguments: Any, timeout: float = NEAR_S) -> T | None:
        try:
            return await self._near.run(task, *arguments, timeout=timeout)
        except (TaskTimeout, TaskCrashed) as error:
            log.warning("%s", error)
            return None

    def close(self) -> None:
        if self._far_rest is not None:
            self._far_rest.cancel()
        for worker in (self._near, self._far):
            worker.close()


def _size(library: InstalledLibrary) -> int:
    """Small libraries are read first: one huge import must not keep the others waiting."""
    try:
        return (library.dist_info / "RECORD").stat().st_size if library.dist_info else 1
    except OSError:
        return 1
