"""What the analysis worker tells the server: small values that cross the process border. No logic."""

from __future__ import annotations

from dataclasses import dataclass

from seal_lsp.core.library import Environment, InstalledLibrary


@dataclass(frozen=True, slots=True)
class Place:
    """Where analysis happens: the document's path ('' if it has none) and the workspace it belongs to. `quick` leaves
    out what took too long here before."""

    path: str
    root: str
    environment: Environment | None
    quick: bool = False


@dataclass(frozen=True, slots=True)
class EnvironmentFacts:
    """A workspace's environment and what is installed there. `problem` says why there is none and what to do."""

    environment: Environment | None
    libraries: tuple[InstalledLibrary, ...] = ()
    problem: str = ""

    def library_of(self, import_name: str) -> InstalledLibrary | None:
        """The distribution that provides a dotted import name, the longest match winning (namespace packages)."""
        best: InstalledLibrary | None = None
        length = 0
        for library in self.libraries:
            for name in library.import_names:
                if len(name) > length and (import_name == name or import_name.startswith(name + ".")):
                    best, length = library, len(name)
        return best


@dataclass(frozen=True, slots=True)
class Member:
    """One name that exists. `kind` as in core.api.Symbol, plus keyword; `library` is name@version, '' for the standard
    library and the workspace. `signature` is one line. The priors say how likely the name is here (logarithms that are
    only good to compare): by itself, and beside what a model says."""

    name: str
    kind: str
    qualname: str = ""
    library: str = ""
    signature: str = ""
    doc: str = ""
    deprecated: str = ""
    used_here: bool = False
    prior: float = 0.0
    prior_with_model: float = 0.0


@dataclass(frozen=True, slots=True)
class CompletionFacts:
    """What may stand at the cursor. `kind`: import, member, keyword, or '' where nothing is known. `start` is the
    offset where the name begins, `partial` what is typed of it. `libraries` are nearest first. `guessed`:
    the receiver is likely, not certain. `due`: a name must stand here, or usually does, so that a suggestion may begin
    with one."""

    kind: str
    start: int
    partial: str
    members: tuple[Member, ...] = ()
    libraries: tuple[str, ...] = ()
    receiver: str = ""
    guessed: bool = False
    due: bool = True


@dataclass(frozen=True, slots=True)
class Notes:
    """What a model may read before a file about the APIs in it; `libraries` nearest first, as in CompletionFacts."""

    text: str
    libraries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HoverFacts:
    """The symbol at a place; `start`/`end` are offsets of its name."""

    start: int
    end: int
    qualname: str
    kind: str
    signature: str
    doc: str
    library: str = ""
    deprecated: str = ""
    returns: str = ""
    module: str = ""


@dataclass(frozen=True, slots=True)
class LibraryAt:
    """A library named at a place: `name` as written there, by an import or a use."""

    library: str
    name: str
    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class CutText:
    """A suggestion cut before the first API name that does not exist; `name` is that name, '' if all exist."""

    text: str
    name: str = ""
