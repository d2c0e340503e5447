"""What a check is and what it may know: the Protocol that every file in this room implements, and VetContext.

Knows no particular check; vet/review.py names them and their order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from seal_lsp.core.api import ApiSurface
from seal_lsp.core.language import LanguageSupport
from seal_lsp.core.library import Environment
from seal_lsp.core.lm import LanguageModel
from seal_lsp.vet.snippet import Snippet


@dataclass(frozen=True)
class VetContext:
    """Everything that judging needs.

    `importable` are top-level import names: installed distributions, the standard library and, where workspace code is
    evidence, the workspace's own modules. `held_out` are the texts of held-out probes. With `model` None the
    relevance check is not run.
    """

    surfaces: tuple[ApiSurface, ...]
    importable: frozenset[str]
    language: LanguageSupport
    held_out: tuple[str, ...] = field(default=(), repr=False)
    model: LanguageModel | None = None
    environment: Environment | None = None


class Check(Protocol):
    """`name` goes into the ledger; keep it stable."""

    name: str

    def prepare(self, snippets: Sequence[Snippet]) -> None:
        """Called once with all snippets that are still in the running, in order, before the first is judged."""
        ...

    def __call__(self, snippet: Snippet) -> str:
        """Why the snippet must not be trained on; '' if this check has nothing against it."""
        ...


class EachAlone:
    """Base of checks that judge every snippet by itself."""

    def prepare(self, snippets: Sequence[Snippet]) -> None:
        return
