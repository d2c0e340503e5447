"""What a usage line is checked against: the library's API surface and what its workspace can import. Read statically,
from the index where it has been read before."""

from __future__ import annotations

import logging
from pathlib import Path

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
        from seal_lsp.pipeline.subject import find, importable, surface_of

        language = language_for("python")
        this, installed = find(library, environment, language)
        mark = fingerprint(this)
        context = self._known.get((library, mark))
        if context is None:
            surface = surface_of(this, environment, language, ApiIndex(self._index))
            context = LineContext(surface, language, importable(installed, environment, language))
            if len(self._known) >= KEPT:
                self._known.clear()
            self._known[(library, mark)] = context
        return context


def write_line(model: LanguageModel, adapter: Adapter, symbol: str, context: LineContext) -> UsageLineReply:
    from seal_lsp.pipeline.usage_line import usage_line

    return usage_line(model, adapter.digest, symbol, context.surface, context.language, context.importable)
