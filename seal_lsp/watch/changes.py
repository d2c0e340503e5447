"""Notice, while running, that libraries were installed, removed or upgraded and that workspace files changed.

`compare` is the thinking, the rest waits for the file system. Nothing here knows what is done about a change.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from watchfiles import Change, DefaultFilter, awatch

from seal_lsp.core.errors import EnvironmentProblem
from seal_lsp.core.language import LanguageSupport
from seal_lsp.core.library import Environment, InstalledLibrary, LibraryId
from seal_lsp.languages.readable_files import looks_secret
from seal_lsp.watch.metadata import METADATA, listing
from seal_lsp.watch.trust import reader

log = logging.getLogger(__name__)

_LOOK_MS = 5000


@dataclass(frozen=True, slots=True)
class EnvironmentChange:
    """`upgraded` are (name, old version, new version); a downgrade is one too."""

    added: tuple[LibraryId, ...] = ()
    removed: tuple[LibraryId, ...] = ()
    upgraded: tuple[tuple[str, str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.upgraded)

    @property
    def stale(self) -> tuple[LibraryId, ...]:
        """What is no longer there: adapters for these must not answer any more."""
        return (*self.removed, *(LibraryId(name, old) for name, old, _ in self.upgraded))


@dataclass(frozen=True, slots=True)
class WorkspaceChange:
    """`manifests` is True when a manifest or lock file is among the paths: what is declared may have changed."""

    paths: tuple[Path, ...]
    manifests: bool


def compare(before: Iterable[InstalledLibrary], after: Iterable[InstalledLibrary]) -> EnvironmentChange:
    old = {library.id.name: library.id for library in before}
    new = {library.id.name: library.id for library in after}
    both = sorted(old.keys() & new.keys())
    return EnvironmentChange(
        added=tuple(new[name] for name in sorted(new.keys() - old.keys())),
        removed=tuple(old[name] for name in sorted(old.keys() - new.keys())),
        upgraded=tuple((n, old[n].version, new[n].version) for n in both if old[n].version != new[n].version),
    )


async def watch_environment(
    environment: Environment,
    language: LanguageSupport,
    *,
    before: Iterable[InstalledLibrary] | None = None,
    polling: bool = False,
    debounce_ms: int = 1600,
    stop: asyncio.Event | None = None,
) -> AsyncIterator[EnvironmentChange]:
    """Each change of what is installed, once the installer has come to rest. `before` is what the caller has seen
    already. Only the metadata folders' parents are watched, so a package of any size costs one watch. A site-packages
    that vanishes (the environment is made anew) is waited for."""
    stop = stop or asyncio.Event()
    seen = tuple(await asyncio.to_thread(language.installed, environment) if before is None else before)
    known: frozenset[tuple[str, int]] | None = None
    async with aclosing(_looks(environment, polling, debounce_ms, stop)) as looks:
        async for happened in looks:
            current = listing(environment)
            if not happened and current == known:
                continue
            known = current  # from before the dear look, so that what changes during it is looked at once more
            now = await _settled(environment, language, debounce_ms / 1000, stop)
            change = compare(seen, now)
            seen = now
            if change:
                yield change


async def watch_workspace(
    roots: Iterable[Path],
    extensions: Iterable[str],
    *,
    polling: bool = False,
    debounce_ms: int = 1600,
    stop: asyncio.Event | None = None,
) -> AsyncIterator[WorkspaceChange]:
    """Changed source files and manifests below the roots. Raises EnvironmentProblem when the system refuses to watch
    that many folders."""
    folders = [root for root in roots if root.is_dir()]
    if not folders:
        return
    try:
        async for changes in awatch(
            *folders,
            watch_filter=SourceFilter((*extensions, ".ipynb")),
            debounce=debounce_ms,
            stop_event=stop,
            force_polling=polling or None,
            ignore_permission_denied=True,
        ):
            paths = tuple(sorted({Path(path) for _, path in changes}))
            yield WorkspaceChange(paths, any(reader(path) is not None for path in paths))
    except OSError as error:
        raise EnvironmentProblem(
            f"the workspace cannot be watched: {error}",
            hint="raise the system's limit on file watches (Linux: fs.inotify.max_user_watches); the editor's own "
            "change notices are still used",
        ) from error


class SourceFilter(DefaultFilter):
    """Lets sources, notebooks and manifests through; never what its name marks as secret."""

    def __init__(self, extensions: Iterable[str]) -> None:
        super().__init__(ignore_dirs=(*DefaultFilter.ignore_dirs, "site-packages", ".nox", ".ruff_cache", ".direnv"))
        self._extensions = tuple(extensions)

    def __call__(self, change: Change, path: str) -> bool:
        file = Path(path)
        wanted = file.name.endswith(self._extensions) or reader(file) is not None
        return wanted and not looks_secret(file) and super().__call__(change, path)


def _is_metadata(change: Change, path: str) -> bool:
    return path.endswith(METADATA)


async def _looks(environment: Environment, polling: bool, debounce_ms: int, stop: asyncio.Event) -> AsyncIterator[bool]:
    """True at each event, False at the start and every few seconds: events are lost before the first watch is set,
    and while a folder is away."""
    yield False
    while not stop.is_set():
        folders = [folder for folder in environment.site_packages if folder.is_dir()]
        if folders and len(folders) == len(environment.site_packages):
            events = awatch(
                *folders,
                watch_filter=_is_metadata,
                debounce=debounce_ms,
                stop_event=stop,
                rust_timeout=_LOOK_MS,
                yield_on_timeout=True,
                recursive=False,
                force_polling=polling or None,
            )
            try:
                async with aclosing(events):
                    async for changes in events:
                        yield bool(changes)
                        if not all(folder.is_dir() for folder in folders):
                            break
            except OSError as error:
                log.warning("the environment is looked at every few seconds instead of being watched: %s", error)
        if await _pause(debounce_ms / 1000, stop):
            yield False


async def _settled(
    environment: Environment, language: LanguageSupport, rest_s: float, stop: asyncio.Event
) -> tuple[InstalledLibrary, ...]:
    """What is installed, as soon as two looks one rest apart agree: an installer writes for a while."""
    now = tuple(await asyncio.to_thread(language.installed, environment))
    while await _pause(rest_s, stop):
        again = tuple(await asyncio.to_thread(language.installed, environment))
        if not compare(now, again):
            return again
        now = again
    return now


async def _pause(seconds: float, stop: asyncio.Event) -> bool:
    """True after the time, False at once when stopped."""
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return True
    return False
