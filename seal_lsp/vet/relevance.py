"""Is there anything to learn? A snippet whose API names the base model already expects teaches nothing.

Each symbol that the snippets teach is asked for once, in the shortest code after which it is due, so that what stands
elsewhere in a snippet cannot be copied; one batch of a few tokens a symbol. Runs only when a model is given.
"""

from __future__ import annotations

from collections.abc import Sequence

from seal_lsp.core.api import ApiSurface
from seal_lsp.core.lm import LanguageModel
from seal_lsp.measure.names import name_pair
from seal_lsp.vet.snippet import Snippet

THRESHOLD = 0.15  # bits a byte: a name of eight letters with a probability of 0.43


class Relevance:
    name = "relevance"

    def __init__(self, model: LanguageModel, surfaces: tuple[ApiSurface, ...], threshold: float = THRESHOLD) -> None:
        self._model = model
        self._surfaces = surfaces
        self._threshold = threshold
        self._bits: dict[str, float] = {}

    def prepare(self, snippets: Sequence[Snippet]) -> None:
        taught = sorted({symbol for snippet in snippets for symbol in snippet.edit.symbols})
        pairs = {symbol: pair for symbol in taught if (pair := self._pair(symbol)) is not None}
        scores = self._model.score(list(pairs.values())) if pairs else ()
        self._bits = {symbol: score.bits_per_byte for symbol, score in zip(pairs, scores, strict=True)}

    def _pair(self, symbol: str) -> tuple[str, str] | None:
        return next((pair for surface in self._surfaces if (pair := name_pair(surface, symbol)) is not None), None)

    def __call__(self, snippet: Snippet) -> str:
        bits = [self._bits[symbol] for symbol in snippet.edit.symbols if symbol in self._bits]
        if bits and max(bits) < self._threshold:
            return f"the base model already knows it: at most {max(bits):.3f} bits per byte on its API names"
        return ""
