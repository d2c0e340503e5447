"""Everything one editor window has: settings, workspaces, the analysis worker, the tie to an engine. Composition only.

`initialize` remembers, `start` (after `initialized`) builds; features await `ready`. The heavy imports happen in
`start`, off the event loop.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from lsprotocol import types

from seal_lsp.assist.permitted import permitted
from seal_lsp.lsp.configuration import Configuration
from seal_lsp.lsp.documents import PYTHON, Snapshot, file_of, snapshot

if TYPE_CHECKING:
    from seal_lsp.assist.analysis import Analysis
    from seal_lsp.assist.engine_link import EngineLink
    from seal_lsp.assist.hover import Hovers
    from seal_lsp.assist.inline import Inline
    from seal_lsp.assist.menu import Menus
    from seal_lsp.lsp.announce import Announcer
    from seal_lsp.lsp.feedback import FeedbackDesk
    from seal_lsp.lsp.foreword import Foreword
    from seal_lsp.lsp.server import SealServer
    from seal_lsp.lsp.watching import Watching
    from seal_lsp.settings.schema import Settings
    from seal_lsp.store.paths import Paths

T = TypeVar("T")
log = logging.getLogger(__name__)

HEAVY = ("pebble", "pydantic", "seal_lsp.assist.analysis", "seal_lsp.assist.inline", "seal_lsp.lsp.watching")


class Desk:
    paths: Paths
    analysis: Analysis
    link: EngineLink
    menus: Menus
    inline: Inline
    hovers: Hovers
    announcer: Announcer
    feedback: FeedbackDesk
    foreword: Foreword
    watching: Watching

    def __init__(self, server: SealServer) -> None:
        self.server = server
        self.configuration = Configuration(server)
        self._ready = asyncio.Event()
        self._newest: dict[tuple[str, str], asyncio.Task] = {}
        self._tasks: set[asyncio.Task] = set()
        self._told: set[str] = set()
        self._closed = False
        self._borrowed: tempfile.TemporaryDirectory | None = None

    # -- life

    def initialize(self, params: types.InitializeParams) -> None:
        self.configuration.initialize(params.initialization_options)

    async def start(self) -> None:
        try:
            await asyncio.to_thread(_import_heavy)
            await self.configuration.start()
            self._build()
        finally:
            self._ready.set()
        self.configuration.listen(lambda: self.background(self.link.point_at(engine_url(self.settings))))
        self.announcer.start()
        self.watching.start()
        self.background(self.feedback.follow())
        self._follow_client()

    def _build(self) -> None:
        from seal_lsp.assist.analysis import Analysis
        from seal_lsp.assist.engine_link import EngineLink
        from seal_lsp.assist.hover import Hovers
        from seal_lsp.assist.inline import Inline
        from seal_lsp.assist.menu import Menus
        from seal_lsp.lsp.announce import Announcer
        from seal_lsp.lsp.feedback import FeedbackDesk
        from seal_lsp.lsp.foreword import Foreword
        from seal_lsp.lsp.watching import Watching
        from seal_lsp.lsp.why import Shown
        from seal_lsp.settings.load import engine_variables
        from seal_lsp.store.paths import Paths

        self.paths = Paths.default()
        self.analysis = Analysis(self._index(), lambda: self.settings.python.interpreter or "")
        self.analysis.roots = self.roots()
        self.link = EngineLink(
            self.paths, url=engine_url(self.settings), variables=lambda: engine_variables(self.settings)
        )
        self.menus = Menus(self.analysis, self.link, lambda: self.settings.completion.rank_deadline_ms)
        self.inline = Inline(self.analysis, self.link, lambda: self.settings)
        self.hovers = Hovers(self.analysis, self.link, lambda: self.settings)
        self.announcer = Announcer(self)
        self.foreword = Foreword(self)
        self.watching = Watching(self)
        self.feedback = FeedbackDesk(self)
        self.shown = Shown()

    def _index(self) -> Path:
        """Where what libraries offer is kept; in a home that cannot be written, a folder that goes with this server."""
        problem = self.paths.unwritable()
        if not problem:
            return self.paths.index
        self.tell_once(f"seal-lsp: {problem}. No model is asked, nothing is learned; SEAL_HOME names another folder.")
        self._borrowed = tempfile.TemporaryDirectory(prefix="seal-lsp-")
        return Path(self._borrowed.name) / self.paths.index.name

    def _follow_client(self) -> None:
        """End with the editor even when it died without closing our input."""
        if self.server.process_id:
            self.background(self._follow_editor(self.server.process_id))

    async def _follow_editor(self, process_id: int) -> None:
        import psutil

        while psutil.pid_exists(process_id):
            await asyncio.sleep(10)
        log.warning("the editor (%s) is gone", process_id)
        self.close()
        os._exit(1)

    async def stop(self) -> None:
        for task in (*self._tasks, *self._newest.values()):
            task.cancel()
        if self.built:
            await self.feedback.write()
            await self.link.stop()

    def close(self) -> None:
        """The last thing before the process ends; may be called from anywhere, again and again."""
        if not self._closed:
            self._closed = True
            if self.built:
                self.analysis.close()
            if self._borrowed is not None:
                self._borrowed.cleanup()

    @property
    def built(self) -> bool:
        return hasattr(self, "watching")

    async def ready(self) -> bool:
        """Wait until `start` is through. False when it failed."""
        await self._ready.wait()
        return self.built

    # -- what features ask for

    @property
    def settings(self) -> Settings:
        return self.configuration.settings

    def settings_of(self, document: Snapshot) -> Settings:
        """Those of the document's workspace folder."""
        return self.configuration.of(self.analysis.root_of(document.path))

    def roots(self) -> tuple[Path, ...]:
        """The workspace folders on disk; the deprecated rootUri where there are none."""
        workspace = self.server.workspace
        uris = [folder.uri for folder in workspace.folders.values()] or [workspace.root_uri]
        found = (file_of(uri) for uri in uris if uri)
        return tuple(path for path in found if path)

    def snapshot(self, uri: str) -> Snapshot | None:
        """The document if it is open and Python; None otherwise."""
        found = snapshot(self.server.workspace, uri)
        return found if found is not None and found.language == PYTHON else None

    def answerable(self, document: Snapshot) -> bool:
        """False for what is too large to be read between two keys; the user is told once."""
        limit = self.settings_of(document).files.max_kb * 1024
        if len(document.text) <= limit:
            return True
        name = document.path.name if document.path else document.uri
        self.tell_once(f"seal-lsp: {name} is larger than files.max_kb ({limit // 1024} KiB): no answers there")
        return False

    async def may_send(self, document: Snapshot) -> bool:
        """Whether this document's text may reach the engine: not what is ignored, secret or outside the workspace."""
        if document.path is None:
            return True
        exclude = self.settings_of(document).files.exclude
        return await asyncio.to_thread(permitted, document.path, self.analysis.roots, exclude)

    async def status_report(self) -> dict[str, Any]:
        """What `seal.status` answers."""
        from seal_lsp.lsp.announce import status_message

        workspaces = []
        for root in self.roots():
            facts = await self.analysis.environment(root)
            prefix = str(facts.environment.prefix) if facts.environment else ""
            decisions = self.watching.decisions.get(root, ())
            workspaces.append(
                {
                    "root": str(root),
                    "environment": prefix,
                    "libraries": len(facts.libraries),
                    "problem": facts.problem,
                    "decisions": [
                        {"library": str(d.library), "verdict": d.verdict, "reason": d.reason} for d in decisions
                    ],
                }
            )
        message = status_message(self.link.status, self.link.problem, self.link.off)
        return {**message, "workspaces": workspaces, "log": str(self.paths.log / "server.log")}

    async def newest(self, method: str, uri: str, work: Coroutine[Any, Any, T]) -> T | None:
        """Run `work` unless a newer request of its kind for its document comes: then this one ends with None.

        A client's cancellation cancels the work and is raised again.
        """
        key = (method, uri)
        previous = self._newest.get(key)
        if previous is not None:
            previous.cancel()
        task = self._newest[key] = asyncio.ensure_future(work)
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            task.cancel()
            raise
        finally:
            if self._newest.get(key) is task:
                del self._newest[key]
        return None if task.cancelled() else task.result()

    def background(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task:
        """Run something that nobody waits for; its failure is logged."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("background work failed", exc_info=task.exception())

    def tell_once(self, text: str, kind: types.MessageType = types.MessageType.Warning) -> None:
        """window/showMessage, the same words never twice in a session."""
        if text not in self._told:
            self._told.add(text)
            self.server.window_show_message(types.ShowMessageParams(type=kind, message=text))


def engine_url(settings: Settings) -> str:
    """The setting, unless the environment switches the engine off."""
    switch = os.environ.get("SEAL_ENGINE", "")
    return "off" if switch.lower() in ("off", "none", "0", "disabled") else settings.engine.url or ""


def _import_heavy() -> None:
    for name in HEAVY:
        importlib.import_module(name)
