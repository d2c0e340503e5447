"""M6: what an adapter costs elsewhere, and what stays of each library after others were learned.

Pure arithmetic over scores and rows; which adapter a request runs under is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from seal_lsp.core.lm import SpanScore
from seal_lsp.measure.bootstrap import paired

GAINS = ("top1", "top5", "bits")
"""What a library may lose of what it has gained; of bits (a byte) less is better."""


@dataclass(frozen=True, slots=True)
class Placed:
    """One case, ranked under whatever adapter the product's routing found: `adapter` is own, other or none."""

    copyable: bool
    rank: int
    bits: float
    adapter: str


def bits_per_byte(scores: Sequence[SpanScore]) -> float:
    """Over a whole corpus: all bits over all bytes."""
    return sum(one.bits_per_byte * one.bytes for one in scores) / max(sum(one.bytes for one in scores), 1)


def drift(base: Sequence[SpanScore], adapter: Sequence[SpanScore], *, resamples: int = 2000, seed: int = 0) -> dict:
    """How much worse a corpus became: bits per byte before and after, `relative` (0.02 is 2 % worse) and its 95 %
    interval, texts resampled."""
    before, after = bits_per_byte(base), bits_per_byte(adapter)
    # Each text's share of the change, so that their mean is the change of the whole corpus.
    size = sum(one.bytes for one in base) / max(len(base), 1)
    shares = [[one.bits_per_byte * one.bytes / size / before for one in scores] for scores in (adapter, base)]
    interval = paired(shares[0], shares[1], resamples=resamples, seed=seed)
    return {
        "base": round(before, 6),
        "adapter": round(after, 6),
        "relative": round(after / before - 1, 6),
        "low": round(interval.low, 6),
        "high": round(interval.high, 6),
        "texts": len(base),
    }


def scores_of(placed: Sequence[Placed]) -> dict:
    """Means over one library's places, and how often routing took its own adapter, another library's, or none."""
    found: dict = {"cases": len(placed)}
    if placed:
        found["top1"] = round(fmean(one.rank == 1 for one in placed), 6)
        found["top5"] = round(fmean(one.rank <= 5 for one in placed), 6)
        found["bits"] = round(fmean(one.bits for one in placed), 6)
    found["adapter"] = {name: sum(one.adapter == name for one in placed) for name in ("own", "other", "none")}
    return found


def kept(before: Mapping, learned: Mapping, finally_: Mapping) -> dict[str, float | None]:
    """For each of `GAINS` the share of a library's gain that is left at the end: 1.0 is all of it. None where learning
    it had gained nothing that could be lost."""
    found: dict[str, float | None] = {}
    for name in GAINS:
        sign = -1 if name == "bits" else 1
        gain = sign * (learned[name] - before[name])
        found[name] = round(sign * (finally_[name] - before[name]) / gain, 4) if gain > 0 else None
    return found
