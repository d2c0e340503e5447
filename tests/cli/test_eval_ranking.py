"""The fit of the menu's weights, over places made by hand: who is judged by which weights, and what is written."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from seal_lsp.assist.ranking import LOGPROB as WEIGHED
from seal_lsp.cli.eval_progress import Watch
from seal_lsp.cli.eval_ranking_run import (
    BOTH,
    KINDS,
    MODEL,
    PRIORS,
    Fit,
    Spot,
    _fit_alone,
    _fit_beside,
    _fit_each,
    _rows,
    _without,
)
from seal_lsp.core.learning import Case
from seal_lsp.measure.log_linear import LOGPROB

HOW = Fit(frozenset(), None, 0.1, 0.1, (), False)


def spot(library: str, gold: str, *, kind: str = "member", telling: str = "good", scores=None) -> Spot:
    case = Case(library, "1", library, "t.py", kind, gold, False, ("a", "b"), "x.", "")
    signs = tuple({"good": float(telling == "good" and name == gold), "noise": float(name == "a")} for name in "ab")
    return Spot(SimpleNamespace(name=library), case, "", ("a", "b"), signs, "x.", scores or {})


def test_a_library_is_judged_by_weights_that_never_saw_it():
    """Two libraries say that the sign is right; in the third it never shows."""
    spots = [spot(library, gold, kind=kind) for library in ("one", "two") for gold in "ab" for kind in KINDS]
    spots += [spot("three", "a", telling="") for _ in range(3)]
    with Watch() as watch:
        weights, left_out = _fit_each(spots, ["one", "two", "three"], HOW, watch, _fit_alone)
    assert weights["member"]["good"] > 1
    assert left_out["three"]["member"]["good"] > 1
    assert abs(left_out["three"]["member"]["noise"]) < 0.01 < weights["member"]["noise"]


def test_the_models_word_is_weighed_beside_the_signs():
    right, wrong = {"a": -1.0, "b": -9.0}, {"a": -9.0, "b": -1.0}
    sides = (("one", "a", right), ("one", "b", wrong), ("two", "a", right), ("two", "b", wrong))
    spots = [spot(lib, gold, kind=kind, telling="", scores=said) for kind in KINDS for lib, gold, said in sides]
    with Watch() as watch:
        alone, out = _fit_each(spots, ["one", "two"], HOW, watch, _fit_alone)
        both, both_out = _fit_each(spots, ["one", "two"], HOW, watch, _fit_beside, alone, out)
    assert both["member"][LOGPROB] > 0.1
    found = {row.arm: row.rank for row in _rows(spots[1], alone, out, both, both_out)}
    assert found[MODEL] == found[BOTH] == 1
    assert set(found) == {PRIORS, MODEL, BOTH}


def test_places_that_no_model_was_asked_about_keep_the_models_weight():
    assert _fit_beside([spot("one", "a")], HOW, {"good": 1.0})[LOGPROB] > 0
    assert LOGPROB == WEIGHED


@pytest.mark.parametrize(("left", "sign"), [("good", "noise"), ("noise", "good")])
def test_signs_are_left_out(left: str, sign: str):
    assert set(_without([spot("one", "a")], [sign])[0].signs[0]) == {left}
