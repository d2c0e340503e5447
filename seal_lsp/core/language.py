"""The LanguageSupport Protocol: what a programming language must answer so that its libraries can be learned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from seal_lsp.core.api import ApiSurface
from seal_lsp.core.code import ApiUse, CallUse, ImportUse
from seal_lsp.core.habits import Habits
from seal_lsp.core.library import Environment, InstalledLibrary


class LanguageSupport(Protocol):
    """Read-only and static: nothing here imports or runs a user's package. All offsets are character offsets."""

    id: str
    extensions: tuple[str, ...]

    def find_environment(self, root: Path, *, setting: str = "", variables: Mapping[str, str] = ...) -> Environment:
        """The environment of a workspace. Raises EnvironmentProblem with what to do."""
        ...

    def installed(self, environment: Environment) -> tuple[InstalledLibrary, ...]: ...

    def surface(self, library: InstalledLibrary, environment: Environment) -> ApiSurface: ...

    def habits(self, library: InstalledLibrary, surface: ApiSurface) -> Habits: ...

    def imports(self, source: str) -> tuple[ImportUse, ...]: ...

    def uses(self, source: str, surfaces: Sequence[ApiSurface]) -> tuple[ApiUse, ...]: ...

    def calls(self, source: str, surfaces: Sequence[ApiSurface]) -> tuple[CallUse, ...]: ...

    def syntax_problem(self, source: str) -> str:
        """Why the source does not parse, '' if it does."""
        ...

    def standard_modules(self, environment: Environment) -> frozenset[str]: ...

    def code_blocks(self, text: str) -> Iterable[tuple[int, str]]:
        """(1-based line, code) of fenced blocks and doctests in prose or a docstring."""
        ...
