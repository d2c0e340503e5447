"""The curve of a confidence threshold, worked out by hand."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from seal_lsp.measure.silence import silence


def row(confidence: float | None, exact: bool, text: str = "x"):
    return SimpleNamespace(confidence=confidence, exact=exact, text=text)


ROWS = [row(0.9, True), row(0.8, False), row(0.4, True), row(None, False, "")]


@pytest.mark.parametrize(
    ("threshold", "shown", "right", "kept"),
    [
        (0.0, 0.75, 2 / 3, 1.0),
        (0.4, 0.75, 2 / 3, 1.0),
        (0.5, 0.5, 0.5, 0.5),
        (0.9, 0.25, 1.0, 0.5),
        (1.0, 0.0, None, 0),
    ],
)
def test_a_threshold(threshold, shown, right, kept):
    (found,) = silence(ROWS, [threshold])
    assert found["places"] == 4
    assert (found["shown"], found["right"], found["right_kept"]) == pytest.approx((shown, right, kept))


def test_arms_that_say_nothing_of_how_sure_they_are_have_no_curve():
    assert silence([row(None, True), row(None, False)]) == []
    assert silence([]) == []
