"""Which names are shown and in which order; which part of a text is the prompt; what typing along leaves."""

from __future__ import annotations

import pytest

from seal_lsp.assist.facts import CompletionFacts, Member
from seal_lsp.assist.menu import is_match, static_order, visible, window
from seal_lsp.assist.ranking import LOGPROB, WITH_MODEL, weights, with_scores
from seal_lsp.assist.typed_through import Remembered, TypedThrough


def member(name: str, **more) -> Member:
    return Member(name, "method", **{"doc": "Documented.", **more})


def test_static_order():
    members = (
        member("__init__"),
        member("_private"),
        member("zebra"),
        member("Apple"),
        member("bare", doc=""),
        member("old", deprecated="use new"),
        member("used", used_here=True),
    )
    order = [m.name for m in static_order(members)]
    assert order == ["used", "Apple", "zebra", "bare", "_private", "__init__", "old"]


def test_what_speaks_for_a_name_goes_before_the_alphabet():
    members = (member("apple"), member("zebra", prior=1.0), member("used", used_here=True), member("pear", prior=-1.0))
    assert [m.name for m in static_order(members)] == ["zebra", "used", "apple", "pear"]


def test_ranked_names_come_first_and_the_rest_keep_their_order():
    members = tuple(map(member, "abcd"))
    assert [m.name for m in with_scores("member", members, {"c": -1.0, "b": -5.0})] == ["c", "b", "a", "d"]


@pytest.mark.parametrize("kind", ["import", "member", "keyword"])
def test_the_prior_and_the_models_word_are_added(kind):
    factor = weights()[kind][WITH_MODEL][LOGPROB]
    assert factor > 0
    members = (member("likely", prior_with_model=1.0), member("unlikely"))
    for behind, first in ((0.9 / factor, "likely"), (1.1 / factor, "unlikely")):
        scores = {"unlikely": -3.0, "likely": -3.0 - behind}
        assert with_scores(kind, members, scores)[0].name == first


@pytest.mark.parametrize(
    ("partial", "shown"),
    [
        ("", ["open", "opener"]),
        ("op", ["open", "opener"]),
        ("OP", ["open", "opener"]),
        ("opr", ["opener"]),
        ("pen", []),
        ("_", ["_hidden"]),
    ],
)
def test_what_is_typed_filters(partial, shown):
    facts = CompletionFacts("member", 0, partial, tuple(map(member, ("open", "opener", "_hidden"))))
    assert [m.name for m in visible(facts)] == shown


@pytest.mark.parametrize(
    ("partial", "name", "fits"),
    [("gn", "get_name", True), ("gx", "get_name", False), ("e", "get", False), ("get_name", "get", False)],
)
def test_matching(partial, name, fits):
    assert is_match(partial, name) is fits


def test_a_prompts_beginning_stays_the_same_from_key_to_key():
    text = "".join(f"line {i} of the file\n" for i in range(400))
    beginnings = {window(text + "x" * typed, 1000)[:200] for typed in range(40)}
    assert len(beginnings) <= 2
    for typed in range(0, 2000, 7):
        cut = window(text[: 3000 + typed], 1000)
        assert len(cut) <= 1000
        assert text[: 3000 + typed].endswith(cut)
        assert cut.startswith("line")
    assert window("short", 1000) == "short"
    assert len(window("x" * 5000, 1000)) <= 1000


STEPS = [
    # (prefix, after, epoch, what is left)
    ("a.", "", 1, ("climb()", "d")),
    ("a.cl", "", 1, ("imb()", "d")),
    ("a.climb(", "", 1, (")", "d")),
    ("a.climb()", "", 1, None),
    ("a.f", "", 1, None),
    ("a", "", 1, None),
    ("a.cl", ")", 1, None),
    ("b.cl", "", 1, None),
    ("a.cl", "", 2, None),
]


@pytest.mark.parametrize(("prefix", "after", "epoch", "left"), STEPS)
def test_typing_along(prefix, after, epoch, left):
    memory = TypedThrough()
    memory.add("file:///a.py", 1, Remembered("a.", "", "climb()", "d"))
    assert memory.find("file:///a.py", epoch, prefix, after) == left
    assert memory.find("file:///other.py", 1, prefix, after) is None


def test_a_change_of_weights_leaves_nothing_behind():
    memory = TypedThrough()
    memory.add("u", 1, Remembered("a.", "", "climb()", "old"))
    memory.add("u", 2, Remembered("b.", "", "fold()", "new"))
    assert memory.find("u", 2, "a.", "") is None
    assert memory.find("u", 2, "b.", "") == ("fold()", "new")
    assert memory.find("u", 1, "a.", "") is None


def test_memory_is_bounded():
    memory = TypedThrough()
    for i in range(200):
        for j in range(20):
            memory.add(f"u{i}", 1, Remembered(f"{j}.", "", "x()", ""))
    assert memory.find("u0", 1, "19.", "") is None
    assert memory.find("u199", 1, "19.", "") == ("x()", "")
    assert memory.find("u199", 1, "0.", "") is None
