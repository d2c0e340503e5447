"""Suggestions remembered so that typing along one never asks the engine again. Keyed by document and engine epoch:
a change of weights leaves nothing behind. Pure memory, no I/O.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

LIMIT = 64


@dataclass(frozen=True, slots=True)
class Remembered:
    """`text` was suggested right after `prefix`, with `after` behind the cursor."""

    prefix: str
    after: str
    text: str
    adapter: str


class TypedThrough:
    def __init__(self) -> None:
        self._by_document: OrderedDict[str, list[Remembered]] = OrderedDict()
        self._epoch = -1

    def add(self, document: str, epoch: int, suggestion: Remembered) -> None:
        self._renew(epoch)
        known = self._by_document.setdefault(document, [])
        known.insert(0, suggestion)
        del known[8:]
        self._by_document.move_to_end(document)
        while len(self._by_document) > LIMIT:
            self._by_document.popitem(last=False)

    def find(self, document: str, epoch: int, prefix: str, after: str) -> tuple[str, str] | None:
        """(what is left of a suggestion, its adapter) when the text typed since is how it begins."""
        self._renew(epoch)
        for known in self._by_document.get(document, ()):
            typed = prefix[len(known.prefix) :]
            if (
                known.after == after
                and prefix.startswith(known.prefix)
                and known.text.startswith(typed)
                and len(known.text) > len(typed)
            ):
                return known.text[len(typed) :], known.adapter
        return None

    def _renew(self, epoch: int) -> None:
        if epoch != self._epoch:
            self._by_document.clear()
            self._epoch = epoch
