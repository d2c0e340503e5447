"""The analysis worker's memory: environments, and surfaces from the index or read anew.

Reading a library for the first time takes seconds, so a worker that answers while the developer types does not: it
notes what is missing, and the other one reads it.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING

from seal_lsp.assist.facts import EnvironmentFacts
from seal_lsp.core.habits import Habits
from seal_lsp.core.library import Environment, InstalledLibrary

if TYPE_CHECKING:
    from seal_lsp.core.api import ApiSurface
    from seal_lsp.languages.python.support import Python
    from seal_lsp.store.api_index import ApiIndex

log = logging.getLogger(__name__)

SURFACES_KEPT = 32
FINGERPRINT_S = 5.0  # how long a library is taken to be what it was


class Shelf:
    """`reads`: whether libraries that the index does not have are read here. `missing` collects those that were not,
    `uncounted` those whose habits nobody has counted; both by fingerprint."""

    def __init__(self, index: str, *, reads: bool) -> None:
        self.index_path = Path(index)
        self.reads = reads
        self.missing: dict[str, InstalledLibrary] = {}
        self.uncounted: dict[str, InstalledLibrary] = {}
        self.environments: dict[str, EnvironmentFacts] = {}
        self._index: ApiIndex | None = None
        self._language: Python | None = None
        self._surfaces: dict[tuple[str, str], ApiSurface] = {}
        self._habits: dict[tuple[str, str], Habits] = {}
        self._marks: dict[tuple, tuple[float, str]] = {}

    @property
    def language(self) -> Python:
        if self._language is None:
            from seal_lsp.languages.python.support import Python

            self._language = Python()
        return self._language

    @property
    def index(self) -> ApiIndex:
        if self._index is None:
            from seal_lsp.store.api_index import ApiIndex

            self.index_path.parent.mkdir(parents=True, exist_ok=True)
            self._index = ApiIndex(self.index_path)
            for notice in self._index.notices:
                log.warning("%s", notice)
        return self._index

    def facts(self, environment: Environment | None) -> EnvironmentFacts:
        if environment is None:
            return EnvironmentFacts(None)
        key = str(environment.prefix)
        if key not in self.environments:
            self.environments[key] = EnvironmentFacts(environment, self.language.installed(environment))
        return self.environments[key]

    def surface(self, library: InstalledLibrary, environment: Environment) -> ApiSurface | None:
        """None for what is not in the index (then it is in `missing`) or cannot be read."""
        mark = self.mark(library)
        key = (str(library.id), mark)
        found = self._surfaces.get(key) or self.index.get(library.id, mark)
        if found is None and not self.reads:
            self.missing[mark] = library
            return None
        if found is None:
            try:
                found = self.language.surface(library, environment)
            except Exception:  # a parser that trips over one library must not take the others with it
                log.exception("%s cannot be read", library.id)
                return None
            self.index.put(found, mark)
        self._surfaces.pop(key, None)
        self._surfaces[key] = found
        while len(self._surfaces) > SURFACES_KEPT:
            self._surfaces.pop(next(iter(self._surfaces)))
        return found

    def is_read(self, library: InstalledLibrary) -> bool:
        """Whether its surface is at hand without reading anything."""
        return (str(library.id), self.mark(library)) in self._surfaces

    def habits(self, library: InstalledLibrary, environment: Environment) -> Habits | None:
        """How the library uses its own API. None for what nobody has counted: then it is in `uncounted`."""
        mark = self.mark(library)
        key = (str(library.id), mark)
        found = self._habits.get(key) or self.index.habits(library.id, mark)
        if found is None and not self.reads:
            self.uncounted[mark] = library
            return None
        if found is None:
            surface = self.surface(library, environment)
            if surface is None:
                return None
            try:
                found = self.language.habits(library, surface)
            except Exception:  # as above; without habits the menu is ordered by everything else
                log.exception("the habits of %s cannot be counted", library.id)
                found = Habits(library.id, {})
            self.index.put_habits(found, mark)
        self._habits.pop(key, None)
        self._habits[key] = found
        while len(self._habits) > SURFACES_KEPT:
            self._habits.pop(next(iter(self._habits)))
        return found

    def mark(self, library: InstalledLibrary) -> str:
        from seal_lsp.languages.python.fingerprint import fingerprint

        key = (library.id, library.roots)
        known = self._marks.get(key)
        if known is None or time.monotonic() - known[0] > FINGERPRINT_S:
            known = self._marks[key] = (time.monotonic(), fingerprint(library))
        return known[1]
