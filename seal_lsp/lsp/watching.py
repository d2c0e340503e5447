"""Notices what the developer uses and asks the engine to learn it; follows what is installed. Decides nothing itself:
`watch.worth` does, in the analysis worker, and the engine has the last word.
"""

from __future__ import annotations

import asyncio
import logging
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from lsprotocol import types

from seal_lsp.core.errors import EnvironmentProblem, SealError, UsageError
from seal_lsp.core.protocol import Event, LearnReply, LearnRequest
from seal_lsp.lsp import scan_task
from seal_lsp.lsp.documents import file_of
from seal_lsp.store.declined import Declined

if TYPE_CHECKING:
    from collections.abc import Iterable

    from seal_lsp.core.library import Environment, InstalledLibrary
    from seal_lsp.lsp.desk import Desk
    from seal_lsp.watch.worth import Decision

log = logging.getLogger(__name__)

SOON_S = 0.3
LATER_S = 5.0
CONNECT_S = 30.0
LEARN, NEVER = "Learn", "Never"
WATCHED = "watch"  # the reason of what is not asked for by name


class Watching:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._due: dict[Path, asyncio.TimerHandle] = {}
        self._scanning: dict[Path, asyncio.Task] = {}
        self._following: dict[Path, asyncio.Task] = {}
        self._asked: set[str] = set()
        self._requested: set[str] = set()
        self._opened: set[Path] = set()
        self._connected = False
        self._declined = Declined(desk.paths.declined)
        self.decisions: dict[Path, list[Decision]] = {}  # the last ones, for `seal.status`

    def start(self) -> None:
        self._desk.link.listen(self._heard)
        self._desk.configuration.listen(self._configured)
        for root in self._desk.roots():
            self._soon(root, LATER_S)

    # -- what the editor tells

    async def opened(self, uri: str) -> None:
        document = self._desk.snapshot(uri)
        if document is None:
            return
        self._desk.link.start()
        place = await self._desk.analysis.place(document.path)
        root = Path(place.root)
        facts = await self._desk.analysis.environment(root)
        if facts.problem:
            self._desk.tell_once(f"seal-lsp: {facts.problem}")
        self._opened.add(root)
        self._follow(root)
        self._soon(root, SOON_S)
        if self._desk.answerable(document):
            await self._desk.analysis.prepare(document.text, place)

    def changed(self, uri: str) -> None:
        self._soon(self._root(uri), LATER_S)

    def saved(self, uri: str) -> None:
        root = self._root(uri)
        self._soon(root, SOON_S)
        document = self._desk.snapshot(uri)
        if document is not None:
            self._desk.background(self._prepare(uri))

    async def _prepare(self, uri: str) -> None:
        document = self._desk.snapshot(uri)
        if document is not None and self._desk.answerable(document):
            await self._desk.analysis.prepare(document.text, await self._desk.analysis.place(document.path))

    def closed(self, uri: str) -> None:
        """Nothing to do: the next scan reads the file from disk."""

    def folders_changed(self) -> None:
        roots = set(self._desk.roots())
        for root in [root for root in self._following if root not in roots]:
            self._following.pop(root).cancel()
        for root in roots:
            self._soon(root, SOON_S)

    def files_changed(self, uris: Iterable[str]) -> None:
        for root in {self._root(uri) for uri in uris}:
            self._soon(root, LATER_S)

    def _configured(self) -> None:
        self._desk.analysis.forget_environment()
        for root in self._desk.roots() or tuple(self._opened):
            self._soon(root, SOON_S)

    def _root(self, uri: str) -> Path:
        return self._desk.analysis.root_of(file_of(unquote(uri)))

    # -- looking

    def _soon(self, root: Path, seconds: float) -> None:
        """Scan when nothing has happened for a while; what is due sooner stays due."""
        loop = asyncio.get_running_loop()
        due = self._due.get(root)
        if due is not None:
            if due.when() <= loop.time() + seconds and seconds >= LATER_S:
                return
            due.cancel()
        self._due[root] = loop.call_later(seconds, self._begin, root)

    def _begin(self, root: Path) -> None:
        self._due.pop(root, None)
        running = self._scanning.get(root)
        if running is not None and not running.done():
            self._soon(root, LATER_S)
            return
        self._scanning[root] = self._desk.background(self._scan(root))

    async def _scan(self, root: Path) -> None:
        settings = self._desk.configuration.of(root)
        if not settings.learn.enabled:
            return
        facts = await self._desk.analysis.environment(root)
        if facts.environment is None:
            return
        roots = tuple(str(r) for r in self._desk.roots() if r == root)
        status = self._desk.link.status
        learned = {known.library: known.state for known in status.libraries} if status else {}
        options = {
            "trust": settings.learn.trust,
            "excluded_libraries": tuple(settings.learn.exclude),
            "exclude": tuple(settings.files.exclude),
            "max_kb": settings.files.max_kb,
        }
        documents = await self._documents(root)
        arguments = (roots, facts.environment, documents, learned)
        decisions = await self._desk.analysis.far(scan_task.run, arguments, options)
        if decisions is not None:
            self.decisions[root] = decisions
        for decision in decisions or ():
            log.info("%s: %s (%s)", decision.library, decision.verdict, decision.reason)
            await self._act(decision, root)

    async def _documents(self, root: Path) -> dict[str, str]:
        """Open documents of this workspace, as far as they may be looked at."""
        found: dict[str, str] = {}
        for uri in list(self._desk.server.workspace.text_documents):
            document = self._desk.snapshot(uri)
            if document is None or self._desk.analysis.root_of(document.path) != root:
                continue
            if await self._desk.may_send(document):
                found[uri] = document.text[document.base :]
        return found

    async def _act(self, decision: Decision, root: Path) -> None:
        library = str(decision.library)
        if decision.verdict == "skip" or library in self._requested or self._desk.link.client is None:
            return
        if not self._desk.configuration.of(root).learn.auto:
            return
        if decision.verdict == "ask":
            if library not in self._asked:
                self._asked.add(library)
                self._desk.background(self._ask(library, decision.reason, root))
            return
        await self._request(library, root)

    async def _ask(self, library: str, reason: str, root: Path) -> None:
        name = library.partition("@")[0]
        if name in await asyncio.to_thread(self._declined.names):
            return
        actions = [types.MessageActionItem(title=LEARN), types.MessageActionItem(title=NEVER)]
        params = types.ShowMessageRequestParams(
            type=types.MessageType.Info,
            message=f"Learn {library.replace('@', ' ')}? It is {reason.partition(',')[0]} here.",
            actions=actions,
        )
        answer = await self._desk.server.window_show_message_request_async(params)
        if answer is not None and answer.title == LEARN:
            reply = await self._request(library, root)
            if reply is not None:
                self._desk.announcer.asked(library, reply)
        elif answer is not None:
            try:
                await asyncio.to_thread(self._declined.add, name)
            except (OSError, SealError) as error:
                log.warning("that %s is never to be learned is not kept: %s", library, error)

    async def _request(self, library: str, root: Path) -> LearnReply | None:
        self._requested.add(library)
        try:
            reply = await self.learn(library, root, reason=WATCHED)
        except SealError as error:
            self._requested.discard(library)
            log.warning("%s is not learned: %s", library, error)
            return None
        log.info("learning %s: %s %s", library, reply.state, reply.reason)
        return reply

    async def learn(self, library: str, root: Path | None, *, reason: str, force: bool = False) -> LearnReply:
        """Ask the engine. Raises UsageError when the library is not installed in the workspace."""
        from seal_lsp.client.wire import environment_to_dict

        settings = self._desk.configuration.of(root) if root else self._desk.settings
        if not settings.learn.enabled:
            raise UsageError("learning is switched off", hint="change the setting learn.enabled")
        name = library.partition("@")[0]
        if any(fnmatchcase(name, pattern.lower()) for pattern in settings.learn.exclude):
            raise UsageError(f"{name} is excluded from learning", hint="change the setting learn.exclude")
        environment = await self._environment_with(library, root)
        if reason != WATCHED:
            await asyncio.to_thread(self._declined.remove, name)
        client = await self._desk.link.connected(CONNECT_S)
        roots = tuple(str(r) for r in self._desk.roots()) if settings.collect.workspace else ()
        return await client.learn(
            LearnRequest(
                library=library,
                environment=environment_to_dict(environment),
                roots=roots,
                reason=reason,
                force=force,
                overrides=settings.learn_overrides(),
                held_out=settings.learn.held_out,
            )
        )

    async def _environment_with(self, library: str, root: Path | None) -> Environment:
        roots = [root] if root else list(self._desk.roots()) or list(self._opened)
        problem = ""
        for candidate in roots:
            facts = await self._desk.analysis.environment(candidate)
            problem = problem or facts.problem
            if any(str(lib.id) == library for lib in facts.libraries) and facts.environment is not None:
                return facts.environment
        if problem:
            raise EnvironmentProblem(problem)
        raise UsageError(f"{library} is not installed in this workspace's environment", hint="check name and version")

    # -- what is installed

    def _follow(self, root: Path) -> None:
        task = self._following.get(root)
        if task is None or task.done():
            self._following[root] = self._desk.background(self._follow_environment(root))

    async def _follow_environment(self, root: Path) -> None:
        facts = await self._desk.analysis.environment(root)
        if facts.environment is None:
            return
        changes = await asyncio.to_thread(_import_changes)
        async for change in changes(facts.environment, _Installed(), before=facts.libraries):
            log.info("installed libraries changed: %s", change)
            self._desk.analysis.forget_environment(root)
            self._requested -= {str(library) for library in change.stale}
            await self._desk.analysis.environment(root)
            for uri in list(self._desk.server.workspace.text_documents):
                await self._prepare(uri)
            self._soon(root, SOON_S)

    # -- what the engine tells

    def _heard(self, event: Event) -> None:
        if event.kind == "unavailable":
            self._connected = False
            self._requested.clear()
        elif not self._connected:
            self._connected = True
            for root in self._desk.roots() or tuple(self._opened):
                self._soon(root, SOON_S)


class _Installed:
    """All that watching an environment needs of a language; the rest would bring its parsers into this process."""

    def installed(self, environment: Environment) -> tuple[InstalledLibrary, ...]:
        from seal_lsp.languages.python.distributions import installed

        return installed(environment)


def _import_changes():
    from seal_lsp.watch.changes import watch_environment

    return watch_environment
