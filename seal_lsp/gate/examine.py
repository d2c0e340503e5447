"""The gate's examination: base, candidate and another library's adapter side by side on the same probes.

Measures through a LanguageModel that has the adapters loaded; decides by gate/decide.py. Changes nothing on disk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean

from seal_lsp.core.learning import Case, GateReport
from seal_lsp.core.lm import Cancel, LanguageModel, SpanScore
from seal_lsp.core.progress import Progress, silent
from seal_lsp.gate.canaries import preferred_dangers
from seal_lsp.gate.decide import LEAST_PROBES, Drift, harm, no_gain
from seal_lsp.measure.bootstrap import paired
from seal_lsp.measure.evaluate import share
from seal_lsp.measure.forgetting import drift

SMALLEST_SCALE = 0.25
BISECTIONS = 4
_PREFIX_CHARACTERS = 360
_ANSWER_TOKENS = 24
_ANSWERED = 20


@dataclass(frozen=True)
class Exam:
    """What is asked. `valid(prefix, answer)` says whether an answer names the library's API and only what exists;
    `drift` maps a corpus to its (context, text asked after it); `wrong` is the digest of another library's adapter, if
    one is loaded."""

    probes: Sequence[Case]
    valid: Callable[[str, str], bool]
    drift: Mapping[str, Sequence[tuple[str, str]]]
    wrong: str | None = None
    least_probes: int = LEAST_PROBES


def examine(
    model: LanguageModel, adapter: str, exam: Exam, *, progress: Progress = silent, cancel: Cancel | None = None
) -> GateReport:
    """Measure `adapter` against the base; bisect its scale when it does harm. Leaves the scale that was judged."""
    progress("gate", 0.0, "held-out places under the base")
    base = name_bits(model, exam.probes, None, cancel)
    wrong_bits = name_bits(model, exam.probes, exam.wrong, cancel) if exam.wrong else None
    progress("gate", 0.25, "drift and canaries under the base")
    base_drift = {name: model.score(pairs, cancel=cancel) for name, pairs in exam.drift.items()}
    base_dangers = preferred_dangers(model, None)
    asked = exam.probes[:_ANSWERED]
    base_valid = _valid(model, asked, None, exam.valid, cancel)

    order = list(exam.drift)  # what did harm last is asked first

    def harm_at(scale: float, whole: bool) -> tuple[list[str], tuple[Drift, ...], dict[str, float]]:
        model.set_scale(adapter, scale)
        dangers = preferred_dangers(model, adapter)
        drifts: tuple[Drift, ...] = ()
        for name in tuple(order) if whole or not harm((), base_dangers, dangers) else ():
            now = model.score(exam.drift[name], adapter=adapter, cancel=cancel)
            drifts += (_drift(name, base_drift[name], now),)
            if drifts[-1].too_much and not whole:
                order.remove(name)
                order.insert(0, name)
                break
        return harm(drifts, base_dangers, dangers), drifts, dangers

    progress("gate", 0.5, "drift and canaries under the adapter")
    scale, found = bisect_scale(harm_at)
    model.set_scale(adapter, scale)
    harms, drifts, dangers = found
    progress("gate", 0.75, "held-out places under the adapter")
    own_bits = name_bits(model, exam.probes, adapter, cancel)
    own = paired(base, own_bits)
    wrong = paired(wrong_bits, own_bits) if wrong_bits is not None else None
    valid = _valid(model, asked, adapter, exam.valid, cancel)
    reasons = harms + no_gain(own, wrong, paired(base_valid, valid), exam.least_probes)
    progress("gate", 1.0, "promoted" if not reasons else "rejected")
    return GateReport(
        promoted=not reasons,
        reasons=tuple(reasons),
        scale=scale,
        own=own.as_dict() | {"base_bits_per_byte": _mean(base), "adapter_bits_per_byte": _mean(own_bits)},
        wrong_library=wrong.as_dict() | {"adapter": exam.wrong} if wrong is not None else None,
        drift={name: next(_numbers(d) for d in drifts if d.corpus == name) for name in exam.drift},
        canaries={"base": list(base_dangers), "adapter": list(dangers)},
        valid_share={"base": share(base_valid), "adapter": share(valid), "asked": len(asked)},
        probes=len(exam.probes),
    )


def bisect_scale(harm_at: Callable[[float, bool], tuple]) -> tuple[float, tuple]:
    """The largest scale without harm that BISECTIONS steps find; SMALLEST_SCALE with its harm if there is none.

    The smallest is asked last, when all above it did harm: most adapters that do harm do it near their full scale.
    `harm_at(scale, whole)` gives reasons and what was measured; unless `whole` it may leave off at the first reason.
    """
    found = harm_at(1.0, False)
    if not found[0]:
        return 1.0, found
    low, high, best = SMALLEST_SCALE, 1.0, None
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        tried = harm_at(middle, False)
        if tried[0]:
            high = middle
        else:
            low, best = middle, tried
    return (low, best) if best is not None else (low, harm_at(low, True))


def name_bits(model: LanguageModel, probes: Sequence[Case], adapter: str | None, cancel: Cancel | None) -> list[float]:
    """M1: bits per byte of each gold name after its prefix."""
    pairs = [(case.prefix[-_PREFIX_CHARACTERS:], case.gold) for case in probes]
    return [score.bits_per_byte for score in model.score(pairs, adapter=adapter, cancel=cancel)]


def _drift(name: str, base: Sequence[SpanScore], now: Sequence[SpanScore]) -> Drift:
    change = drift(base, now)
    return Drift(name, _bits_per_token(now) - _bits_per_token(base), change["relative"], change["high"])


def _bits_per_token(scores: Sequence[SpanScore]) -> float:
    return sum(s.bits_per_token * s.tokens for s in scores) / max(1, sum(s.tokens for s in scores))


def _numbers(found: Drift) -> dict[str, float]:
    return {name: round(value, 4) for name, value in asdict(found).items() if name != "corpus"}


def _valid(
    model: LanguageModel,
    probes: Sequence[Case],
    adapter: str | None,
    valid: Callable[[str, str], bool],
    cancel: Cancel | None,
) -> list[bool]:
    """M4 of greedy answers, one statement each."""
    prefixes = [case.prefix[-_PREFIX_CHARACTERS:] for case in probes]
    answers = model.generate(prefixes, max_tokens=_ANSWER_TOKENS, adapter=adapter, cancel=cancel)
    return [valid(case.prefix, answer.text) for case, answer in zip(probes, answers, strict=True)]


def _mean(values: Sequence[float]) -> float:
    return round(fmean(values), 4) if values else 0.0
