"""Near-duplicates: of several snippets that say the same, the first stays.

MinHash over token trigrams finds candidates, exact Jaccard similarity decides, so the outcome does not depend on hash
luck. Two cuts of one text (same code, another split into prompt and completion) are no duplicates: the loss falls on
other tokens. Nor are two snippets that differ in a name which one of them teaches.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from seal_lsp.vet.snippet import Snippet

THRESHOLD = 0.9
_TOKEN = re.compile(r"\w+|[^\w\s]")


class Duplicates:
    name = "duplicates"

    def __init__(self, threshold: float = THRESHOLD) -> None:
        self._threshold = threshold
        self._kept: dict[str, tuple[Snippet, frozenset, frozenset]] = {}
        self._index = None

    def prepare(self, snippets: Sequence[Snippet]) -> None:
        from datasketch import MinHashLSH  # imports scipy: a second

        self._kept = {}
        self._index = MinHashLSH(threshold=self._threshold, num_perm=128)

    def __call__(self, snippet: Snippet) -> str:
        from datasketch import MinHash

        whole, answer = _shingles(snippet.text), _shingles(snippet.edit.completion)
        sketch = MinHash(num_perm=128, seed=1)
        sketch.update_batch([" ".join(s).encode("utf-8", "surrogatepass") for s in sorted(whole)])
        for key in sorted(self._index.query(sketch), key=int):
            other, other_whole, other_answer = self._kept[key]
            if (
                _jaccard(whole, other_whole) >= self._threshold
                and _jaccard(answer, other_answer) >= self._threshold
                and set(snippet.edit.symbols) == set(other.edit.symbols)
            ):
                return f"near-duplicate of {other.edit.id[:12]}"
        key = str(len(self._kept))
        self._kept[key] = (snippet, whole, answer)
        self._index.insert(key, sketch)
        return ""


def _shingles(text: str) -> frozenset[tuple[str, ...]]:
    tokens = _TOKEN.findall(text)
    return frozenset(tuple(tokens[i : i + 3]) for i in range(max(1, len(tokens) - 2)))


def _jaccard(a: frozenset, b: frozenset) -> float:
    union = len(a | b)
    return len(a & b) / union if union else 1.0
