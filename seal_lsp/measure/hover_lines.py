"""Usage lines for hovers, counted: how many the model writes whole, in how many every name exists, how many are shown.

Knows neither how lines are asked for nor what vetting is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

from seal_lsp.measure.bootstrap import within_groups


@dataclass(frozen=True, slots=True)
class HoverLine:
    """What an arm wrote for one symbol. `line` is the model's own, before vetting, '' when it closed no call; `exists`:
    every import, member and keyword in it exists; `stands`: vetting keeps it. `shown` is the line that a hover gets,
    which may be asked for a second time, '' when there is none."""

    arm: str
    library: str
    symbol: str
    line: str
    exists: bool
    stands: bool
    shown: str
    adapter: str


SHARES: dict[str, Callable[[HoverLine], bool]] = {
    "whole": lambda one: bool(one.line),
    "exists": lambda one: one.exists,
    "stands": lambda one: one.stands,
    "shown": lambda one: bool(one.shown),
}
"""Of all symbols that were asked for."""


def counted(lines: Sequence[HoverLine], *, resamples: int, seed: int) -> dict:
    """`arms`: each arm's shares, the mean of its libraries; `libraries`: {library: {arm: shares}}; `differences`: the
    adapter's shares minus the base's with 95 % intervals, symbols paired and resampled within libraries."""
    by: dict[tuple[str, str], dict[str, HoverLine]] = defaultdict(dict)
    for one in lines:
        by[one.arm, one.library][one.symbol] = one
    arms = list(dict.fromkeys(one.arm for one in lines))
    libraries = list(dict.fromkeys(one.library for one in lines))
    each = {
        library: {arm: _shares(list(by[arm, library].values())) for arm in arms if (arm, library) in by}
        for library in libraries
    }
    found: dict = {
        "arms": {arm: _means([own[arm] for own in each.values() if arm in own]) for arm in arms},
        "libraries": each,
        "differences": {},
    }
    if {"base", "adapter"} <= set(arms):
        for name, share in SHARES.items():
            groups = [
                [float(share(line)) - float(share(before[symbol])) for symbol, line in by["adapter", library].items()]
                for library in libraries
                if (before := by["base", library])
            ]
            found["differences"][name] = within_groups(groups, resamples=resamples, seed=seed).as_dict()
    return found


def _shares(lines: Sequence[HoverLine]) -> dict:
    shares = {name: round(fmean(share(one) for one in lines), 4) for name, share in SHARES.items()}
    return {"symbols": len(lines)} | shares


def _means(parts: Sequence[dict]) -> dict:
    means = {name: round(fmean(part[name] for part in parts), 4) for name in SHARES}
    return {"symbols": sum(part["symbols"] for part in parts)} | means
