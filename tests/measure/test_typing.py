"""Typing, replayed: which lines, key by key, with pauses like a person's; and what the keys are counted as."""

from __future__ import annotations

import statistics

import pytest

from seal_lsp.cli.bench_keys import Key, counted
from seal_lsp.core.learning import Case
from seal_lsp.measure.typing import lines_of, pauses, percentiles


def case(prefix: str, gold: str, suffix: str) -> Case:
    return Case("acme", "1.0", "acme", "a.py", "member", gold, False, (gold,), prefix, suffix)


CASES = [
    case("import acme\n\n    value = acme.", "send", "(1)  \nprint(value)\n"),
    case("import acme\n\n    value = acme.", "send", "(1)  \nprint(value)\n"),
    case("from acme import ", "Client", "\n"),
    case("x", ".y", "\n"),  # too short to be typed
    case("import acme\nx = [" + "1, " * 40, "y", "]\n"),  # too long
]


def test_a_line_is_typed_key_by_key_between_what_stands_around_it():
    lines = {line.typed: line for line in lines_of(CASES, 1000, seed=0)}
    assert set(lines) == {"value = acme.send(1)", "from acme import Client"}
    line = lines["value = acme.send(1)"]
    assert (line.above, line.below) == ("import acme\n\n    ", "\nprint(value)\n")
    keys = list(line.keys())
    assert keys[0] == ("import acme\n\n    v\nprint(value)\n", len("import acme\n\n    v"))
    assert keys[-1][0] == "import acme\n\n    value = acme.send(1)\nprint(value)\n"
    assert len(keys) == len(line.typed)


def test_no_more_lines_than_the_keys_ask_for_and_the_same_each_time():
    assert len(lines_of(CASES, 10, seed=0)) == 1
    assert lines_of(CASES, 1000, seed=3) == lines_of(CASES, 1000, seed=3)


def test_pauses_are_seeded_spread_and_as_long_as_the_speed_says():
    found = pauses(5000, words_per_minute=40, seed=1)
    assert found == pauses(5000, words_per_minute=40, seed=1)
    assert statistics.fmean(found) == pytest.approx(0.3, rel=0.1)
    assert statistics.median(found) < statistics.fmean(found)
    assert min(found) >= 0.03


@pytest.mark.parametrize(
    ("values", "expected"),
    [([], {}), ([7.0], {"p50": 7.0, "p95": 7.0}), (list(range(1, 101)), {"p50": 50, "p95": 95})],
)
def test_percentiles(values, expected):
    assert percentiles(values) == expected


def test_keys_are_counted_by_where_their_answer_came_from():
    keys = [Key(100.0, "model", True, ""), Key(4.0, "memory", False, ""), Key(9.0, "nothing", False, ""),
            Key(None, "", False, "")]  # fmt: skip
    found = counted(keys)
    assert found["sources"] == {"model": 1, "memory": 1, "nothing": 1, "superseded": 1}
    assert (found["shown"], found["right"], found["keys"]) == (2, 1, 4)
    assert found["ms"]["shown"] == {"p50": 4.0, "p95": 100.0}
