"""What `seal.libraries` answers: one row for each library that is used here or was learned, for an editor to list."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from seal_lsp.assist.hover import learned_state
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


def _row(known: LearnedLibrary) -> dict[str, Any]:
    said = learned_state(known) + (f"; {gain(known.gain)}" if known.gain is not None else "")
    return {**asdict(known), "said": said, "uses": 0, "root": ""}


def gain(bits: float) -> str:
    """The gate's measure: bits per byte saved at places that were held out."""
    return f"{bits:+.2f} bits/byte on held-out places"
