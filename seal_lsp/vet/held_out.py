"""Nothing that a probe will ask may be trained on: a snippet that shares 13 words with a held-out text goes."""

from __future__ import annotations

from collections.abc import Iterable

from seal_lsp.measure.overlap import Overlap
from seal_lsp.vet.check import EachAlone
from seal_lsp.vet.snippet import Snippet


class HeldOut(EachAlone):
    name = "held_out"

    def __init__(self, texts: Iterable[str]) -> None:
        self._reason = Overlap(texts)

    def __call__(self, snippet: Snippet) -> str:
        return self._reason(snippet.text)
