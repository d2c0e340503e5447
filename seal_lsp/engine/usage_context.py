"""What a usage line is checked against: the library's API surface and what its workspace can import. Read statically,
from the index where it has been read before."""

from __future__ import annotations

import logging
from pathlib import Path

from seal_lsp.core.errors import EnvironmentProblem
from seal_lsp.core.library import Environment, LibraryId
from seal_lsp.core.lm import LanguageModel
from seal_lsp.core.protocol import UsageLineReply
from seal_lsp.engine.usage import LineContext
from seal_lsp.store.adapters import Adapter
from seal_lsp.store.api_index import ApiIndex

log = logging.getLogger(__name__)

KEPT = 32


class LineContexts:
    """Blocks for seconds when a surface was never read; call it in a thread."""

    def __init__(self, index: Path) -> None:
        self._index = index
        self._known: dict[tuple[LibraryId, str], LineContext] = {}

    def __call__(self, library: LibraryId, environment: Environment) -> LineContext:
        from seal_lsp.languages.python.fingerprint import fingerprint
        from seal_lsp.languages.registry import language_for

        language = language_for("python")
        installed = {found.id: found for found in language.installed(environment)}
        this = installed.get(library)
        if this is None:
            raise EnvironmentProblem(f"{library} is not installed in {environment.prefix}", hint="install it")
        mark = fingerprint(this)
        context = self._known.get((library, mark))
        if context is None:
            index = ApiIndex(self._index)
            surface = index.get(library, mark)
            if surface is None:
                surface = language.surface(this, environment)
                index.put(surface, mark)
            names = {name.partition(".")[0] for found in installed.values() for name in found.import_names}
            importable = frozenset(names | language.standard_modules(environment))
            context = LineContext(surface, language, importable)
            if len(self._known) >= KEPT:
                self._known.clear()
            self._known[(library, mark)] = context
        return context


def write_line(model: LanguageModel, adapter: Adapter, symbol: str, context: LineContext) -> UsageLineReply:
    from seal_lsp.pipeline.usage_line import usage_line

    return usage_line(model, adapter.digest, symbol, context.surface, context.language, context.importable)
