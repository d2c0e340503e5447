"""One run of `bench growth`: what suggestions cost as adapters, libraries, windows, files and the index grow.

The libraries are written for the purpose (bench_grown.py), one adapter is copied for each.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sysconfig
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from seal_lsp.cli.bench_grown import FEW, copies, grown, imports, install
from seal_lsp.cli.bench_keys import typing_window, window
from seal_lsp.cli.complete import settled_menu
from seal_lsp.cli.eval_learn import Learned, read_adapter
from seal_lsp.cli.eval_machine import machine, versions
from seal_lsp.cli.eval_progress import Watch
from seal_lsp.cli.eval_setup import Options
from seal_lsp.cli.lsp_client import Editor
from seal_lsp.cli.private_home import private_home, weights_in
from seal_lsp.core.errors import UsageError
from seal_lsp.core.library import LibraryId
from seal_lsp.lm.registry import ModelFolder
from seal_lsp.measure.typing import percentiles
from seal_lsp.store.disk import write_atomic
from seal_lsp.store.manifest import Adapter
from seal_lsp.store.paths import Paths

STEPS: Mapping[str, tuple[int, ...]] = {
    "adapters": (1, 10, 50, 200),
    "libraries": (1, 5, 10, 20),
    "windows": (1, 2, 4, 8),
    "lines": (100, 1_000, 5_000, 20_000),
    "symbols": (1_000, 10_000, 100_000),
}
"""What grows, and through which sizes: registered adapters; live libraries that one file imports; editors that type at
once on one engine; lines of the file; names of the index, in libraries of `_NAMES` each."""
_NAMES = 1000
ASKS = 20  # menus and ghost texts a size


@dataclass(frozen=True)
class Plan:
    """`steps` are those of STEPS that are measured, with their sizes; `quick`: not all sizes."""

    adapter: Path
    steps: Mapping[str, tuple[int, ...]]
    asks: int = ASKS
    quick: bool = False


@dataclass(frozen=True)
class Ground:
    """What every window of the run shares (bench_keys.Setup), the adapter that is copied, and a folder for it all."""

    options: Options
    paths: Paths
    base: ModelFolder
    adapter: Adapter
    folder: Path
    asks: int


def chosen(words: str, *, quick: bool = False) -> dict[str, tuple[int, ...]]:
    """The steps of what grows, from `adapters,lines`; all when left out; `quick` only the first two
    sizes. Raises UsageError on an unknown one."""
    asked = tuple(word.strip() for word in words.split(",") if word.strip()) or tuple(STEPS)
    if unknown := [word for word in asked if word not in STEPS]:
        raise UsageError(f"nothing grows by {', '.join(unknown)}", hint=f"choose from {','.join(STEPS)}")
    return {name: STEPS[name][: 2 if quick else None] for name in asked}


def run(options: Options, plan: Plan, watch: Watch) -> dict:
    """Measure, write DIR/bench_growth.json, and return it."""
    options.report.mkdir(parents=True, exist_ok=True)
    paths = private_home(options.report / "home")
    base = weights_in(paths, options.model)
    adapter = read_adapter(plan.adapter, base)
    measured: dict[str, list[dict]] = {}
    with TemporaryDirectory(prefix="seal-growth-") as folder:
        ground = Ground(options, paths, base, adapter, Path(folder), plan.asks)
        with watch.task("growing", sum(map(len, plan.steps.values()))) as step:
            for name, sizes in plan.steps.items():
                measured[name] = []
                for size in sizes:
                    found = asyncio.run(_GROWS[name](ground, size))
                    measured[name].append({"size": size, **found})
                    step()
                    shutil.rmtree(ground.folder / "site", ignore_errors=True)
                    shutil.rmtree(ground.folder / "adapters", ignore_errors=True)
    words = ["seal-lsp bench growth --adapter", plan.adapter, "--report", options.report]
    words += ["--grown", ",".join(plan.steps), "--asks", plan.asks, *(["--quick"] if plan.quick else [])]
    found = {
        "command": " ".join(map(str, words)),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(watch.seconds, 1),
        "machine": machine(),
        "versions": versions(),
        "model": {"id": base.id, "digest": base.digest},
        "asks": plan.asks,
        "grown": measured,
        "failures": [],
    }
    write_atomic(options.report / "bench_growth.json", json.dumps(found, ensure_ascii=False, indent=1))
    return found


async def _adapters(ground: Ground, size: int) -> dict:
    """Every question is about another library: its adapter is loaded, or switched to."""
    live = _learned(ground, _installed(ground, min(size, 200), FEW))
    async with _window(ground, live) as (editor, file):
        texts = [_document([at * size // ground.asks % size]) for at in range(ground.asks)]
        return await _asked(editor, file, texts)


async def _libraries(ground: Ground, size: int) -> dict:
    live = _learned(ground, _installed(ground, size, FEW))
    async with _window(ground, live) as (editor, file):
        texts = [_document(range(size), at) for at in range(ground.asks)]
        return await _asked(editor, file, texts)


async def _windows(ground: Ground, size: int) -> dict:
    live = _learned(ground, _installed(ground, 1, FEW))
    async with AsyncExitStack() as stack:
        windows = [await stack.enter_async_context(_window(ground, live))]
        for _ in range(size - 1):
            windows.append(await stack.enter_async_context(window(_site(ground), live, ground, menu_waits=False)))
        texts = [_document([0], at) for at in range(ground.asks)]
        found = await asyncio.gather(*(_times(editor, file, texts) for editor, file in windows))
    return _percentiles([one for some in found for one in some])


async def _lines(ground: Ground, size: int) -> dict:
    live = _learned(ground, _installed(ground, 1, FEW))
    above = _code(size)
    async with _window(ground, live) as (editor, file):
        return await _asked(editor, file, [_document([0], at, above=above) for at in range(ground.asks)])


def _code(lines: int) -> str:
    """So many lines of the interpreter's own library."""
    found: list[str] = []
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        if len(found) < lines:
            found += path.read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join(found[:lines])


async def _symbols(ground: Ground, size: int) -> dict:
    count = max(1, size // _NAMES)
    live = _learned(ground, _installed(ground, count, min(size, _NAMES))[:1])
    async with _window(ground, live) as (editor, file):
        await _asked(editor, file, [_document(range(count))])  # all of them are in the index now
        return await _asked(editor, file, [_document([at % count]) for at in range(ground.asks)])


_GROWS: Mapping[str, Callable[[Ground, int], Awaitable[dict]]] = {
    "adapters": _adapters,
    "libraries": _libraries,
    "windows": _windows,
    "lines": _lines,
    "symbols": _symbols,
}


def _site(ground: Ground) -> str:
    return str(ground.folder / "site")


def _window(ground: Ground, live: Mapping[LibraryId, Learned]):
    return typing_window(_site(ground), live, ground, menu_waits=False)


def _installed(ground: Ground, count: int, names: int) -> list[LibraryId]:
    libraries = grown(count)
    install(libraries, ground.folder / "site", names)
    return libraries


def _learned(ground: Ground, libraries: Sequence[LibraryId]) -> dict[LibraryId, Learned]:
    return copies(ground.adapter, libraries, ground.folder / "adapters")


def _document(numbers: Sequence[int], turn: int = 0, *, above: str = "") -> str:
    """A file that imports these libraries and is about to name a member of one of them; the cursor is at its end."""
    at = numbers[turn % len(numbers)]
    return f"{imports(numbers)}\n{above}\nturn = {turn}\ntool = Tool{at:03}()\nprint(tool."


async def _asked(editor: Editor, file: Path, texts: Sequence[str]) -> dict:
    return _percentiles(await _times(editor, file, texts))


async def _times(editor: Editor, file: Path, texts: Sequence[str]) -> list[tuple[float, float]]:
    """(ms of the menu, ms of the ghost text) at the end of each text; what a first time costs is not counted."""
    found = []
    for text in (texts[0], *texts):
        uri = editor.open_file(file, text)
        line, character = text.count("\n"), len(text.rpartition("\n")[2])
        began = time.perf_counter()
        await settled_menu(editor, uri, line, character)
        shown = time.perf_counter()
        await editor.complete_inline(uri, line, character, invoked=False)
        found.append((1000 * (shown - began), 1000 * (time.perf_counter() - shown)))
        editor.close_file(uri)
    return found[1:]


def _percentiles(times: Sequence[tuple[float, float]]) -> dict:
    return {"menu": percentiles([menu for menu, _ in times]), "ghost": percentiles([ghost for _, ghost in times])}
