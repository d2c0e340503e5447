"""Python as a LanguageSupport: one class that forwards to the modules of this room."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from seal_lsp.core.api import ApiSurface
from seal_lsp.core.code import ApiUse, CallUse, ImportUse
from seal_lsp.core.habits import Habits
from seal_lsp.core.library import Environment, InstalledLibrary
from seal_lsp.languages.python import (
    distributions,
    environment,
    grammar,
    imports,
    receiver,
    standard_modules,
    unbound,
    uses,
)


class Python:
    """Stateless; safe to share between threads."""

    id = "python"
    extensions = (".py", ".pyi", ".pyw", ".ipynb")

    def find_environment(
        self, root: Path, *, setting: str = "", variables: Mapping[str, str] | None = None
    ) -> Environment:
        return environment.find_environment(root, setting=setting, variables=variables)

    def installed(self, environment: Environment) -> tuple[InstalledLibrary, ...]:
        return distributions.installed(environment)

    def surface(self, library: InstalledLibrary, environment: Environment) -> ApiSurface:
        # griffe takes a quarter of a second to import, and most processes never read a surface.
        from seal_lsp.languages.python import surface

        return surface.surface(library, environment)

    def habits(self, library: InstalledLibrary, surface: ApiSurface) -> Habits:
        from seal_lsp.languages.python import habits

        return habits.habits(library, surface)

    def imports(self, source: str) -> tuple[ImportUse, ...]:
        return imports.imports(source)

    def uses(self, source: str, surfaces: Sequence[ApiSurface]) -> tuple[ApiUse, ...]:
        return uses.uses(source, surfaces)

    def calls(self, source: str, surfaces: Sequence[ApiSurface]) -> tuple[CallUse, ...]:
        return uses.calls(source, surfaces)

    def unbound(self, source: str, offset: int) -> tuple[str, ...]:
        """Names that a source uses and nothing in it binds; where it does not parse, even with what is open at its end
        closed, those around `offset` too."""
        source = grammar.with_name_at(source, offset)
        parsed = grammar.parse_tolerant(source)
        found = dict.fromkeys(unbound.unbound_names(parsed))
        if parsed.root.has_error:
            near = grammar.parse_tolerant(receiver.last_definition(source[:offset], offset))
            found |= dict.fromkeys(unbound.unbound_names(near))
        return tuple(found)

    def syntax_problem(self, source: str) -> str:
        return grammar.syntax_problem(source)

    def standard_modules(self, environment: Environment) -> frozenset[str]:
        return standard_modules.standard_modules(environment.version)

    def code_blocks(self, text: str) -> Iterable[tuple[int, str]]:
        from seal_lsp.languages.python import code_blocks

        return code_blocks.code_blocks(text)
