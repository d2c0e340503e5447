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
