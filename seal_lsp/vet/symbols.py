"""Every name that code takes from a library must exist in the installed version.

Judges what `language.uses` marks as missing, and dotted names of the library in prose. Where the surface is open
(`exists` None) absence proves nothing and the snippet passes.
"""

from __future__ import annotations

import re

from seal_lsp.core.api import ApiSurface
from seal_lsp.vet.check import EachAlone, VetContext
from seal_lsp.vet.snippet import Snippet, on_own_instance

_CODE_SPAN = re.compile(r"`([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)(?:\([^`\n]*\))?`")


class Symbols(EachAlone):
    name = "symbols"

    def __init__(self, context: VetContext) -> None:
        self._context = context

    def __call__(self, snippet: Snippet) -> str:
        surfaces = self._context.surfaces
        for code in snippet.code:
            for use in self._context.language.uses(code, surfaces):
                if use.kind == "keyword" or use.exists is not False:  # keywords are the signature check's
                    continue
                if not on_own_instance(code, use.start):
                    return f"{use.qualname or use.name} does not exist in {_version(use.qualname, surfaces)}"
        if snippet.is_code:
            return ""
        for match in _CODE_SPAN.finditer(snippet.text):
            missing = _missing(match[1], surfaces)
            if missing:
                return f"{missing} does not exist in {_version(missing, surfaces)}"
        return ""


def _missing(dotted: str, surfaces: tuple[ApiSurface, ...]) -> str:
    """The shortest prefix of a dotted name that a surface knows not to exist, '' if none."""
    parts = dotted.split(".")
    surface = _owner(dotted, surfaces)
    if surface is None:
        return ""
    for n in range(2, len(parts) + 1):
        prefix, owner = ".".join(parts[:n]), ".".join(parts[: n - 1])
        if surface.resolve(prefix) is None:
            return "" if surface.is_open(owner) else prefix
    return ""


def _owner(dotted: str, surfaces: tuple[ApiSurface, ...]) -> ApiSurface | None:
    top = dotted.partition(".")[0]
    return next((s for s in surfaces if any(name.partition(".")[0] == top for name in s.import_names)), None)


def _version(dotted: str, surfaces: tuple[ApiSurface, ...]) -> str:
    surface = _owner(dotted, surfaces)
    return str(surface.library) if surface else "the installed version"
