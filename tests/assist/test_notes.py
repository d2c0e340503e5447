"""Notes on the APIs of a file: what is there, in which order, and what is left out when not all fits."""

from __future__ import annotations

import pytest

from seal_lsp.assist import tasks

LADDER = "# Ladder(height: float = 3.0, folding: bool = True)\n# Ladder: climb, fold, folding, height\n"
BASKET = "# Basket(capacity: int = 20, label: str = 'basket')\n# Basket: capacity, label, put, tip_out, weigh\n"
CLIMB = "# Ladder.climb(rungs: int = 4) -> float\n"
IMPORTS = "from orchard import Basket, Ladder\n"


@pytest.mark.parametrize(
    ("text", "characters", "expected"),
    [
        ("import json\njson.dumps(1)\n", 1000, ""),
        ("from orchard import Missing\n", 1000, ""),
        (IMPORTS, 1000, BASKET + LADDER + "\n"),
        (IMPORTS + "basket = Basket()\n", 1000, LADDER + BASKET + "\n"),  # what was named last stands last
        (IMPORTS + "basket = Basket()\n", len(BASKET), BASKET + "\n"),
        (IMPORTS + "ladder = Ladder()\nladder.climb(2)\n", 1000, BASKET + LADDER + CLIMB + "\n"),
        (IMPORTS + "ladder = Ladder()\nladder.climb(2)\n", len(CLIMB) + 20, CLIMB + "\n"),
        (IMPORTS, 10, ""),
    ],
)
def test_notes(place, text, characters, expected):
    found = tasks.notes(text, len(text), characters, place)
    assert found.text == expected
    assert found.libraries == (("orchard-tools@1.2.0",) if "orchard" in text else ())


def test_what_comes_after_the_place_is_not_noted(place):
    text = IMPORTS + "\n\ndef f():\n    Ladder()\n"
    assert tasks.notes(text, len(IMPORTS), 1000, place).text == BASKET + LADDER + "\n"
