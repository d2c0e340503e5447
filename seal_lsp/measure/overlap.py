"""Decontamination: does a text share 13 words in a row with one that will be asked about?

Thirteen words is the usual window. What is shorter is compared as a whole: a short probe must not stand inside a text,
a short text must not be a probe. Words are letters, digits and underscores; layout does not matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from seal_lsp.core.learning import Case

WINDOW = 13
_SHORTEST_PROBE = 5  # `import pygls` inside a snippet gives no probe away
_WORD = re.compile(r"\w+")

Gram = tuple[str, ...]


class Overlap:
    """Word windows of the texts that are held out; calling it with another text gives the reason against it, or ""."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._grams: dict[int, set[Gram]] = {}
        self._whole: set[Gram] = set()
        for text in texts:
            words = words_of(text)
            self._whole.add(words)
            size = min(WINDOW, len(words))
            if size >= _SHORTEST_PROBE:
                self._grams.setdefault(size, set()).update(windows(words, size))

    def __call__(self, text: str) -> str:
        words = words_of(text)
        if words and words in self._whole:
            return "is a held-out probe"
        for size, grams in sorted(self._grams.items(), reverse=True):
            shared = next((gram for gram in windows(words, size) if gram in grams), None)
            if shared:
                return f"shares {size} words with a held-out probe: {' '.join(shared)}"
        return ""


def case_text(case: Case) -> str:
    """A case's place as it stood in its file."""
    return f"{case.prefix}{case.gold}{case.suffix}"


def words_of(text: str) -> Gram:
    return tuple(_WORD.findall(text))


def windows(words: Gram, size: int) -> list[Gram]:
    return [words[i : i + size] for i in range(len(words) - size + 1)]
