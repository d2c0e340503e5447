"""Retrieval for the rag arms: BM25 over the evidence that was gathered about a library, passages put before a prefix.

BM25 is `bm25s` (Lù 2024, arXiv 2407.03618), variant lucene, k1 1.5, b 0.75. Identifiers count whole and by their parts.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from typing import Protocol

from seal_lsp.core.errors import UsageError
from seal_lsp.core.learning import Evidence

PASSAGE_CHARACTERS = 900
_NAME = re.compile(r"[^\W\d]\w*")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


class Tokeniser(Protocol):
    """`lm.tokens.Tokens` is one."""

    def encode(self, text: str) -> list[int]: ...

    def head(self, text: str, limit: int) -> str: ...

    def tail(self, text: str, limit: int) -> str: ...


class Passages:
    """An index over passages of at most about 900 characters. Raises UsageError when bm25s is not installed."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = tuple(texts)
        self._index = None
        words = [terms(text) for text in self.texts]
        if any(words):
            self._index = _bm25()
            self._index.index(words, show_progress=False)

    def best(self, query: str) -> list[str]:
        """Passages that share a word with the query, best first; equal ones in the order of the evidence."""
        if self._index is None:
            return []
        known = [term for term in terms(query) if term in self._index.vocab_dict]
        if not known:
            return []
        scores = self._index.get_scores(known)
        order = sorted(range(len(self.texts)), key=lambda at: (-scores[at], at))
        return [self.texts[at] for at in order if scores[at] > 0]


def passages_of(evidence: Iterable[Evidence]) -> list[str]:
    """Evidence cut into passages at blank lines, at line ends where there is none; exact repeats once."""
    return list(dict.fromkeys(piece for item in evidence for piece in _cut(item.text.strip("\n")) if piece.strip()))


def in_front(passages: Sequence[str], tokens: Tokeniser, limit: int) -> str:
    """The passages that fit into `limit` tokens, the best one nearest to what follows; '' for none. The last that is
    taken is cut at a line."""
    taken: list[str] = []
    left = limit
    for passage in passages:
        text = passage.rstrip() + "\n\n"
        size = len(tokens.encode(text))
        if size > left:
            text = tokens.head(text, left)
            text = text[: text.rfind("\n") + 1]
            if text.strip():
                taken.append(text)
            break
        taken.append(text)
        left -= size
    return "".join(reversed(taken))


def terms(text: str) -> list[str]:
    """Words of a text for BM25: identifiers in small letters, and the parts of those that have several."""
    found = []
    for name in _NAME.findall(text):
        found.append(name.lower())
        parts = [part.lower() for part in _PART.findall(name)]
        if len(parts) > 1:
            found += parts
    return found


def _cut(text: str) -> list[str]:
    if len(text) <= PASSAGE_CHARACTERS:
        return [text]
    pieces, current = [], ""
    for line in text.splitlines(keepends=True):
        full = len(current) + len(line) > PASSAGE_CHARACTERS
        at_gap = not line.strip() and len(current) > PASSAGE_CHARACTERS // 2
        if current and (full or at_gap):
            pieces.append(current.rstrip("\n"))
            current = ""
        current += line
    return [*pieces, current.rstrip("\n")]


def _bm25():
    try:
        import bm25s
    except ImportError as error:
        raise UsageError(
            f"the rag arms need bm25s: {error}", hint="pip install 'seal-lsp[eval]', or leave the rag arms out"
        ) from error
    logging.getLogger("bm25s").setLevel(logging.WARNING)  # it sets itself to DEBUG when it is imported
    return bm25s.BM25(method="lucene", k1=1.5, b=0.75)
