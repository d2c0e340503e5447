"""Recent places: windows of the other open files that share most names with the place where somebody types.

The model reads them before the file (as Copilot does with neighbouring tabs: windows compared by Jaccard's index over
their identifiers). They are chosen anew only when the developer has moved, so that a prompt's beginning stays the same
from key to key. Knows no LSP types; which files may be read is the caller's.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

FILES = 10
WINDOW_LINES, STEP = 24, 12
LEAST_LIKENESS = 0.1
_LINES_AT_MOST = 4000
_NEAR_LINES = 60  # above the place: what is compared with
_ANCHOR_LINES = 32
_LEAST_LINES = 3
_NAME = re.compile(r"[^\W\d]\w+")

Where = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Source:
    """An open file: `label` is how it is named to the model."""

    label: str
    text: str


class RecentFiles:
    """Which files were opened or edited last, and what of the others was chosen for each."""

    def __init__(self) -> None:
        self._touched: OrderedDict[str, int] = OrderedDict()  # uri: when, the latest last
        self._clock = 0
        self._chosen: dict[str, tuple[Where, str]] = {}

    def touched(self, uri: str) -> None:
        self._clock += 1
        self._touched[uri] = self._clock
        self._touched.move_to_end(uri)

    def closed(self, uri: str) -> None:
        self._touched.pop(uri, None)
        self._chosen.pop(uri, None)

    def others(self, uri: str) -> list[str]:
        """The files that a place in `uri` may read, the latest first."""
        return [other for other in reversed(self._touched) if other != uri][:FILES]

    def where(self, uri: str, text: str, offset: int) -> Where:
        """The same while no other file is touched and the place stays within a stretch of lines."""
        latest = next((when for other, when in reversed(self._touched.items()) if other != uri), 0)
        return latest, text.count("\n", 0, offset) // _ANCHOR_LINES

    def kept(self, uri: str, where: Where) -> str | None:
        """What was chosen there; None when it has to be chosen (again)."""
        chosen = self._chosen.get(uri)
        return chosen[1] if chosen is not None and chosen[0] == where else None

    def last(self, uri: str) -> str:
        """What was chosen last for a file, wherever in it that was."""
        return self._chosen[uri][1] if uri in self._chosen else ""

    def keep(self, uri: str, where: Where, text: str) -> None:
        if uri in self._touched:
            self._chosen[uri] = (where, text)


def likely_windows(text: str, offset: int, others: Sequence[Source], characters: int) -> str:
    """At most `characters` of windows, one a file, each below a comment that names it, the likeliest last; '' for none.
    `others` are the latest first, which wins among equals."""
    near = _names("\n".join(text[:offset].splitlines()[-_NEAR_LINES:]))
    found = []
    for place, source in enumerate(others):
        likeness, window = max(((_likeness(near, names), window) for window, names in _windows(source.text)),
                               key=lambda one: one[0], default=(0.0, ""))  # fmt: skip
        if likeness >= LEAST_LIKENESS:
            found.append((-likeness, place, f"# {source.label}\n{window.rstrip()}\n\n"))
    taken: list[str] = []
    for *_, piece in sorted(found):
        if len(piece) > characters:
            piece = piece[: piece.rfind("\n", 0, characters) + 1]
        if piece.count("\n") < _LEAST_LINES:
            break
        taken.append(piece)
        characters -= len(piece)
    return "".join(reversed(taken))


def _likeness(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / len(a | b) if a and b else 0.0


def _names(text: str) -> frozenset[str]:
    return frozenset(_NAME.findall(text))


@lru_cache(maxsize=FILES)
def _windows(text: str) -> list[tuple[str, frozenset[str]]]:
    lines = text.splitlines(keepends=True)[:_LINES_AT_MOST]
    starts = range(0, max(1, len(lines) - WINDOW_LINES + STEP), STEP)
    return [(window, _names(window)) for window in ("".join(lines[at : at + WINDOW_LINES]) for at in starts)]
