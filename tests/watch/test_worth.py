"""Which libraries are learned, which asked about, which left alone, and why."""

from pathlib import Path

import pytest

from seal_lsp.core.library import InstalledLibrary, LibraryId
from seal_lsp.watch.scan import LibraryUse
from seal_lsp.watch.worth import decide, worth_learning

ROOT = Path("/w")


def use(
    name: str = "acme",
    *,
    uses: int = 3,
    declared: bool = False,
    roots: int = 1,
    editable: bool = False,
    problem: str = "",
) -> LibraryUse:
    folders = tuple((ROOT if editable else Path("/site")) / name for _ in range(roots))
    library = LibraryId(name, "1.0")
    return LibraryUse(
        library, InstalledLibrary(library, (name,), folders, None, editable, (), problem), (name,), 1, uses, declared
    )


@pytest.mark.parametrize(
    ("given", "options", "verdict", "reason"),
    [
        (use(declared=True), {}, "learn", "declared"),
        (use(), {"declared": {"acme"}}, "learn", "declared"),
        (use(), {}, "skip", "not declared"),
        (use(), {"trust": "all"}, "learn", "3 times"),
        (use(declared=True), {"trust": "ask"}, "ask", "learn.trust is ask"),
        (use(declared=True), {"trust": "none"}, "skip", "learn.trust is none"),
        (use(declared=True), {"trust": "everything"}, "skip", "unknown"),
        (use("dataclasses", declared=True), {"standard": {"dataclasses"}}, "skip", "standard library"),
        (use("acme-core", declared=True), {"excluded": ["Acme-*"]}, "skip", "excluded"),
        (use(declared=True), {"learned": {"acme@1.0": "live"}}, "skip", "already learned"),
        (use(declared=True), {"learned": {"acme@1.0": "rejected"}}, "skip", "rejected"),
        (use(declared=True), {"learned": {"acme@1.0": "known"}}, "skip", "knows it"),
        (use(declared=True), {"learned": {"acme@0.9": "live"}}, "learn", "declared"),
        (use(declared=True), {"learned": {"acme@1.0": "odd"}}, "skip", "odd"),
        (use(declared=True, editable=True), {"roots": [ROOT]}, "skip", "own code"),
        (use(declared=True, editable=True), {"roots": [Path("/other")]}, "learn", "declared"),
        (use(declared=True, roots=0, problem="it has no RECORD"), {}, "skip", "no RECORD"),
        (use(declared=True, problem="a C extension without source or stubs (x.so)"), {}, "skip", "C extension"),
        (use(declared=True, problem="it has no RECORD; known from top_level.txt"), {}, "learn", "declared"),
        (use("types-acme", declared=True), {"trust": "all"}, "skip", "stubs"),
    ],
)  # fmt: skip
def test_decide(given: LibraryUse, options: dict, verdict: str, reason: str) -> None:
    decision = decide(given, **options)
    assert decision.verdict == verdict
    assert reason in decision.reason


def test_the_most_used_is_learned_first_and_what_is_not_installed_comes_last() -> None:
    uses = [use("a", uses=9), use("b", uses=1, declared=True), use("c", uses=5, declared=True)]
    decisions = worth_learning(uses, missing=["zed"])
    assert [(decision.library.name, decision.verdict) for decision in decisions] == [
        ("c", "learn"), ("b", "learn"), ("a", "skip"), ("zed", "skip"),
    ]  # fmt: skip
    assert "not installed" in decisions[-1].reason
