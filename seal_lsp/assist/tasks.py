"""What runs in the analysis worker: module-level functions over plain values, called one at a time.

Surfaces come from the index or are read once and put there; a user's package is read, never imported. Heavy imports
stay inside the functions: the server imports this module to name them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from seal_lsp.assist.facts import CutText, EnvironmentFacts, LibraryAt, Place
from seal_lsp.assist.shelf import Shelf
from seal_lsp.core.errors import EnvironmentProblem
from seal_lsp.core.library import Environment, InstalledLibrary

if TYPE_CHECKING:
    from seal_lsp.core.api import ApiSurface
    from seal_lsp.core.code import ApiUse, ImportUse

T = TypeVar("T")

_TOOLS = {"pip", "setuptools", "wheel"}
_LIBRARIES_READ = 12

shelf: Shelf


class Answered(NamedTuple, Generic[T]):
    """An answer, and by fingerprint the libraries that it is poorer by: `missing` had to be left out because nobody has
    read them yet, of `uncounted` nobody has counted the habits."""

    found: T
    missing: dict[str, InstalledLibrary]
    uncounted: dict[str, InstalledLibrary]


def start(index: str, reads: bool = True) -> None:
    """The first thing in every worker process."""
    global shelf
    shelf = Shelf(index, reads=reads)


def answer(question: Callable[..., T], *arguments: object) -> Answered[T]:
    shelf.missing.clear()
    shelf.uncounted.clear()
    return Answered(question(*arguments), dict(shelf.missing), dict(shelf.uncounted))


def environment(root: str, setting: str, variables: Mapping[str, str]) -> EnvironmentFacts:
    """The workspace's environment and what is installed there, read anew."""
    try:
        found = shelf.language.find_environment(Path(root), setting=setting, variables=variables)
        facts = EnvironmentFacts(found, shelf.language.installed(found))
    except EnvironmentProblem as problem:
        return EnvironmentFacts(None, (), str(problem))
    shelf.environments[str(found.prefix)] = facts
    return facts


def read_library(library: InstalledLibrary, environment: Environment) -> bool:
    """Put a library's surface into the index. False when it cannot be read."""
    return shelf.surface(library, environment) is not None


def count_habits(library: InstalledLibrary, environment: Environment) -> bool:
    """Put into the index how a library uses its own API. False when it cannot be read."""
    return shelf.habits(library, environment) is not None


def warm(text: str, place: Place) -> None:
    """Have everything at hand that questions about this text will need."""
    surfaces(text, place)


def imported(text: str, place: Place) -> tuple[str, ...]:
    """The libraries that a text imports, in source order."""
    facts = shelf.facts(place.environment)
    found = (facts.library_of(full_name(use)) for use in shelf.language.imports(text))
    return tuple(dict.fromkeys(str(library.id) for library in found if library is not None))


def surfaces(text: str, place: Place) -> tuple[ApiSurface, ...]:
    """Of everything that a text imports."""
    if place.environment is None:
        return ()
    facts = shelf.facts(place.environment)
    libraries = {
        library.id: library
        for use in shelf.language.imports(text)
        if (library := facts.library_of(full_name(use))) is not None
    }
    read = (shelf.surface(library, place.environment) for library in libraries.values())
    return tuple(surface for surface in read if surface is not None)


def surfaces_at_hand(text: str, offset: int, place: Place, module: str = "") -> tuple[ApiSurface, ...]:
    """Of everything that a text imports, of `module`, which it is about to import from, and of the libraries that the
    names which nothing in it binds may be from."""
    from seal_lsp.languages.python.grammar import with_name_at

    known = surfaces(with_name_at(text, offset), place)  # as `uses` and `unbound` read it: one tree for all
    library = shelf.facts(place.environment).library_of(module) if module and place.environment is not None else None
    if library is not None and all(surface.library != library.id for surface in known):
        surface = shelf.surface(library, place.environment)
        known = known if surface is None else (*known, surface)
    unbound = shelf.language.unbound(text, offset) if place.environment is not None else ()
    unknown = [name for name in unbound if not any(name in s.import_names or s.modules_with(name) for s in known)]
    if not unknown:
        return known
    have = {surface.library for surface in known}
    found = list(known)
    for library in _asked_for(shelf.facts(place.environment).libraries):
        if library.id in have:
            continue
        surface = shelf.surface(library, place.environment)
        if surface is not None and any(name in surface.import_names or surface.modules_with(name) for name in unknown):
            found.append(surface)
    return tuple(found)


def _asked_for(libraries: Iterable[InstalledLibrary]) -> list[InstalledLibrary]:
    """Installed for their own sake, not because another one requires them; none where these are many, since each has
    to be read."""
    libraries = list(libraries)
    required = {name for library in libraries for name in library.requires}
    wanted = [lib for lib in libraries if lib.id.name not in required | _TOOLS and lib.import_names]
    return wanted if len(wanted) <= _LIBRARIES_READ else []


def full_name(use: ImportUse) -> str:
    return f"{use.module}.{use.name}" if use.name and use.name != "*" else use.module


def nearest_of(
    uses: Iterable[ApiUse], offset: int, known: Iterable[ApiSurface], imports: Iterable[str]
) -> tuple[str, ...]:
    """Libraries nearest to a place first: the one used there, those used before it, those that the file imports."""
    before = sorted((use for use in uses if use.start <= offset and use.kind != "import"), key=lambda use: -use.start)
    found = [str(library) for use in before if (library := library_of_name(use.qualname, known)) is not None]
    return tuple(dict.fromkeys([*found, *imports]))


def library_of_name(qualname: str, known: Iterable[ApiSurface]):
    """The library of a dotted name; of those that share a namespace, the one that has the name."""
    top = qualname.partition(".")[0]
    candidates = [s for s in known if any(n == top or n.startswith(top + ".") for n in s.import_names)]
    best = next((s for s in candidates if s.resolve(qualname) is not None), candidates[0] if candidates else None)
    return best.library if best is not None else None


def libraries_at(text: str, start: int, end: int, place: Place) -> tuple[LibraryAt, ...]:
    """Libraries that the code between two places (on their lines) names."""
    facts = shelf.facts(place.environment)
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", end)
    line_end = len(text) if line_end < 0 else line_end
    found: list[LibraryAt] = []
    for use in shelf.language.imports(text):
        library = facts.library_of(full_name(use))
        if library is not None and use.start <= line_end and use.end >= line_start:
            found.append(LibraryAt(str(library.id), use.bound, use.start, use.end, "import"))
    known = surfaces(text, place)
    for use in shelf.language.uses(text, known):
        library = library_of_name(use.qualname, known)
        if library is not None and use.start <= line_end and use.end >= line_start:
            found.append(LibraryAt(str(library), use.name, use.start, use.end, use.kind))
    return tuple({(at.start, at.end): at for at in reversed(found)}.values())[::-1]


def cut(prefix: str, text: str, place: Place) -> CutText:
    """`text` up to the line with the first API name in it that does not exist."""
    from seal_lsp.languages.python.focus import focused

    begin = len(prefix)
    whole = focused(prefix + text, begin)
    known = surfaces(whole, place)
    wrong = [u for u in shelf.language.uses(whole, known) if u.exists is False and u.end > begin]
    imports = [u for u in shelf.language.imports(whole) if u.start >= begin and not _importable(u, place)]
    places = [(u.start, u.name) for u in wrong] + [(u.start, u.name or u.module) for u in imports]
    if not places:
        return CutText(text)
    at, name = min(places)
    return CutText(_before(text, max(0, at - begin)), name)


def _importable(use: ImportUse, place: Place) -> bool:
    from seal_lsp.languages.python.standard_modules import standard_modules

    top = use.module.partition(".")[0]
    if use.module.startswith(".") or place.environment is None or top in standard_modules(place.environment.version):
        return True
    if shelf.facts(place.environment).library_of(full_name(use)) is not None:
        return True
    return top in local_modules(place)


def local_modules(place: Place) -> frozenset[str]:
    """Top-level modules of the workspace, and those beside the file."""
    names: set[str] = set()
    folders = [Path(place.root), Path(place.root) / "src"] if place.root and place.root != "." else []
    folders += [Path(place.path).parent] if place.path else []
    for folder in dict.fromkeys(folders):
        try:
            entries = list(folder.iterdir())
        except OSError:
            continue
        names |= {entry.stem for entry in entries if entry.suffix == ".py"}
        names |= {
            entry.name for entry in entries if entry.is_dir() and entry.name.isidentifier() and _has_python(entry)
        }
    return frozenset(names)


def _has_python(folder: Path) -> bool:
    try:
        return any(entry.suffix == ".py" for entry in folder.iterdir())
    except OSError:
        return False


def _before(text: str, at: int) -> str:
    """The whole lines before the one where `at` lies: half a call is worse than none."""
    return text[: max(0, text.rfind("\n", 0, at))]


def completions(text: str, offset: int, place: Place):
    from seal_lsp.assist.menu_task import completions as work

    return work(shelf, text, offset, place)


def signs(text: str, offset: int, place: Place):
    """(kind, [(name, its signs)]) of what may stand at a place, for `eval fit-ranking`; None where nothing is known."""
    from seal_lsp.assist.menu_task import signs_at as work

    return work(shelf, text, offset, place)


def notes(text: str, offset: int, characters: int, place: Place):
    from seal_lsp.assist.notes import notes as work

    return work(shelf, text, offset, place, characters)


def hover(text: str, offset: int, place: Place):
    from seal_lsp.assist.hover_task import hover as work

    return work(shelf, text, offset, place)


def describe(qualname: str, library: str, environment: Environment):
    from seal_lsp.assist.hover_task import describe as work

    return work(shelf, qualname, library, environment)


def workspace_folders(place: Place) -> list[Path]:
    return [Path(place.root)] if place.root and place.root != "." else []


def library_of_full_name(full_name: str, place: Place) -> str:
    """name@version of an installed library's dotted name, '' for the standard library and the workspace."""
    from seal_lsp.languages.python.standard_modules import standard_modules

    if not full_name or place.environment is None:
        return ""
    if full_name.partition(".")[0] in standard_modules(place.environment.version):
        return ""
    library = shelf.facts(place.environment).library_of(full_name)
    return str(library.id) if library is not None else ""
