"""The decision: numbers in, promotion or reasons out. Pure; every threshold of the gate stands here."""

from __future__ import annotations

from dataclasses import dataclass

from seal_lsp.measure.bootstrap import Interval

LEAST_PROBES = 12
MOST_DRIFT_BITS_PER_TOKEN = 0.08
MOST_DRIFT_BITS_PER_BYTE = 0.02  # relative


@dataclass(frozen=True, slots=True)
class Drift:
    """Change on one corpus, adapter minus base: bits a token, and bits a byte relative to the base."""

    corpus: str
    bits_per_token: float
    relative_bits_per_byte: float

    @property
    def too_much(self) -> bool:
        return self.bits_per_token > MOST_DRIFT_BITS_PER_TOKEN or self.relative_bits_per_byte > MOST_DRIFT_BITS_PER_BYTE


def harm(drifts: tuple[Drift, ...], base_dangers: tuple[str, ...], dangers: tuple[str, ...]) -> list[str]:
    """Reasons that a smaller scale of the same adapter may cure."""
    reasons = [
        f"forgets {d.corpus}: {d.bits_per_token:+.3f} bits/token, {100 * d.relative_bits_per_byte:+.1f} % bits/byte"
        for d in drifts
        if d.too_much
    ]
    if len(dangers) > len(base_dangers):
        reasons.append(
            f"prefers more dangerous code than the base: {', '.join(sorted(set(dangers) - set(base_dangers)))}"
        )
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
