"""The fit of a choice among names."""

from __future__ import annotations

import math

import pytest

from seal_lsp.measure.log_linear import Choice, fit, likelihood, rank


def choice(chosen: int, *signs: dict[str, float]) -> Choice:
    return Choice("lib", signs, chosen)


A, B = {"a": 1.0}, {"b": 1.0}


def test_the_likeliest_weights_give_the_shares_that_were_seen():
    """Three of four times `a`: the odds are 3, so the weights differ by log 3."""
    weights = fit([choice(0, A, B)] * 3 + [choice(1, A, B)], penalty=1e-9)
    assert weights["a"] - weights["b"] == pytest.approx(math.log(3), abs=1e-3)


def test_the_penalty_pulls_to_nothing_or_to_what_is_given():
    choices = [choice(0, A, B)] * 4
    free, pulled = fit(choices, penalty=1e-3), fit(choices, penalty=1e6)
    assert free["a"] > 1 > 0.01 > abs(pulled["a"])
    assert fit(choices, penalty=1e6, around={"a": 2.0})["a"] == pytest.approx(2.0, abs=0.01)
    assert fit(choices, penalty=10.0, free=("a",))["a"] > fit(choices, penalty=10.0)["a"]


def test_signs_that_are_the_same_everywhere_weigh_nothing():
    assert "c" not in fit([choice(0, A | {"c": 1.0}, B | {"c": 1.0})], penalty=1.0)
    assert fit([], penalty=1.0) == {}


def test_rank_and_likelihood():
    weights = {"a": 2.0, "b": 1.0}
    assert [rank(choice(at, A, B, {}), weights) for at in range(3)] == [1, 2, 3]
    assert [rank(choice(at, {}, {}), weights) for at in range(2)] == [1, 2]
    total = sum(math.exp(likelihood(choice(at, A, B, {}), weights)) for at in range(3))
    assert total == pytest.approx(1.0)
