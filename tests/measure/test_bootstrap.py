from __future__ import annotations

import pytest

from seal_lsp.measure.bootstrap import paired


@pytest.mark.parametrize(
    ("before", "after", "sign"),
    [
        ([2.0, 2.1, 1.9, 2.2] * 5, [1.0, 1.1, 1.2, 0.9] * 5, "gain"),
        ([1.0, 1.1, 1.2, 0.9] * 5, [2.0, 2.1, 1.9, 2.2] * 5, "loss"),
        ([1.0, 2.0, 1.0, 2.0] * 5, [2.0, 1.0, 2.0, 1.0] * 5, "unsure"),
    ],
)
def test_the_interval_says_whether_a_difference_is_certain(before, after, sign):
    interval = paired(before, after)
    assert {"gain": interval.low > 0, "loss": interval.high < 0, "unsure": interval.low < 0 < interval.high}[sign]
    assert interval.low <= interval.mean <= interval.high
    assert interval.n == 20


def test_it_is_repeatable_and_refuses_unpaired_values():
    assert paired([1.0, 3.0, 2.0], [0.5, 1.0, 2.5], seed=7) == paired([1.0, 3.0, 2.0], [0.5, 1.0, 2.5], seed=7)
    with pytest.raises(ValueError, match="differ in length"):
        paired([1.0], [])


def test_no_values_give_no_certainty():
    assert paired([], []).low == 0.0 == paired([], []).high
