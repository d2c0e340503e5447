"""Seeded chance: a random order by weight."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def drawn(some: Sequence[T], weights: Sequence[float], names: Sequence[str], rng: random.Random) -> list[T]:
    """A random order by weight, ties by name (Efraimidis & Spirakis 2006)."""
    keyed = [(rng.random() ** (1 / max(w, 1e-6)), name, one) for one, w, name in zip(some, weights, names, strict=True)]
    return [one for _, _, one in sorted(keyed, key=lambda k: (-k[0], k[1]))]
