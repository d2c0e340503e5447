"""Thirteen words in a row: what counts as shared with a held-out text, and what does not."""

import pytest

from seal_lsp.core.learning import Case
from seal_lsp.measure.overlap import Overlap, case_text

LONG = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"


@pytest.mark.parametrize(
    ("held", "text", "shared"),
    [
        (LONG, f"before {LONG} after", True),
        (LONG, LONG.replace(" ", "\n    "), True),
        (LONG, LONG.replace("seven", "7"), False),
        (LONG, " ".join(LONG.split()[:12]), False),
        (LONG, " ".join(LONG.split()[1:]), True),
        ("a = make(tree, 3)", "a = make(tree, 3)", True),
        ("ladder = Ladder(rungs=3, sort=oak)", "x\nladder = Ladder(rungs=3, sort=oak)\ny", True),
        ("import pygls", "import pygls\nimport os", False),
        ("", "", False),
        ("", LONG, False),
    ],
)
def test_what_is_shared(held, text, shared):
    assert bool(Overlap([held])(text)) is shared


def test_a_cases_place_is_its_text_with_the_gold_name_in_it():
    case = Case("lib", "1", "lib", "t.py", "member", "gold", False, ("gold",), "x = lib.", "(1)")
    assert case_text(case) == "x = lib.gold(1)"
