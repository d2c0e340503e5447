"""What a model says of a library in prose must name what exists: templates copy their names, a model makes some up.

Judges words that are written as code (in backticks, with an underscore or capitals inside); dotted names are the
symbols check's. Whether a sentence is true cannot be judged here.
"""

from __future__ import annotations

import builtins
import keyword
import re
import sys
from functools import cached_property

from seal_lsp.vet.check import EachAlone, VetContext
from seal_lsp.vet.snippet import Snippet

_IN_BACKTICKS = re.compile(r"`([A-Za-z_]\w*)(?:\([^`\n]*\)|=[^`\n]*)?`")
_LIKE_CODE = re.compile(r"(?<![\w.])([a-z]+(?:_[a-z0-9]+)+|[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]*)+)(?!\w)")
_OF_PYTHON = frozenset(dir(builtins)) | frozenset(keyword.kwlist) | sys.stdlib_module_names | {"self", "cls"}


class Spoken(EachAlone):
    name = "spoken"

    def __init__(self, context: VetContext) -> None:
        self._context = context

    def __call__(self, snippet: Snippet) -> str:
        if snippet.is_code or not snippet.by_model:
            return ""
        for pattern in (_IN_BACKTICKS, _LIKE_CODE):
            for match in pattern.finditer(snippet.text):
                if match[1] not in self._names:
                    return f"speaks of {match[1]}, which neither the library nor Python has"
        return ""

    @cached_property
    def _names(self) -> frozenset[str]:
        """Last parts of qualified names, parameters, and words that signatures are made of."""
        names = set(_OF_PYTHON)
        for surface in self._context.surfaces:
            names |= {*surface.import_names, surface.library.name}
            for qualname, symbol in surface.symbols.items():
                names |= {*qualname.split("."), *(p.name for p in symbol.parameters or ())}
                for p in symbol.parameters or ():
                    names |= set(re.findall(r"\w+", f"{p.annotation or ''} {p.default or ''}"))
                names |= set(re.findall(r"\w+", symbol.returns or ""))
        return frozenset(names)
