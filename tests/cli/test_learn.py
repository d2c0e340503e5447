"""When `learn` stops watching, and what it makes of what it saw."""

from __future__ import annotations

import pytest

from seal_lsp.cli.learn import decided, outcome
from seal_lsp.core.errors import GateRejected, NothingToLearn, SealError
from seal_lsp.core.protocol import LearnedLibrary, Learning, Status

LIVE = LearnedLibrary("a@1", "live", adapter="d")
QUEUED = LearnedLibrary("a@1", "queued")
OTHER = LearnedLibrary("b@1", "live")
NOW = Learning("c", "a@1", "train", 0.5, "")


@pytest.mark.parametrize(
    ("libraries", "queue", "learning", "expected"),
    [
        ((LIVE, OTHER), (), None, LIVE),
        ((OTHER,), (), None, None),
        ((QUEUED,), ("a@1",), None, None),
        ((LIVE,), ("a@1",), None, None),  # learned anew: what was live stays so meanwhile
        ((LIVE,), (), NOW, None),
        ((LIVE,), (), Learning("c", "b@1", "train", 0.5, ""), LIVE),
        ((LearnedLibrary("a@1", "paused"),), (), None, None),
    ],
)
def test_decided(libraries, queue, learning, expected) -> None:
    status = Status("ready", "Normal", "", learning=learning, queue=queue, libraries=libraries)
    assert decided(status, "a@1") == expected


@pytest.mark.parametrize(
    ("state", "kind"), [("rejected", GateRejected), ("known", NothingToLearn), ("failed", SealError)]
)
def test_an_end_that_is_not_live_is_raised_with_its_reasons(state: str, kind: type[SealError]) -> None:
    with pytest.raises(kind, match="too little") as caught:
        outcome(LearnedLibrary("a@1", state, reasons=("too little",)))
    assert type(caught.value) is kind
    assert caught.value.hint


def test_live_is_a_row() -> None:
    assert outcome(LIVE)["adapter"] == "d"
