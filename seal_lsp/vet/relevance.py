"""Is there anything to learn? A snippet whose API names the base model already expects teaches nothing.

Mean bits per byte, teacher-forced, on the API names in the completion; one batch of calls for all snippets. Runs only
when a model is given. Cost is bounded by looking at few names a snippet and a short context before each.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from seal_lsp.core.api import ApiSurface
from seal_lsp.core.lm import LanguageModel
from seal_lsp.vet.snippet import Snippet

THRESHOLD = 0.15  # bits per byte
_NAMES = 4  # per snippet
_CONTEXT = 600  # characters before a name


class Relevance:
    name = "relevance"

    def __init__(self, model: LanguageModel, surfaces: tuple[ApiSurface, ...], threshold: float = THRESHOLD) -> None:
        self._model = model
        self._surfaces = surfaces
        self._threshold = threshold
        self._known: dict[str, float] = {}

    def prepare(self, snippets: Sequence[Snippet]) -> None:
        owners: list[str] = []
        pairs: list[tuple[str, str]] = []
        for snippet in snippets:
            for start, end in api_names(snippet, self._surfaces)[:_NAMES]:
                owners.append(snippet.edit.id)
                pairs.append((snippet.text[max(0, start - _CONTEXT) : start], snippet.text[start:end]))
        totals: dict[str, list[float]] = {}
        for owner, score in zip(owners, self._model.score(pairs) if pairs else (), strict=True):
            totals.setdefault(owner, []).append(score.bits_per_byte)
        self._known = {owner: sum(values) / len(values) for owner, values in totals.items()}

    def __call__(self, snippet: Snippet) -> str:
        bits = self._known.get(snippet.edit.id)
        if bits is not None and bits < self._threshold:
            return f"the base model already knows it: {bits:.3f} bits per byte on its API names"
        return ""


def api_names(snippet: Snippet, surfaces: tuple[ApiSurface, ...]) -> list[tuple[int, int]]:
    """Places in the snippet's text, inside the completion, that name the library's API."""
    begin = len(snippet.edit.prompt)
    if snippet.is_code:
        uses = snippet.language.uses(snippet.text, surfaces)
        places = {(use.start, use.end) for use in uses if use.start >= begin}
    else:  # code inside prose has offsets of its own: look for the names that the snippet says it teaches
        names = {symbol.rpartition(".")[2] for symbol in snippet.edit.symbols}
        places = {
            match.span()
            for name in names
            if name
            for match in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", snippet.text)
            if match.start() >= begin
        }
    return sorted(places)
