"""Usage lines for hovers: written by the live adapter when there is time, vetted, kept by (adapter digest, symbol).

Never blocks an answer: what is not there yet is `preparing`. Knows hovers only as (library, symbol, environment).
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from seal_lsp.client.wire import decode, encode
from seal_lsp.core.api import ApiSurface
from seal_lsp.core.errors import Cancelled, SealError
from seal_lsp.core.language import LanguageSupport
from seal_lsp.core.library import Environment, LibraryId, environment_from_dict
from seal_lsp.core.lm import Cancel, LanguageModel
from seal_lsp.core.protocol import UsageLineReply, UsageLineRequest
from seal_lsp.engine.generation import GenerationQueue, Priority
from seal_lsp.engine.model_host import ModelHost
from seal_lsp.store.adapters import Adapter
from seal_lsp.store.disk import write_atomic

log = logging.getLogger(__name__)

RETRY_S = 60.0

Prepare = Callable[[LibraryId, Environment], "LineContext"]
Writer = Callable[[LanguageModel, Adapter, str, "LineContext"], UsageLineReply]


@dataclass(frozen=True)
class LineContext:
    """What a line is checked against. `importable`: top-level names, the standard library's too."""

    surface: ApiSurface
    language: LanguageSupport
    importable: frozenset[str]


class YieldingModel:
    """A LanguageModel that raises Cancelled once its work should stop, so that a half-written line is never vetted."""

    def __init__(self, model: LanguageModel, cancel: Cancel) -> None:
        self._model = model
        self._cancel = cancel

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._model, name)
        if name not in ("generate", "rank", "score"):
            return method

        def call(*args: Any, **options: Any) -> Any:
            result = method(*args, **{**options, "cancel": self._cancel})
            if self._cancel.is_set():
                raise Cancelled("made way for typing")
            return result

        return call


class UsageLines:
    """`prepare` may take seconds and runs in a thread; `write` runs on the generation worker."""

    def __init__(self, folder: Path, host: ModelHost, queue: GenerationQueue, prepare: Prepare, write: Writer) -> None:
        self._folder = folder
        self._host = host
        self._queue = queue
        self._prepare_context = prepare
        self._write = write
        self._pending: set[tuple[str, str]] = set()
        self._refused: dict[tuple[str, str], tuple[float, UsageLineReply]] = {}
        self._tasks: set[asyncio.Task] = set()

    async def get(self, request: UsageLineRequest) -> UsageLineReply:
        library = LibraryId.parse(request.library)
        _, router = self._host.ready()
        adapter = await asyncio.to_thread(router.peek, library)
        if adapter is None:
            return UsageLineReply("none", reason=f"no adapter of {library} is live")
        found = self._read(adapter.digest).get(request.symbol)
        if found is not None:
            return decode(UsageLineReply, found)
        key = (adapter.digest, request.symbol)
        until, refusal = self._refused.get(key, (0.0, None))
        if refusal is not None and time.monotonic() < until:
            return refusal
        environment = environment_from_dict(request.environment)
        if key not in self._pending:
            self._pending.add(key)
            task = asyncio.create_task(self._make(adapter, request, environment))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return UsageLineReply("preparing", adapter=adapter.digest)

    @property
    def preparing(self) -> int:
        return len(self._pending)

    def drop(self, digest: str) -> None:
        self._file(digest).unlink(missing_ok=True)

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _make(self, adapter: Adapter, request: UsageLineRequest, environment: Environment) -> None:
        model, router = self._host.ready()

        def work(cancel: Cancel) -> UsageLineReply:
            if not router.load(adapter):
                return UsageLineReply("none", reason="its adapter cannot be used now")
            return self._write(YieldingModel(model, cancel), adapter, request.symbol, context)

        try:
            context = await asyncio.to_thread(self._prepare_context, adapter.library, environment)
            reply = await self._queue.run(work, Priority.BACKGROUND)
            if reply.state in ("ready", "rejected"):
                self._keep(adapter.digest, request.symbol, replace(reply, adapter=adapter.digest))
        except SealError as error:  # a broken environment, say: it may be mended, so nothing is kept on disk
            log.warning("no usage line for %s: %s", request.symbol, error)
            refusal = UsageLineReply("rejected", "", adapter.digest, error.message)
            self._refused[adapter.digest, request.symbol] = (time.monotonic() + RETRY_S, refusal)
        except Exception:
            log.exception("no usage line for %s", request.symbol)
        finally:
            self._pending.discard((adapter.digest, request.symbol))

    def _keep(self, digest: str, symbol: str, reply: UsageLineReply) -> None:
        lines = self._read(digest)
        lines[symbol] = json.loads(encode(reply))
        self._folder.mkdir(parents=True, exist_ok=True)
        write_atomic(self._file(digest), encode(lines))

    def _read(self, digest: str) -> dict:
        try:
            found = json.loads(self._file(digest).read_text(encoding="utf-8"))
            return found if isinstance(found, dict) else {}
        except (OSError, ValueError):
            return {}

    def _file(self, digest: str) -> Path:
        return self._folder / f"{digest[:16]}.json"
