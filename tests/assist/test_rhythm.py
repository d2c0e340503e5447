"""The pause before the model is asked follows how fast somebody types and how long answers take."""

from __future__ import annotations

import pytest

from seal_lsp.assist.rhythm import Rhythm


@pytest.mark.parametrize(
    ("gaps", "answers", "pause"),
    [
        ([], [], 0.075),  # nothing is known yet
        ([0.2, 0.2], [], 0.075),
        ([0.6] * 6, [], 0.0375),  # twice as slow as answers are expected to be
        ([0.1] * 6, [], 0.075),  # faster than any answer
        ([0.6] * 6, [0.1] * 40, 0.0125),
        ([0.6] * 6 + [30.0] + [0.6] * 2, [0.1] * 40, 0.0125),  # thinking is not typing
        ([0.6] * 6 + [0.05] * 20, [0.1] * 40, 0.075),  # what was long ago no longer counts
        ([0.0] * 6, [], 0.075),
    ],
)
def test_pause(gaps, answers, pause):
    now = [100.0]
    rhythm = Rhythm(lambda: now[0])
    rhythm.key()
    for gap in gaps:
        now[0] += gap
        rhythm.key()
    for seconds in answers:
        rhythm.answered(seconds)
    assert rhythm.pause_s(0.075) == pytest.approx(pause, rel=0.02)
