from __future__ import annotations

import pytest

from seal_lsp.gate.decide import Drift, harm, no_gain
from seal_lsp.gate.examine import bisect_scale
from seal_lsp.measure.bootstrap import Interval

GAIN = Interval(0.5, 0.2, 0.8, 40)
UNSURE = Interval(0.1, -0.1, 0.3, 40)


@pytest.mark.parametrize(
    ("own", "wrong", "base_valid", "valid", "said"),
    [
        (GAIN, None, 0.5, 0.6, []),
        (GAIN, Interval(0.3, 0.1, 0.5, 40), 0.5, 0.5, []),
        (UNSURE, None, 0.5, 0.6, ["no certain gain"]),
        (GAIN, Interval(-0.1, -0.2, 0.0, 40), 0.5, 0.6, ["another library's adapter helps as much"]),
        (GAIN, None, 0.5, 0.4, ["fewer valid answers"]),
        (Interval(0.5, 0.2, 0.8, 5), None, 0.5, 0.6, ["only 5 held-out places"]),
        (GAIN, None, None, None, []),
    ],
)
def test_an_adapter_without_a_certain_gain_is_refused(own, wrong, base_valid, valid, said):
    reasons = no_gain(own, wrong, base_valid, valid)
    assert len(reasons) == len(said)
    assert all(part in reason for part, reason in zip(said, reasons, strict=True))


@pytest.mark.parametrize(
    ("drift", "dangers", "said"),
    [
        (Drift("code", 0.05, 0.015), (), []),
        (Drift("code", 0.09, 0.01), (), ["forgets code"]),
        (Drift("english", 0.01, 0.03), (), ["forgets english"]),
        (Drift("code", -0.2, -0.05), ("eval",), []),
        (Drift("code", 0.0, 0.0), ("eval", "pickle"), ["prefers more dangerous code than the base: pickle"]),
    ],
)
def test_harm_is_named(drift, dangers, said):
    reasons = harm((drift,), ("eval",), dangers)
    assert len(reasons) == len(said)
    assert all(part in reason for part, reason in zip(said, reasons, strict=True))


@pytest.mark.parametrize(
    ("limit", "lowest", "highest"), [(1.0, 1.0, 1.0), (0.6, 0.5, 0.6), (0.3, 0.25, 0.3), (0.1, 0.25, 0.25)]
)
def test_the_scale_is_bisected_down_to_a_quarter(limit, lowest, highest):
    asked = []

    def harm_at(scale: float):
        asked.append(scale)
        return (["too much"] if scale > limit else [],)

    scale, found = bisect_scale(harm_at)
    assert lowest <= scale <= highest
    assert len(asked) <= 6
    assert bool(found[0]) == (limit < 0.25)
