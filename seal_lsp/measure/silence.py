"""What a confidence threshold shows, and how much of that is right: the curve that a threshold is chosen by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from seal_lsp.measure.tally import Row

THRESHOLDS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


def silence(rows: Iterable[Row], thresholds: Sequence[float] = THRESHOLDS) -> list[dict]:
    """For each threshold: the share of places where something is shown, the share of that whose next name is right, and
    the share of what would have been right that is kept. [] where no row has a confidence."""
    rows = [row for row in rows if row.confidence is not None or not row.text.strip()]
    said = [row for row in rows if row.confidence is not None]
    if not said:
        return []
    right = sum(row.exact for row in said)
    found = []
    for threshold in thresholds:
        shown = [row for row in said if row.confidence >= threshold]
        hits = sum(row.exact for row in shown)
        found.append(
            {
                "threshold": threshold,
                "places": len(rows),
                "shown": len(shown) / len(rows),
                "right": hits / len(shown) if shown else None,
                "right_kept": hits / right if right else None,
            }
        )
    return found
