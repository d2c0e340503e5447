"""BM25 over a handful of passages, its weights worked out by hand, and the budget of tokens."""

from __future__ import annotations

import math

import pytest

from seal_lsp.core.learning import Evidence, Provenance
from seal_lsp.measure.arms import prompt_with
from seal_lsp.measure.retrieval import PASSAGE_CHARACTERS, Passages, in_front, passages_of, terms

WHERE = Provenance("readme", "orchard-tools", "1.2.0", "README.md", 1, "")


class Letters:
    """A tokeniser with one token a character: budgets can be counted by eye."""

    def encode(self, text: str) -> list[int]:
        return [ord(letter) for letter in text]

    def head(self, text: str, limit: int) -> str:
        return text[:limit]

    def tail(self, text: str, limit: int) -> str:
        return text[-limit:]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("press.squeeze(3)", ["press", "squeeze"]),
        ("TokenBucket", ["tokenbucket", "token", "bucket"]),
        ("per_sec", ["per_sec", "per", "sec"]),
        ("HTTPServer2 x", ["httpserver2", "http", "server", "x"]),
        ("1 + 2", []),
    ],
)
def test_identifiers_count_whole_and_by_their_parts(text, found):
    assert terms(text) == found


def test_scores_are_bm25():
    """Lucene's variant: idf(t) = ln(1 + (N - n + 0.5)/(n + 0.5)); tf/(tf + k1 (1 - b + b len/mean len))."""
    passages = Passages(["press apple apple", "press", "ladder"])
    idf = math.log(1 + (3 - 1 + 0.5) / (1 + 0.5))
    length = 1 - 0.75 + 0.75 * 3 / (5 / 3)
    expected = idf * 2 / (2 + 1.5 * length)
    assert float(passages._index.get_scores(["apple"])[0]) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("ladder", ["climb the ladder", "fold ladder ladder"]),
        ("unheard_of", []),
        ("", []),
        ("climb", ["climb the ladder"]),
    ],
)
def test_best_passages_share_a_word_with_the_query(query, best):
    texts = ["climb the ladder", "press apples", "fold ladder ladder"]
    assert sorted(Passages(texts).best(query)) == sorted(best)


def test_more_of_the_word_in_less_text_is_better_and_ties_keep_the_order():
    assert Passages(["a b ladder", "ladder ladder", "x y"]).best("ladder") == ["ladder ladder", "a b ladder"]
    assert Passages(["ladder one", "ladder two"]).best("ladder") == ["ladder one", "ladder two"]


def test_nothing_to_search_finds_nothing():
    assert Passages([]).best("ladder") == []


@pytest.mark.parametrize(
    ("limit", "front"),
    [
        (100, "third\n\nsecond\n\nfirst\n\n"),
        (15, "second\n\nfirst\n\n"),
        (7, "first\n\n"),
        (6, "first\n"),
        (3, ""),
    ],
)
def test_the_best_passage_stands_nearest_and_the_budget_holds(limit, front):
    assert in_front(["first", "second", "third"], Letters(), limit) == front
    assert len(front) <= limit


def test_evidence_is_cut_where_code_has_gaps_and_repeats_go():
    block = "x = 1\n" * 50
    items = [
        Evidence("usage", "short", "a", (), WHERE),
        Evidence("source", block + "\n" + block + "\n" + block, "b", (), WHERE),
        Evidence("usage", "short", "c", (), WHERE),
    ]
    cut = passages_of(items)
    assert cut[0] == "short"
    assert len(cut) == len(set(cut)) > 2
    assert all(len(piece) <= PASSAGE_CHARACTERS for piece in cut)
    assert {line for piece in cut[1:] for line in piece.splitlines()} <= {"x = 1", ""}


def test_the_prefix_of_the_rag_arms_is_that_of_the_others():
    prefix = "y" * 1000
    shown = prompt_with(["passage"], prefix, Letters())
    assert shown.text == "passage\n\n" + prefix[-256:]
    assert len(shown.text) <= shown.limit
    assert prompt_with([], prefix, Letters()).text == prefix
