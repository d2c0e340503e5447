"""A library as it is installed in an environment: which one it is, its API surface, and what code there may import.

Read statically; the surface from the index when it was read before. Raises EnvironmentProblem for what is not there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from seal_lsp.core.api import ApiSurface
from seal_lsp.core.errors import EnvironmentProblem
from seal_lsp.core.language import LanguageSupport
from seal_lsp.core.library import Environment, InstalledLibrary, LibraryId
from seal_lsp.languages.python.fingerprint import fingerprint
from seal_lsp.store.api_index import ApiIndex


@dataclass(frozen=True)
class Subject:
    """The library as installed, with what surrounds it."""

    library: InstalledLibrary
    surface: ApiSurface
    environment: Environment
    installed: tuple[InstalledLibrary, ...]


def locate(library: LibraryId, environment: Environment, language: LanguageSupport, index: ApiIndex) -> Subject:
    """May take seconds where the surface was never read."""
    found, installed = find(library, environment, language)
    return Subject(found, surface_of(found, environment, language, index), environment, installed)


def find(
    library: LibraryId, environment: Environment, language: LanguageSupport
) -> tuple[InstalledLibrary, tuple[InstalledLibrary, ...]]:
    """The library at exactly this version, and all that is installed beside it."""
    installed = language.installed(environment)
    found = next((one for one in installed if one.id == library), None)
    if found is None:
        other = next((one for one in installed if one.id.name == library.name), None)
        instead = f": {other.id} is installed instead" if other else ""
        raise EnvironmentProblem(
            f"{library} is not installed in {environment.prefix}{instead}", hint="install it, then learn"
        )
    return found, installed


def surface_of(
    library: InstalledLibrary, environment: Environment, language: LanguageSupport, index: ApiIndex
) -> ApiSurface:
    key = fingerprint(library)
    surface = index.get(library.id, key)
    if surface is None:
        surface = language.surface(library, environment)
        index.put(surface, key)
    return surface


def importable(
    installed: Iterable[InstalledLibrary], environment: Environment, language: LanguageSupport
) -> frozenset[str]:
    """Top-level names that code may import: of what is installed, and of the standard library."""
    names = {name.partition(".")[0] for library in installed for name in library.import_names}
    return frozenset(names | language.standard_modules(environment))
