"""Typing into a real server as an editor does it: keys, the questions after each, and what came of them."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lsprotocol import types as t

from seal_lsp.cli.eval_learn import Learned
from seal_lsp.cli.eval_product import REQUEST_S, fill, product_environ, product_window
from seal_lsp.cli.eval_setup import Options
from seal_lsp.cli.lsp_client import Editor
from seal_lsp.cli.position import utf16
from seal_lsp.cli.private_home import stop_engine
from seal_lsp.core.errors import SealError
from seal_lsp.core.library import LibraryId
from seal_lsp.lm.registry import ModelFolder
from seal_lsp.measure.typing import Line, percentiles
from seal_lsp.settings.schema import InlineSettings
from seal_lsp.store.adapters import AdapterStore
from seal_lsp.store.paths import Paths

LAST_KEY_S = 3.0  # how long the last key of a line waits for its answer


class Setup(Protocol):
    """What a window needs to know; `eval_run.Bench` is one."""

    @property
    def options(self) -> Options: ...

    @property
    def paths(self) -> Paths: ...

    @property
    def base(self) -> ModelFolder: ...


@dataclass(frozen=True)
class Key:
    """One key and what came of it. `ms` from the key to the answer in the client's hands, None when the next key came
    first; `source`: model, memory, nothing, or '' when there was no answer; `right`: the line goes on as it says."""

    ms: float | None
    source: str
    right: bool
    prompt: str


def counted(keys: Sequence[Key]) -> dict:
    """Shares and times of keys by where their answers came from."""
    sources = Counter(key.source or "superseded" for key in keys)
    times = {
        source: percentiles([key.ms for key in keys if key.source == source and key.ms is not None])
        for source in ("model", "memory", "nothing")
    }
    shown = [key for key in keys if key.source in ("model", "memory")]
    return {
        "keys": len(keys),
        "debounce_ms": InlineSettings().debounce_ms,
        "sources": dict(sources),
        "ms": times | {"shown": percentiles([key.ms for key in shown])},
        "right": sum(key.right for key in shown),
        "shown": len(shown),
    }


@asynccontextmanager
async def typing_window(
    interpreter: str, live: Mapping[LibraryId, Learned], setup: Setup, *, learn: bool = False, menu_waits: bool = True
) -> AsyncIterator[tuple[Editor, Path]]:
    """A window on the environment that a setting finds, exactly these adapters live, and the file to type into.

    Settings are those that users begin with, but nothing is learned by itself; with `learn` an engine learns what it is
    told to, without `menu_waits` menus are static."""
    await stop_engine(setup.paths)
    fill(AdapterStore(setup.paths.adapters), live)
    try:
        async with window(interpreter, live, setup, learn=learn, menu_waits=menu_waits) as opened:
            yield opened
    finally:
        await stop_engine(setup.paths)


@asynccontextmanager
async def window(
    interpreter: str, live: Mapping[LibraryId, Learned], setup: Setup, *, learn: bool = False, menu_waits: bool = True
) -> AsyncIterator[tuple[Editor, Path]]:
    """One more window on the engine that runs, or the first, which starts it."""
    settings = {
        "learn": {"enabled": learn, "auto": False, "trust": "none"},
        "python": {"interpreter": interpreter},
        **({} if menu_waits else {"completion": {"rank_deadline_ms": 0}}),
    }
    environ = product_environ(setup.options, setup.paths, setup.base) | {"SEAL_LEARN__ENABLED": str(learn).lower()}
    with tempfile.TemporaryDirectory(prefix="seal-bench-") as folder:
        editor = await product_window(Path(folder), settings, environ, live, setup.paths)
        try:
            yield editor, Path(folder) / "main.py"
        finally:
            await editor.close_window()


async def type_line(
    editor: Editor, path: Path, line: Line, rests: Iterator[float], step: Callable[[], None]
) -> list[Key]:
    """Type one line as an editor does: a change, a question, and the question withdrawn when the next key comes."""
    uri = editor.open_file(path, line.above + line.below)
    number, indent = line.above.count("\n"), line.above.rpartition("\n")[2]
    found, questions = [], []
    try:
        await editor.complete_inline(uri, number, utf16(indent, len(indent)), invoked=False)
        for at, (text, offset) in enumerate(line.keys()):
            typed = indent + line.typed[:at]
            began = time.perf_counter()
            editor.insert(uri, number, utf16(typed, len(typed)), line.typed[at])
            typed += line.typed[at]
            question, name = editor.ask_inline(uri, number, utf16(typed, len(typed)))
            ended: list[float] = []
            question.add_done_callback(lambda _, ended=ended: ended.append(time.perf_counter()))
            last = at + 1 == len(line.typed)
            pause = next(rests)
            await asyncio.wait({question}, timeout=LAST_KEY_S if last else pause)
            if ended and not last:
                await asyncio.sleep(max(0.0, pause - (time.perf_counter() - began)))
            found.append(_key(question, ended, began, line.typed[at + 1 :], text[:offset]))
            questions.append(question)
            if not question.done():
                editor.withdraw(name)
            step()
        done, unanswered = await asyncio.wait(questions, timeout=REQUEST_S)
        if unanswered:
            raise SealError(f"{len(unanswered)} of {len(questions)} requests were never answered")
        await asyncio.gather(*done, return_exceptions=True)
    finally:
        editor.close_file(uri)
    return found


def _key(question: asyncio.Future, ended: Sequence[float], began: float, rest: str, prompt: str) -> Key:
    if not ended or question.cancelled() or question.exception() is not None:
        return Key(None, "", False, prompt)
    items: list[t.InlineCompletionItem] = question.result()
    milliseconds = round(1000 * (ended[0] - began), 1)
    if not items:
        return Key(milliseconds, source_of(items), False, prompt)
    text = items[0].insert_text if isinstance(items[0].insert_text, str) else items[0].insert_text.value
    first = text.partition("\n")[0].rstrip()
    return Key(milliseconds, source_of(items), bool(first) and rest.startswith(first), prompt)


def source_of(items: Sequence[t.InlineCompletionItem]) -> str:
    """model, memory, or nothing."""
    if not items:
        return "nothing"
    facts = (items[0].command.arguments or [{}])[0] if items[0].command else {}
    return facts.get("from", "model") if isinstance(facts, Mapping) else getattr(facts, "from", "model")
