"""Rows of numbers in, counts out; two windows may write."""

from __future__ import annotations

from seal_lsp.store.feedback import FeedbackStore, Row


def row(kind: str, adapter: str = "", after_s: int = 0, value: float = 1.0) -> Row:
    return Row("2026-11-25T00:00:00+00:00", kind, "one", adapter, 10, after_s, value)


def test_counts_and_deletion(tmp_path):
    one, other = FeedbackStore(tmp_path / "feedback.db"), FeedbackStore(tmp_path / "feedback.db")
    one.add([row("shown"), row("shown", "a"), row("accepted", "a"), row("kept", "a", 30), row("kept", "a", 30, 0.5)])
    other.add([row("shown", "a")])
    assert one.counts() == {
        "": {"kept": {}, "shown": {"count": 1, "characters": 10}},
        "a": {
            "shown": {"count": 2, "characters": 20},
            "accepted": {"count": 1, "characters": 10},
            "kept": {"30": {"texts": 2, "alike": 0.75}},
        },
    }
    assert other.clear() == 6
    assert one.counts() == {}
