"""Typing, replayed: lines of case files key by key, with pauses as people make them. Pure; knows no editor."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from seal_lsp.core.learning import Case

_LONGEST, _SHORTEST = 80, 8  # characters of a line that is typed
_SPREAD = 0.8  # of the logarithm of a pause
_PAUSE_S = (0.03, 3.0)


@dataclass(frozen=True, slots=True)
class Line:
    """`typed` is written key by key between `above`, which ends with the line's indentation, and `below`."""

    above: str
    typed: str
    below: str

    def keys(self) -> Iterator[tuple[str, int]]:
        """(document, offset of the cursor) after each key."""
        for end in range(1, len(self.typed) + 1):
            yield self.above + self.typed[:end] + self.below, len(self.above) + end


def lines_of(cases: Sequence[Case], keys: int, *, seed: int) -> list[Line]:
    """Lines with a case's name in them, in a seeded order, as many as hold `keys` keys (fewer when there are no more).
    No line twice."""
    order = list(cases)
    random.Random(seed).shuffle(order)
    found: list[Line] = []
    for case in order:
        if sum(len(line.typed) for line in found) >= keys:
            break
        above, _, before = case.prefix.rpartition("\n")
        rest, _, below = case.suffix.partition("\n")
        whole = before + case.gold + rest
        typed = whole.strip()
        line = Line(f"{above}\n{whole[: len(whole) - len(whole.lstrip())]}", typed, f"\n{below}")
        if _SHORTEST <= len(typed) <= _LONGEST and line not in found:
            found.append(line)
    return found


def pauses(count: int, *, words_per_minute: float, seed: int) -> list[float]:
    """Seconds between keys, log-normal, with the mean of a typist of so many words (five keys each) a minute."""
    rng = random.Random(seed)
    mean = 60 / (5 * words_per_minute)
    middle = math.log(mean) - _SPREAD**2 / 2
    return [min(max(rng.lognormvariate(middle, _SPREAD), _PAUSE_S[0]), _PAUSE_S[1]) for _ in range(count)]


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """p50 and p95, by the nearest rank; {} of nothing."""
    if not values:
        return {}
    order = sorted(values)
    return {f"p{p}": round(order[math.ceil(p / 100 * len(order)) - 1], 1) for p in (50, 95)}
