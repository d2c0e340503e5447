"""How a library's own code and documentation use its API: counts, so that the usual name can stand first.

Values only; languages/ counts, store/ keeps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from seal_lsp.core.library import LibraryId

FIRST = "("  # what stands before the first keyword of a call without positional arguments


class Count(NamedTuple):
    """How many sources: `code` are the library's own modules, `examples` its docstrings' and README's."""

    code: int = 0
    examples: int = 0


@dataclass(frozen=True)
class Habits:
    """`counts` by (kind, owner, name). For `import` and `member` the owner is the symbol's own qualname and the name is
    empty; `decorator` are members that decorate. For `call` it is the callable's, for `keyword` the callable and the
    keyword, for `pair` the callable and `first second`, two keywords that follow one another in a call."""

    library: LibraryId
    counts: Mapping[tuple[str, str, str], Count]

    def of(self, kind: str, owner: str, name: str = "") -> Count:
        return self.counts.get((kind, owner, name), _NEVER)

    @cached_property
    def names(self) -> Mapping[tuple[str, str], int]:
        """How often a name is used in the whole library, whosoever it is, by (kind, name)."""
        found: dict[tuple[str, str], int] = {}
        for (kind, owner, name), count in self.counts.items():
            key = (kind, name or owner.rpartition(".")[2])
            found[key] = found.get(key, 0) + count.code + count.examples
        return found


_NEVER = Count()
