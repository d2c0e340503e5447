"""The libraries that are used here or were learned: a row for each, as `seal.libraries` answers; how one is named."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from seal_lsp.assist.hover import learned_state
from seal_lsp.core.errors import UsageError
from seal_lsp.core.library import LibraryId
from seal_lsp.core.protocol import LearnedLibrary

if TYPE_CHECKING:
    from seal_lsp.lsp.desk import Desk


def rows(desk: Desk) -> list[dict[str, Any]]:
    """Learned ones first, then the most used. `said` is a sentence; `state` is "" for what was never learned."""
    status = desk.link.status
    found = {known.library: _row(known) for known in status.libraries} if status else {}
    for root, decisions in desk.watching.decisions.items():
        for decision in decisions:
            if not decision.library.version:
                continue  # imported, but not installed
            library = str(decision.library)
            row = found.setdefault(library, _row(LearnedLibrary(library, "")))
            row |= {"uses": row["uses"] + decision.uses, "root": row["root"] or str(root)}
            if not row["state"]:
                row["said"] = f"not learned: {decision.reason}"
    return sorted(found.values(), key=lambda row: (not row["adapter"], -row["uses"], row["library"]))


def listing(found: list[dict[str, Any]]) -> str:
    """The rows as markdown, for an editor that has no list of its own."""
    lines = [f"- **{row['library'].replace('@', ' ')}**: {row['said']}" for row in found]
    return "\n".join(["# Libraries", "", *(lines or ["None is used here or was learned."])]) + "\n"


def one_of(desk: Desk, text: str, *, learned: bool) -> LibraryId:
    """The library that somebody names. Without a version it is the one of that name that was learned (`learned`) or is
    used here (not `learned`), if there is one alone. Raises UsageError."""
    name = LibraryId(text.strip(), "").name
    found = [row for row in rows(desk) if row["library"].partition("@")[0] == name]
    found = [row for row in found if (row["adapter"] if learned else row["root"])] or found
    if len(found) == 1:
        text = found[0]["library"]
    elif found:
        raise UsageError(f"which {name}?", hint=f"there is {', '.join(row['library'] for row in found)}")
    return LibraryId.parse(text)


def said_of(known: LearnedLibrary | None) -> str:
    """What was learned and gained, or why not."""
    return learned_state(known) + (f"; {gain(known.gain)}" if known and known.gain is not None else "")


def _row(known: LearnedLibrary) -> dict[str, Any]:
    return {**asdict(known), "said": said_of(known), "uses": 0, "root": ""}


def gain(bits: float) -> str:
    """The gate's measure: bits per byte saved at places that were held out."""
    return f"{bits:+.2f} bits/byte on held-out places"
