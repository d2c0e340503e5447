"""Paired bootstrap over cases. Pure Python: a gate has some hundred values, and the editor side has no numpy."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its 95 % percentile interval; `n` values went in."""

    mean: float
    low: float
    high: float
    n: int

    def as_dict(self) -> dict:
        return {"mean": round(self.mean, 4), "low": round(self.low, 4), "high": round(self.high, 4), "n": self.n}


def paired(before: Sequence[float], after: Sequence[float], *, resamples: int = 2000, seed: int = 0) -> Interval:
    """Interval of mean(before - after), pairs resampled (Efron & Tibshirani 1993, percentile method)."""
    if len(before) != len(after):
        raise ValueError(f"paired samples differ in length: {len(before)} and {len(after)}")
    differences = [b - a for b, a in zip(before, after, strict=True)]
    if not differences:
        return Interval(0.0, 0.0, 0.0, 0)
    rng = random.Random(seed)
    n = len(differences)
    means = sorted(fmean(rng.choices(differences, k=n)) for _ in range(resamples))
    return Interval(fmean(differences), means[int(0.025 * resamples)], means[int(0.975 * resamples)], n)


def within_groups(groups: Sequence[Sequence[float]], *, resamples: int = 2000, seed: int = 0) -> Interval:
    """Interval of the mean over groups of each group's mean, values resampled within their group (stratified bootstrap,
    Efron & Tibshirani 1993, percentile method): every library weighs the same, however many cases it has."""
    groups = [group for group in groups if group]
    if not groups:
        return Interval(0.0, 0.0, 0.0, 0)
    rng = random.Random(seed)
    totals = [0.0] * resamples
    for group in groups:
        n = len(group)
        drawn = rng.choices(group, k=n * resamples)
        for at in range(resamples):
            totals[at] += sum(drawn[at * n : (at + 1) * n]) / n
    means = sorted(total / len(groups) for total in totals)
    mean = fmean(fmean(group) for group in groups)
    return Interval(mean, means[int(0.025 * resamples)], means[int(0.975 * resamples)], sum(map(len, groups)))
