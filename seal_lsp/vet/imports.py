"""Imports only from what is installed or in the standard library: a name that nobody installed may be anybody's.

Relative imports cannot be resolved; they pass only in text that was read from a package or project file, not in what a
model wrote after reading it.
"""

from __future__ import annotations

from seal_lsp.vet.check import EachAlone, VetContext
from seal_lsp.vet.snippet import Snippet

# Provenance sources whose text is a whole file of a package or project, where a relative import has a meaning.
_FILE_SOURCES = frozenset({"library", "workspace", "dependent"})


class Imports(EachAlone):
    name = "imports"

    def __init__(self, context: VetContext) -> None:
        self._context = context

    def __call__(self, snippet: Snippet) -> str:
        from_file = any(p.source in _FILE_SOURCES for p in snippet.edit.provenance) and not snippet.by_model
        for code in snippet.code:
            for use in self._context.language.imports(code):
                if use.module.startswith("."):
                    if not from_file:
                        return f"relative import of {use.module}{use.name} outside a package's own source"
                    continue
                top = use.module.partition(".")[0]
                if top not in self._context.importable:
                    return f"imports {top}, which is neither installed nor in the standard library"
        return ""
