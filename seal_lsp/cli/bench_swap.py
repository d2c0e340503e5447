"""An adapter swapped between two keys: what the first answer under the other one costs more."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from seal_lsp.cli.bench_grown import copies
from seal_lsp.cli.bench_keys import source_of, window
from seal_lsp.cli.eval_learn import Learned
from seal_lsp.cli.eval_product import fill
from seal_lsp.cli.eval_run import Bench
from seal_lsp.cli.eval_setup import Subject
from seal_lsp.cli.lsp_client import Editor
from seal_lsp.cli.position import utf16
from seal_lsp.cli.private_home import stop_engine
from seal_lsp.core.library import LibraryId
from seal_lsp.measure.typing import Line, lines_of, percentiles
from seal_lsp.store.adapters import AdapterStore

_KEYS = 400


async def swapping(
    subject: Subject, live: Mapping[LibraryId, Learned], bench: Bench, folder: Path, *, swaps: int
) -> dict:
    """At so many places of lines the library's adapter is taken back; the one before it is a copy, so both write the
    same. `before`, `after`: percentiles of ms of the two answers before it, for one and two characters fewer, and of
    the first one after it; `old`: how many of those were kept from before."""
    await stop_engine(bench.paths)
    store = AdapterStore(bench.paths.adapters)
    fill(store, live)
    now = dict(live)
    for number in range(swaps):
        now |= copies(live[subject.library].adapter, [subject.library], folder / f"swap-{number}")
        store.promote(store.install(now[subject.library].adapter.folder))
    lines = lines_of(subject.cases, _KEYS, seed=bench.options.seed)
    before: list[float] = []
    after: list[float] = []
    old = 0
    try:
        async with window(subject.interpreter, now, bench) as (editor, file):
            for turn in range(swaps):
                line = lines[turn % len(lines)]
                end = len(line.typed) // 2
                await _ask(editor, file, line, end)  # reads the file
                before += [(await _ask(editor, file, line, end - fewer))[0] for fewer in (1, 2)]
                await editor.command("seal.rollback", {"library": str(subject.library)})
                took, source = await _ask(editor, file, line, end)
                after.append(took)
                old += source == "memory"
    finally:
        await stop_engine(bench.paths)
    return {"swaps": swaps, "before": percentiles(before), "after": percentiles(after), "old": old}


async def _ask(editor: Editor, file: Path, line: Line, end: int) -> tuple[float, str]:
    """(ms, where the suggestion came from) with so much of the line typed."""
    uri = editor.open_file(file, line.above + line.typed[:end] + line.below)
    number, typed = line.above.count("\n"), line.above.rpartition("\n")[2] + line.typed[:end]
    began = time.perf_counter()
    items = await editor.complete_inline(uri, number, utf16(typed, len(typed)), invoked=False)
    took = 1000 * (time.perf_counter() - began)
    editor.close_file(uri)
    return took, source_of(items)
