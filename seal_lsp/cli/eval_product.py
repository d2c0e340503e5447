"""The product arm: a running `seal-lsp`, asked over LSP as an editor asks it, the adapters live in its own engine.

The document is the case's file without the gold name, opened in an empty workspace whose environment has the library.
The order of the completion list is the rank, the ghost text is the answer. The server sees text and a place, no more.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsprotocol import types as t

from seal_lsp.cli.complete import settled_menu
from seal_lsp.cli.eval_facts import Document, document_of, marks_of
from seal_lsp.cli.eval_learn import Learned
from seal_lsp.cli.eval_progress import Watch
from seal_lsp.cli.eval_setup import Options, Subject, code_digest
from seal_lsp.cli.lsp_client import Editor
from seal_lsp.cli.position import utf16
from seal_lsp.cli.private_home import stop_engine
from seal_lsp.core.errors import SealError
from seal_lsp.core.library import LibraryId
from seal_lsp.lm.registry import ModelFolder
from seal_lsp.measure.arms import ANSWER_TOKENS, Answer
from seal_lsp.measure.remembered import Memory
from seal_lsp.store.adapters import AdapterStore
from seal_lsp.store.paths import Paths

MODEL_WAIT_S = 300.0
REQUEST_S = 180.0  # beyond every deadline below
SERVES = ("assist/", "client/", "core/", "engine/", "languages/", "lm/", "lsp/", "settings/", "store/")
PATIENCE: dict[str, Any] = {
    "completion": {"enabled": True, "rank_deadline_ms": 10_000},
    "inline": {
        "enabled": True,
        "deadline_ms": 60_000,
        "first_ms": 60_000,
        "max_tokens": ANSWER_TOKENS,
        "debounce_ms": 0,
        "min_confidence": 0.0,
    },
}
"""A number must not be lost to another program that has the processor for a while; all else is as users have it."""


@dataclass(frozen=True)
class Shown:
    """What the editor showed at one place, how long the menu took, how sure of its text the server was."""

    answer: Answer
    milliseconds: float
    confidence: float | None = None


def served(learned: Mapping[LibraryId, Learned], options: Options) -> dict[LibraryId, Learned]:
    """The adapters that are live while the product is measured: those that the gate did not reject, or all."""

    def passed(one: Learned) -> bool:
        return bool((one.adapter.manifest.get("gate") or {}).get("promoted", True))

    return {
        library: one
        for library, one in learned.items()
        if one.adapter is not None and (options.ignore_gate or passed(one))
    }


def ask_product(
    subjects: Sequence[Subject],
    live: Mapping[LibraryId, Learned],
    options: Options,
    paths: Paths,
    base: ModelFolder,
    memory: Memory,
    watch: Watch,
) -> dict[str, list[Shown]]:
    """What is shown at every case, by library. Every adapter of `live` is live at once, as for somebody who uses all
    these libraries."""
    return asyncio.run(_ask_all(subjects, live, options, paths, base, memory, watch))


async def _ask_all(subjects, live, options, paths, base, memory, watch) -> dict[str, list[Shown]]:
    await stop_engine(paths)  # of a run that was killed
    fill(AdapterStore(paths.adapters), live)
    environ = product_environ(options, paths, base)
    try:
        return {
            subject.name: await _Window(subject, live, options, paths, base, environ).ask(memory, watch)
            for subject in subjects
        }
    finally:
        await stop_engine(paths)


def product_environ(options: Options, paths: Paths, base: ModelFolder) -> dict[str, str]:
    """Variables of a server that is measured: nothing of the user's own, nothing learned while it is asked."""
    return {
        "SEAL_HOME": str(paths.data.parent), "SEAL_LEARN__ENABLED": "false", "SEAL_MODEL__ID": base.id,
        "SEAL_MODEL__DEVICE": options.device, "SEAL_MODEL__RUNTIME": options.runtime,
        "SEAL_ENGINE__THREADS": str(options.threads or 0), "SEAL_ENGINE__URL": "",
    }  # fmt: skip


def fill(store: AdapterStore, live: Mapping[LibraryId, Learned]) -> None:
    """Exactly these adapters, made live by the store as an engine does it; what was measured from stays where it is."""
    shutil.rmtree(store.root, ignore_errors=True)
    for one in live.values():
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "adapter"
            shutil.copytree(one.adapter.folder, copy)
            store.promote(store.install(copy))


class _Window:
    """One editor window on one library's environment; it is opened when there is something to ask."""

    def __init__(self, subject: Subject, live, options: Options, paths: Paths, base: ModelFolder, environ) -> None:
        self._subject, self._live, self._options, self._paths = subject, live, options, paths
        self._environ = environ
        self._editor: Editor | None = None
        self._root = Path()
        self._settings = {
            "learn": {"enabled": False, "auto": False, "trust": "none"},
            "python": {"interpreter": subject.interpreter},
            "hover": {"model_line": False},
            **PATIENCE,
        }
        adapters = sorted([one.adapter.digest, one.scale] for one in live.values())
        installed = marks_of(subject.environment)
        runs_on = [options.device, options.runtime]
        self._known = [code_digest(*SERVES), base.digest, *runs_on, adapters, installed, PATIENCE]

    async def ask(self, memory: Memory, watch: Watch) -> list[Shown]:
        found = []
        with tempfile.TemporaryDirectory(prefix="seal-eval-") as folder:
            self._root = Path(folder)
            try:
                with watch.task(f"{self._subject.name}: product", len(self._subject.cases)) as step:
                    for case in self._subject.cases:
                        document = document_of(case, typed=self._options.typed)

                        async def show(document: Document = document) -> dict:
                            return await self._show(document)

                        question = ["product", *self._known, document.text, document.offset]
                        found.append(_shown(await memory.once_async(question, show)))
                        step()
            finally:
                if self._editor is not None:
                    await self._editor.close_window()
        return found

    async def _show(self, document: Document) -> dict:
        if self._editor is None:
            self._editor = await product_window(self._root, self._settings, self._environ, self._live, self._paths)
        editor = self._editor
        line, character = _position(document)
        uri = editor.open_file(self._root / "main.py", document.text)
        try:
            began = time.monotonic()
            answer = await settled_menu(editor, uri, line, character)
            spent = 1000 * (time.monotonic() - began)
            if answer.is_incomplete:
                raise SealError("the menu was never complete", hint="the machine is too busy to measure on")
            ghosts = await editor.complete_inline(uri, line, character, invoked=False)
        finally:
            editor.close_file(uri)
        text = ghosts[0].insert_text if ghosts else ""
        return {
            "confidence": _confidence(ghosts[0]) if ghosts else None,
            "names": [_name(item) for item in sorted(answer.items, key=lambda item: item.sort_text or item.label)],
            "text": text if isinstance(text, str) else text.value,
            "ms": round(spent, 1),
        }


async def product_window(
    root: Path, settings: Mapping, environ: Mapping[str, str], live: Mapping[LibraryId, Learned], paths: Paths
) -> Editor:
    """A window whose server has an engine that serves the model with exactly these adapters."""
    from seal_lsp.client.start import known_client

    editor = Editor(configuration=settings, patience_s=REQUEST_S)
    try:
        await editor.open_window(root, environ=environ)
        uri = editor.open_file(root / "main.py", "import os\n")
        end = time.monotonic() + MODEL_WAIT_S
        while not (editor.statuses and editor.statuses[-1].get("state") == "ready"):
            state = editor.statuses[-1] if editor.statuses else {}
            if state.get("state") == "problem" or time.monotonic() > end:
                said = state.get("message", "") or "; ".join(editor.messages[-3:])
                raise SealError(f"the engine is not ready: {said}", hint=f"see {paths.log}")
            await asyncio.sleep(0.1)
        editor.close_file(uri)
        async with known_client(paths) as client:
            known = {one.library: one.adapter for one in (await client.status()).libraries if one.state == "live"}
        wanted = {str(library): one.adapter.digest for library, one in live.items()}
        if known != wanted:
            raise SealError(f"live are {known}, not {wanted}: this would measure something else")
    except BaseException:
        await editor.close_window()
        raise
    return editor


def _shown(row: dict) -> Shown:
    """The list's order as scores: what stands higher scores higher."""
    names = tuple(row["names"])
    answer = Answer(names, tuple(-float(at) for at in range(len(names))), row["text"], "stop", own=True)
    return Shown(answer, row["ms"], row["confidence"])


def _confidence(item: t.InlineCompletionItem) -> float:
    return item.command.arguments[0]["confidence"]


def _name(item: t.CompletionItem) -> str:
    return item.label.removesuffix("=")


def _position(document: Document) -> tuple[int, int]:
    before = document.text[: document.offset]
    line = before.rpartition("\n")[2]
    return before.count("\n"), utf16(line, len(line))
