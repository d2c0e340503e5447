"""What `seal.why` says of a suggestion, and which one it means."""

from __future__ import annotations

import pytest

from seal_lsp.assist.inline import Suggestion
from seal_lsp.core.protocol import LearnedLibrary
from seal_lsp.lsp.why import REMEMBERED, Shown, message

ORCHARD = LearnedLibrary(
    "orchard-tools@1.2.0", "live", "a1b2c3d4e5f6a7b8", learned_at="2026-11-26T04:00:00Z", snippets=90, gain=0.4321
)
LEARNED = "Written by what was learned of orchard-tools 1.2.0 (adapter a1b2c3d4e5f6, 2026-11-26 04:00, +0.43 bits/byte"


@pytest.mark.parametrize(
    ("suggestion", "known", "evidence", "parts"),
    [
        (Suggestion("1", "climb(rungs=2)", 0, 0, confidence=0.834), None, {},
         ["`climb(rungs=2)`: 83% sure.", "the base model, no adapter"]),
        (Suggestion("1", "climb()", 0, 0, adapter="gone"), None, {}, ["an adapter that is no longer live"]),
        (Suggestion("1", "\nfold()\nprint()", 0, 0, remembered=True), None, {}, ["`fold()`", "a moment ago"]),
        (Suggestion("1", "climb(rungs=2)", 0, 0, adapter=ORCHARD.adapter), ORCHARD,
         {"orchard.Ladder.climb": 14, "rungs": 3}, [LEARNED, "Vetted snippets: 14 of climb, 3 of rungs."]),
        (Suggestion("1", "print()", 0, 0, adapter=ORCHARD.adapter), ORCHARD, {}, ["90, none of these names."]),
    ],
)  # fmt: skip
def test_the_message(suggestion, known, evidence, parts):
    said = message(suggestion, known, evidence)
    assert [part for part in parts if part not in said] == [], said


def test_without_an_id_the_best_of_the_last_ones_is_meant_and_old_ones_are_forgotten():
    shown = Shown()
    assert shown.find() is None
    shown.add([Suggestion("best", "a", 0, 0), Suggestion("second", "b", 0, 0)])
    assert shown.find().id == "best"
    assert shown.find("second").text == "b"
    for number in range(REMEMBERED):
        shown.add([Suggestion(str(number), "c", 0, 0)])
    assert shown.find("best") is None
    assert shown.find().id == str(REMEMBERED - 1)
