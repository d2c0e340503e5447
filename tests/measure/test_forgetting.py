"""M6's arithmetic by hand, and corpora that share nothing with what trains or what the gate reads."""

from __future__ import annotations

import ast
import math

import pytest

from seal_lsp.core.lm import SpanScore
from seal_lsp.measure.corpora import FORGETTING, drift_texts, forgetting_texts, replay_texts
from seal_lsp.measure.forgetting import Placed, bits_per_byte, drift, kept, scores_of


def scored(*bits_and_bytes: tuple[float, int]) -> list[SpanScore]:
    return [SpanScore(-bits * math.log(2), 1, size) for bits, size in bits_and_bytes]


def test_bits_per_byte_are_of_the_whole_corpus():
    assert bits_per_byte(scored((10, 10), (60, 30))) == pytest.approx(70 / 40)


def test_drift_is_relative_to_the_base():
    found = drift(scored((10, 10), (30, 30)), scored((11, 10), (31, 30)), resamples=200, seed=0)
    assert (found["base"], found["adapter"], found["texts"]) == (1.0, 1.05, 2)
    assert found["relative"] == pytest.approx(0.05)
    assert found["low"] <= 0.05 <= found["high"]


def test_the_same_scores_drift_by_nothing():
    found = drift(scored((10, 10), (7, 9)), scored((10, 10), (7, 9)), resamples=50, seed=0)
    assert (found["relative"], found["low"], found["high"]) == (0.0, 0.0, 0.0)


def test_scores_say_under_whose_adapter():
    placed = [Placed(False, 1, 2.0, "own"), Placed(False, 6, 4.0, "other"), Placed(False, 3, 3.0, "none")]
    assert scores_of(placed) == {
        "cases": 3, "top1": pytest.approx(1 / 3, abs=1e-6), "top5": pytest.approx(2 / 3, abs=1e-6), "bits": 3.0,
        "adapter": {"own": 1, "other": 1, "none": 1},
    }  # fmt: skip
    assert scores_of([]) == {"cases": 0, "adapter": {"own": 0, "other": 0, "none": 0}}


@pytest.mark.parametrize(
    ("before", "learned", "end", "left"),
    [
        ((0.2, 0.6, 3.0), (0.4, 0.8, 2.0), (0.4, 0.8, 2.0), (1.0, 1.0, 1.0)),
        ((0.2, 0.6, 3.0), (0.4, 0.8, 2.0), (0.3, 0.7, 2.5), (0.5, 0.5, 0.5)),
        ((0.2, 0.6, 3.0), (0.4, 0.8, 2.0), (0.1, 0.5, 3.5), (-0.5, -0.5, -0.5)),
        ((0.2, 0.6, 3.0), (0.2, 0.5, 3.1), (0.2, 0.5, 3.1), (None, None, None)),
    ],
)
def test_what_is_left_of_a_gain(before, learned, end, left):
    def values(triple):
        return dict(zip(("top1", "top5", "bits"), triple, strict=True))

    found = kept(values(before), values(learned), values(end))
    assert found == {name: None if value is None else pytest.approx(value) for name, value in values(left).items()}


def test_m6_s_corpora_are_apart_from_replay_and_from_the_gate_s():
    corpora = forgetting_texts(characters=6000, seed=0)
    assert set(corpora) == set(FORGETTING)
    drift = [context + text for pairs in drift_texts().values() for context, text in pairs]
    others = "\n".join([*replay_texts(400, seed=0), *drift])
    for name, pairs in corpora.items():
        assert 6000 <= sum(len(text) for _, text in pairs) < 9000, name
        assert not [text for _, text in pairs if text.strip() in others], name
    for context, body in corpora["functions"]:
        (function,) = ast.parse(context + body).body
        assert ast.get_docstring(function)
        assert f"def {function.name}(" in context
        assert f"def {function.name}(" not in body


def test_m6_s_corpora_are_the_same_for_the_same_seed():
    assert forgetting_texts(characters=2000, seed=1) == forgetting_texts(characters=2000, seed=1)
    assert forgetting_texts(characters=2000, seed=1) != forgetting_texts(characters=2000, seed=2)
