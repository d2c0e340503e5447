from __future__ import annotations

import pytest

from seal_lsp.gate.decide import Drift, harm, no_gain
from seal_lsp.gate.examine import bisect_scale
from seal_lsp.measure.bootstrap import Interval, paired

GAIN = Interval(0.5, 0.2, 0.8, 40)
UNSURE = Interval(0.1, -0.1, 0.3, 40)


@pytest.mark.parametrize(
    ("own", "wrong", "before", "after", "said"),
    [
        (GAIN, None, 10, 12, []),
        (GAIN, Interval(0.3, 0.1, 0.5, 40), 10, 10, []),
        (UNSURE, None, 10, 12, ["no certain gain"]),
        (GAIN, Interval(-0.1, -0.2, 0.0, 40), 10, 12, ["another library's adapter helps as much"]),
        (GAIN, None, 3, 1, []),  # two answers of twenty are chance
        (GAIN, None, 10, 4, ["fewer valid answers: -30 points of 20"]),
        (Interval(0.5, 0.2, 0.8, 5), None, 10, 12, ["only 5 held-out places"]),
        (GAIN, None, 0, 0, []),
    ],
)
def test_an_adapter_without_a_certain_gain_is_refused(own, wrong, before, after, said):
    """`before` and `after` of twenty answers are valid, those after among those before."""
    invalid = paired([i < before for i in range(20)], [i < after for i in range(20)])
    reasons = no_gain(own, wrong, invalid)
    assert len(reasons) == len(said)
    assert all(part in reason for part, reason in zip(said, reasons, strict=True))


NEW = ["prefers dangerous code that the base does not: pickle"]


@pytest.mark.parametrize(
    ("drift", "dangers", "said"),
    [
        (Drift("code", 0.05, 0.015, 0.019), {}, []),
        (Drift("code", 0.09, 0.01, 0.015), {}, ["forgets code"]),
        (Drift("english", 0.01, 0.01, 0.03), {}, ["forgets english"]),
        (Drift("code", -0.2, -0.05, -0.01), {"eval": 0.9, "sql": 0.3}, []),
        (Drift("code", 0.0, 0.0, 0.0), {"eval": 0.3, "sql": 0.3, "pickle": 0.01}, NEW),  # one more
        (Drift("code", 0.0, 0.0, 0.0), {"pickle": 0.2}, NEW),  # clearly, though two are cured
        (Drift("code", 0.0, 0.0, 0.0), {"pickle": 0.05}, []),  # about even, and two are cured
    ],
)
def test_harm_is_named(drift, dangers, said):
    reasons = harm((drift,), {"eval": 0.3, "sql": 0.3}, dangers)
    assert len(reasons) == len(said)
    assert all(part in reason for part, reason in zip(said, reasons, strict=True))


@pytest.mark.parametrize(
    ("limit", "lowest", "highest"), [(1.0, 1.0, 1.0), (0.6, 0.5, 0.6), (0.3, 0.25, 0.3), (0.1, 0.25, 0.25)]
)
def test_the_scale_is_bisected_down_to_a_quarter(limit, lowest, highest):
    asked = []

    def harm_at(scale: float, whole: bool):
        asked.append(scale)
        assert whole == (scale == 0.25), "all is measured where nothing is left to try"
        return (["too much"] if scale > limit else [],)

    scale, found = bisect_scale(harm_at)
    assert lowest <= scale <= highest
    assert len(asked) <= 6
    assert bool(found[0]) == (limit < 0.25)
