"""Who a model could still bring first: everybody within what its word is worth, nobody else."""

from __future__ import annotations

from math import exp

import pytest

from seal_lsp.assist.facts import Member
from seal_lsp.assist.ranking import LOGPROB, SPREAD, WITH_MODEL, chances, contenders, weights, with_scores


def members(*priors: float) -> list[Member]:
    return [Member(f"n{at}", "function", prior=prior, prior_with_model=prior) for at, prior in enumerate(priors)]


@pytest.mark.parametrize("kind", ["import", "member", "keyword"])
@pytest.mark.parametrize(
    ("behind", "kept"),  # in what the model's word is worth
    [([], 0), ([0.0], 1), ([0.0, 0.5], 2), ([0.0, 1.01], 1), ([0.0, 0.99, 3.0], 2), ([2.0, 0.0, 1.5], 1)],
)
def test_contenders(kind, behind, kept):
    worth = weights()[kind][WITH_MODEL][LOGPROB] * SPREAD
    found = contenders(kind, members(*(-share * worth for share in behind)))
    assert len(found) == kept


@pytest.mark.parametrize("kind", ["import", "member", "keyword"])
def test_whoever_is_left_out_could_not_be_first(kind):
    worth = weights()[kind][WITH_MODEL][LOGPROB] * SPREAD
    some = members(0.0, -0.9 * worth, -1.1 * worth)
    kept = {member.name for member in contenders(kind, some)}
    for favourite in some:
        scores = {member.name: 0.0 if member is favourite else -SPREAD for member in some}
        assert with_scores(kind, some, scores)[0].name in kept


@pytest.mark.parametrize("kind", ["import", "member", "keyword"])
def test_chances_are_those_of_a_log_linear_model(kind):
    factor = weights()[kind][WITH_MODEL][LOGPROB]
    some = members(1.0, 0.0)
    alone = chances(kind, some, {})
    assert sum(alone.values()) == pytest.approx(1.0)
    assert alone["n0"] / alone["n1"] == pytest.approx(exp(1.0))
    beside = chances(kind, some, {"n0": -2.0, "n1": -5.0})
    assert beside["n0"] / beside["n1"] == pytest.approx(exp(1.0 + 3.0 * factor))
    assert chances(kind, some, {"n1": -5.0}) == pytest.approx(alone)  # who has no score has the lowest
    assert chances(kind, some[:1], {}) == {"n0": 1.0}
    assert chances(kind, [], {}) == {}
