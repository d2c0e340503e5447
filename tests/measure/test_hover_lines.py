"""Hover lines counted: shares of all symbols, each library weighs the same, the adapter's gain is paired by symbol."""

from __future__ import annotations

import pytest

from seal_lsp.measure.hover_lines import HoverLine, counted


def line(arm: str, library: str, symbol: str, word: str = "") -> HoverLine:
    """`word` says how far the model's own line came: '' wrote no call, whole, exists, stands; a `+` is shown too."""
    own, shown = word.rstrip("+"), word.endswith("+")
    return HoverLine(
        arm,
        library,
        symbol,
        "x()" if own else "",
        own in ("exists", "stands"),
        own == "stands",
        "x()" if shown else "",
        "",
    )


LINES = [
    line("base", "a", "f"), line("base", "a", "g", "whole+"), line("base", "b", "h", "exists"),
    line("adapter", "a", "f", "stands+"), line("adapter", "a", "g", "exists+"), line("adapter", "b", "h", "stands+"),
]  # fmt: skip


def test_shares_are_of_all_symbols_and_libraries_weigh_the_same():
    found = counted(LINES, resamples=200, seed=0)
    assert found["libraries"]["a"]["base"] == {"symbols": 2, "whole": 0.5, "exists": 0, "stands": 0, "shown": 0.5}
    assert found["libraries"]["a"]["adapter"] == {"symbols": 2, "whole": 1, "exists": 1, "stands": 0.5, "shown": 1}
    assert found["arms"]["base"] == {"symbols": 3, "whole": 0.75, "exists": 0.5, "stands": 0, "shown": 0.25}


@pytest.mark.parametrize(("share", "gain"), [("whole", 0.25), ("exists", 0.5), ("stands", 0.75), ("shown", 0.75)])
def test_the_gain_is_paired_by_symbol_within_libraries(share, gain):
    shuffled = [*reversed(LINES[3:]), *LINES[:3]]
    for lines in (LINES, shuffled):
        one = counted(lines, resamples=200, seed=0)["differences"][share]
        assert (one["mean"], one["n"]) == (gain, 3)
        assert one["low"] <= gain <= one["high"]


def test_the_base_alone_has_no_difference():
    found = counted(LINES[:3], resamples=200, seed=0)
    assert list(found["arms"]) == ["base"]
    assert found["differences"] == {}
