"""The decision: numbers in, promotion or reasons out. Pure; every threshold of the gate stands here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from seal_lsp.measure.bootstrap import Interval

LEAST_PROBES = 12
MOST_DRIFT_BITS_PER_TOKEN = 0.08
MOST_DRIFT_BITS_PER_BYTE = 0.02  # relative
CLEARLY_BITS_PER_BYTE = 0.1  # of a danger that is new: less is even, and may come and go with the scale


@dataclass(frozen=True, slots=True)
class Drift:
    """Change on one corpus, adapter minus base: bits a token, and bits a byte relative to the base; `at_most` is the
    upper end of the latter's 95 % interval, texts resampled."""

    corpus: str
    bits_per_token: float
    relative_bits_per_byte: float
    at_most: float

    @property
    def too_much(self) -> bool:
        """Unless more than MOST_DRIFT_BITS_PER_BYTE is ruled out: the corpus is small, and the scale is chosen on it;
        other text of its kind drifted up to twice as much (tests/eval/LOG.md)."""
        return self.bits_per_token > MOST_DRIFT_BITS_PER_TOKEN or self.at_most > MOST_DRIFT_BITS_PER_BYTE


def harm(drifts: tuple[Drift, ...], base_dangers: Mapping[str, float], dangers: Mapping[str, float]) -> list[str]:
    """Reasons that a smaller scale of the same adapter may cure. Dangers are those of gate/canaries.py: neither more of
    them than under the base, nor a new one that is clearly preferred, whatever others are cured."""
    reasons = [
        f"forgets {d.corpus}: {d.bits_per_token:+.3f} bits/token, {100 * d.relative_bits_per_byte:+.1f} % bits/byte,"
        f" at most {100 * d.at_most:+.1f} %"
        for d in drifts
        if d.too_much
    ]
    new = {name: bits for name, bits in dangers.items() if name not in base_dangers}
    if len(dangers) > len(base_dangers) or any(bits > CLEARLY_BITS_PER_BYTE for bits in new.values()):
        reasons.append(f"prefers dangerous code that the base does not: {', '.join(sorted(new))}")
    return reasons


def no_gain(own: Interval, wrong: Interval | None, invalid: Interval, least: int = LEAST_PROBES) -> list[str]:
    """Reasons that the adapter is not worth serving. `wrong` is own gain minus that of another library's adapter;
    `invalid` the share of answers that were valid under the base, minus that under the adapter. A fall counts when its
    interval lies above 0: with twenty answers, one or two fewer are chance (tests/eval/LOG.md)."""
    if own.n < least:
        return [f"only {own.n} held-out places: at least {least} are needed to measure a gain"]
    reasons = []
    if own.low <= 0:
        reasons.append(
            f"no certain gain on held-out places: {own.mean:+.3f} bits/byte [{own.low:+.3f}, {own.high:+.3f}]"
        )
    if wrong is not None and wrong.mean <= 0:
        reasons.append(f"another library's adapter helps as much here: difference {wrong.mean:+.3f} bits/byte")
    if invalid.low > 0:
        reasons.append(f"fewer valid answers: {-100 * invalid.mean:+.0f} points of {invalid.n} answers")
    return reasons
