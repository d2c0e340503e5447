"""Rows to numbers, worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from seal_lsp.core.learning import Case
from seal_lsp.measure.answers import Judgement
from seal_lsp.measure.arms import Answer
from seal_lsp.measure.bootstrap import within_groups
from seal_lsp.measure.tally import METRICS, SPLITS, difference, names_written, over_libraries, row_of, summary

CASE = Case(
    "orchard-tools", "1.2.0", "orchard", "x.py", "member", "climb", False, ("climb", "fold", "lean", "rest"),
    "ladder.", "(rungs=3, fast=True)\nladder.climb()\n",
)  # fmt: skip
GOOD = Judgement(2, (), ())


def row(
    case: Case = CASE, answer: Answer | None = None, judged: Judgement = GOOD, arm: str = "base", library: str = "o"
):
    answer = answer or Answer(case.candidates, (-1.0, -2.0, -3.0, -4.0), "climb(rungs=1)", "stop")
    return row_of(arm, library, case, answer, judged, "")


def test_a_row_compares_an_answer_with_what_stood_there():
    found = row()
    assert (found.rank, found.exact, found.later, found.known) == (1, True, True, None)
    assert found.bits == pytest.approx(1.0 / math.log(2) / 5)
    assert found.f1 == pytest.approx(2 * 1 / (2 + 1))


@pytest.mark.parametrize(
    ("answer", "rank", "bits", "known"),
    [
        (Answer(CASE.candidates, (-3.0, -2.0, -1.0, -4.0), "x", "stop"), 3, 3.0, None),
        (Answer(("fold", "climb"), (-1.0, -2.0), "x", "stop", own=True), 2, None, True),
        (Answer(("fold",), (-1.0,), "x", "stop", own=True), None, None, True),
        (Answer((), (), "x", "stop", own=True), None, None, False),
    ],
)
def test_what_an_arm_did_not_offer_has_no_rank(answer, rank, bits, known):
    found = row(answer=answer)
    assert (found.rank, found.known) == (rank, known)
    assert found.bits == (None if bits is None else pytest.approx(bits / math.log(2) / 5))


@pytest.mark.parametrize(
    ("metric", "change", "value"),
    [
        ("top1", {"rank": 1}, 1.0),
        ("top1", {"rank": 2}, 0.0),
        ("top1", {"rank": None}, 0.0),
        ("top5", {"rank": 5}, 1.0),
        ("top5", {"rank": 6}, 0.0),
        ("mrr", {"rank": 4}, 0.25),
        ("mrr", {"rank": None}, 0.0),
        ("answered", {"text": " \n"}, 0.0),
        ("answered", {"text": "climb"}, 1.0),
        ("valid", {"names": 0}, 0.0),
        ("valid", {"unknown": ("jump",)}, 0.0),
        ("hallucinated", {"unknown": ("jump",)}, 1.0),
        ("deprecated", {"deprecated": ("shake_tree",)}, 1.0),
        ("known", {"known": False}, 0.0),
        ("known", {"known": True, "kind": "import"}, None),
        ("chance", {}, 0.25),
        ("keyword_f1", {"f1": None}, None),
    ],
)
def test_metrics_of_one_row(metric, change, value):
    assert METRICS[metric](replace(row(), **change)) == value


@pytest.mark.parametrize(
    ("change", "splits"),
    [
        ({}, {"noncopyable", "noncopyable_used_later", "noncopyable_member"}),
        ({"later": False, "kind": "import"}, {"noncopyable", "noncopyable_not_used_later", "noncopyable_import"}),
        ({"copyable": True}, {"copyable"}),
    ],
)
def test_copyable_places_are_never_pooled_with_the_others(change, splits):
    one = replace(row(), **change)
    assert {name for name, has in SPLITS.items() if has(one)} == splits


def rows(library: str, ranks: list[int | None], arm: str = "base"):
    return [replace(row(library=library, arm=arm), case=f"{library}{n}", rank=rank) for n, rank in enumerate(ranks)]


def test_libraries_weigh_the_same_however_many_cases_they_have():
    some = rows("big", [1, 1, 2, 2]) + rows("small", [9])
    assert summary(some[:4])["top1"] == 0.5
    found = over_libraries(some)
    assert (found["cases"], found["top1"], found["top5"]) == (5, 0.25, 0.5)
    assert found["mrr"] == pytest.approx(((1 + 1 + 0.5 + 0.5) / 4 + 1 / 9) / 2, abs=1e-5)
    assert found["known"] is None


def test_a_difference_is_paired_by_place_and_averaged_over_libraries():
    base = rows("big", [2, 2, 2, 1]) + rows("small", [2, 1])
    arm = rows("big", [1, 1, 2, 1], "adapter") + rows("small", [2, 2], "adapter")
    found = difference(arm, base, "top1", resamples=500, seed=0)
    assert found["mean"] == pytest.approx((2 / 4 - 1 / 2) / 2)
    assert (found["libraries_above"], found["libraries_below"], found["n"]) == (1, 1, 6)
    assert found["libraries"]["big"]["mean"] == 0.5
    assert found["low"] <= found["mean"] <= found["high"]
    assert difference(arm[:2], base, "top1", resamples=50, seed=0)["n"] == 2
    assert difference(arm, base, "known", resamples=50, seed=0) is None


def test_where_every_pair_differs_alike_the_interval_is_a_point():
    base, arm = rows("a", [2] * 5) + rows("b", [2] * 7), rows("a", [1] * 5) + rows("b", [1] * 7)
    found = difference(arm, base, "top1", resamples=200, seed=3)
    assert (found["mean"], found["low"], found["high"]) == (1.0, 1.0, 1.0)


def test_within_groups_resamples_inside_each_library_only():
    """Two libraries that each differ by a constant: pooled resampling would mix them, this must not."""
    found = within_groups([[0.0] * 4, [1.0] * 2], resamples=300, seed=1)
    assert (found.mean, found.low, found.high, found.n) == (0.5, 0.5, 0.5, 6)
    spread = within_groups([[0.0, 1.0] * 50], resamples=2000, seed=1)
    assert spread.mean == 0.5
    # the standard error of a mean of 100 fair coins is 0.05, its 95 % interval +- 0.098
    assert spread.low == pytest.approx(0.402, abs=0.02)
    assert spread.high == pytest.approx(0.598, abs=0.02)
    assert within_groups([], resamples=10).n == 0


def test_names_are_counted_over_answers():
    some = [row(), replace(row(), names=3, unknown=("jump", "fly")), replace(row(), deprecated=("shake_tree",))]
    assert names_written(some) == {"names": 7, "unknown": 2, "deprecated": 1}
