"""bench_soak.json as sheets, for the terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from seal_lsp.cli.bench_sheets import write_bench
from seal_lsp.cli.eval_sheets import Sheet

OUTCOMES = {
    "shown": "shown, for the text as it was",
    "late": "came after the next key: the client drops it",
    "nothing": "nothing to suggest, or overtaken by a newer request",
    "withdrawn": "withdrawn, and answered as cancelled",
    "failed": "failed",
    "unanswered": "never answered",
}


def soak_sheets(found: Mapping) -> list[Sheet]:
    rows = [(words, str(found["outcomes"].get(name, 0))) for name, words in OUTCOMES.items()]
    note = f"{found['requests']} requests; of the shown {found['misplaced']} did not stand at the cursor."
    sizes = found["megabytes"]
    memory = [
        (name, *(f"{one[name]:.0f}" for one in (sizes[0], sizes[len(sizes) // 2], sizes[-1])))
        for name in ("server", "worker", "engine")
        if sizes
    ]
    columns = ("process", *(f"after {one['keys']} keys" for one in (sizes[0], sizes[len(sizes) // 2], sizes[-1])))
    return [
        Sheet("Requests", ("what became of them", "requests"), tuple(rows), note),
        Sheet("Resident memory, MB", columns, tuple(memory)),
    ]


def write_markdown(found: Mapping, folder: Path) -> Path:
    """FOLDER/bench_soak.md"""
    return write_bench("soak", found, folder, [("keys", str(found["keys"]))], soak_sheets(found))
