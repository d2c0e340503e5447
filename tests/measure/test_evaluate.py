from __future__ import annotations

from dataclasses import replace

import orchard
import pytest

from seal_lsp.core.learning import Case
from seal_lsp.languages.python.support import Python
from seal_lsp.measure.evaluate import evaluate, is_valid_answer, rank_of_gold

LANGUAGE = Python()
CASE = Case("orchard-tools", "1.2.0", "orchard", "", "member", "climb", False, ("climb", "fold"), "x.", "")


@pytest.fixture(scope="module")
def surface(tmp_path_factory):
    return orchard.surface_of(orchard.install(tmp_path_factory.mktemp("env")))[0]


@pytest.mark.parametrize(
    ("scores", "rank"),
    [([-1.0, -2.0, -3.0], 2), ([-3.0, -1.0, -2.0], 1), ([-1.0, -5.0, -2.0], 3), ([-2.0, -2.0, -2.0], 3)],
)
def test_ties_count_against_the_gold(scores, rank):
    assert rank_of_gold(scores, ["a", "gold", "b"], "gold") == rank


@pytest.mark.parametrize(
    ("prefix", "answer", "valid"),
    [
        ("from orchard import ", "Ladder, Basket\n", True),
        ("from orchard import ", "Ladder, Trampoline\n", False),
        ("from orchard import Ladder\n\nladder = Ladder()\nladder.", "climb(rungs=3)\n", True),
        ("from orchard import Ladder\n\nladder = Ladder()\nladder.", "jump()\n", False),
        ("from orchard import Ladder\n\nladder = Ladder(", "height=2.0)\n", True),
        ("from orchard import Ladder\n\nladder = Ladder(", "width=2.0)\n", False),
        ("from orchard import Ladder\n\n", "print('nothing of the library')\n", False),
    ],
)
def test_an_answer_is_valid_when_all_it_names_exists(surface, prefix, answer, valid):
    assert is_valid_answer(prefix, answer, surface, LANGUAGE) is valid


async def test_copyable_and_other_places_are_counted_apart(surface):
    cases = [CASE, replace(CASE, copyable=True), replace(CASE, gold="fold")]

    async def rank(prefix, candidates):
        return [-1.0 if name == "climb" else -2.0 for name in candidates]

    result = await evaluate(cases, rank, None, surface, LANGUAGE)
    assert (result["cases"], result["cases_noncopyable"]) == (3, 2)
    assert (result["top1"], result["top1_noncopyable"], result["top1_copyable"]) == (0.6667, 0.5, 1.0)
    assert result["valid_share"] is None
