"""bench_growth.json as a sheet and as a plot. Computes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from seal_lsp.cli.bench_sheets import write_bench
from seal_lsp.cli.eval_sheets import Sheet

WORDS = {
    "adapters": "registered adapters, a question about another one each time",
    "libraries": "live libraries that one file imports",
    "windows": "editors that ask at once",
    "lines": "lines of the file",
    "symbols": "names in the index",
}


def growth_sheets(found: Mapping) -> list[Sheet]:
    rows = [
        (WORDS[name], str(one["size"]), *(f"{one[what][share]:.0f}" for what in ("menu", "ghost") for share in _SHARES))
        for name, some in found["grown"].items()
        for one in some
    ]
    note = f"Milliseconds over LSP, {found['asks']} questions a size, the first one not counted; the menu is static."
    columns = ("what grows", "size", "menu p50", "menu p95", "ghost text p50", "ghost text p95")
    return [Sheet("Cost as work grows", columns, tuple(rows), note)]


_SHARES = ("p50", "p95")


def write_markdown(found: Mapping, folder: Path) -> Path:
    """FOLDER/bench_growth.md and FOLDER/bench_growth.svg"""
    from seal_lsp.cli.eval_plots import growth_plot

    (folder / "bench_growth.svg").write_text(growth_plot(found["grown"], WORDS), encoding="utf-8")
    return write_bench("growth", found, folder, [("plot", "bench_growth.svg")], growth_sheets(found))
