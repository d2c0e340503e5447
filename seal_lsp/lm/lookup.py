"""Prompt lookup: what followed the same words earlier in the text is drafted, and one pass of the network checks it.

Saxena 2023 (github.com/apoorvumang/prompt-lookup-decoding); code repeats its names, so many drafts hold. The text is
the same as without: a draft only decides how many tokens one pass reads.
"""

from __future__ import annotations

from collections.abc import Sequence

_WORDS = (4, 3)  # so many last tokens must have stood there before, the longer match first
LONGEST = 6  # tokens of a draft


class Lookup:
    """Over one growing list of tokens. Drafts grow while they hold and shrink when they fail."""

    def __init__(self) -> None:
        self._after: dict[tuple[int, ...], int] = {}  # the place after the latest such tokens
        self._read = 0
        self._most = 2

    def draft(self, ids: Sequence[int]) -> list[int]:
        """What may follow `ids`, which only ever grew since the last call; [] where nothing like it stood there."""
        for end in range(max(self._read, min(_WORDS)), len(ids)):  # what ends the text has nothing after it yet
            for size in _WORDS:
                if end >= size:
                    self._after[tuple(ids[end - size : end])] = end
        self._read = len(ids)
        for size in _WORDS:
            at = self._after.get(tuple(ids[-size:])) if len(ids) >= size else None
            if at is not None:
                return list(ids[at : at + self._most])
        return []

    def held(self, right: int, drafted: int) -> None:
        """`right` of `drafted` tokens came true."""
        if drafted:
            self._most = min(self._most + 2, LONGEST) if right == drafted else max(1, right + 1)
