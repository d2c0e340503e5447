"""The LanguageModel Protocol over a model server that the user runs.

It writes what a model in this process would write: prompts are cut and healed here and sent as tokens. Knows neither
how requests travel (remote_http.py) nor what the servers call things (remote_dialects.py).
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from seal_lsp.core.errors import AdapterUnavailable, Cancelled, ModelError, StoreDamaged
from seal_lsp.core.lm import Cancel, Generation, ModelInfo, SpanScore
from seal_lsp.lm.files import sha256_of
from seal_lsp.lm.prompts import FimFormat, cursor_prompt
from seal_lsp.lm.remote_dialects import TOP, Dialect, LoadedAdapter
from seal_lsp.lm.remote_http import ModelServer, Refused, Stopped
from seal_lsp.lm.remote_tokens import ServerTokens
from seal_lsp.lm.remote_writing import COMPLETIONS, Writer, total
from seal_lsp.lm.tokens import Tokens, windows
from seal_lsp.lm.written import Limits, Written

log = logging.getLogger(__name__)
T = TypeVar("T")

ROWS = 64  # a request
LOOKED_S = 10.0  # how long the server is taken to be the one that it was


class RemoteLanguageModel:
    """`look` raises ModelError when the server is no longer the one that `info` describes; it is asked from time to
    time and after a restart. `anchored`: see LocalLanguageModel."""

    def __init__(
        self,
        server: ModelServer,
        dialect: Dialect,
        tokens: Tokens | ServerTokens,
        info: ModelInfo,
        look: Callable[[], Awaitable[None]],
        *,
        fim: FimFormat | None = None,
        anchored: bool = False,
    ) -> None:
        self.tokens = tokens
        self.fim = fim
        self._info = replace(info, fim=fim is not None)
        self._server = server
        self._dialect = dialect
        self._writer = Writer(server, dialect, tokens)
        self._look = look
        self._looked = time.monotonic()
        self._anchored = anchored
        self._adapters: dict[str, LoadedAdapter] = {}

    @property
    def info(self) -> ModelInfo:
        return self._info

    def generate(
        self,
        prompts: Sequence[str],
        *,
        max_tokens: int,
        stop: Sequence[str] = (),
        adapter: str | None = None,
        deadline_s: float | None = None,
        cancel: Cancel | None = None,
        max_prompt_tokens: int | None = None,
    ) -> list[Generation]:
        limits = Limits(deadline_s, cancel)
        limit = self._limit(max_prompt_tokens, reserve=max_tokens)
        rows = [(self.tokens.window(self._cut(p, limit), limit), Written(max_tokens, stop)) for p in prompts]

        async def write_all(under: dict) -> None:
            writers = [
                asyncio.ensure_future(self._writer.write(under, ids, row, stop)) for ids, row in rows if not row.finish
            ]
            try:
                await asyncio.gather(*writers)
            finally:
                for writer in writers:
                    writer.cancel()

        try:
            self._server.wait(self._under(adapter, write_all), limits)
        except Stopped as stopped:
            for _, row in rows:
                row.finish = row.finish or str(stopped)
        return [row.result(limits.seconds()) for _, row in rows]

    def rank(
        self,
        prefix: str,
        candidates: Sequence[str],
        *,
        adapter: str | None = None,
        cancel: Cancel | None = None,
        max_prompt_tokens: int | None = None,
    ) -> list[float]:
        return [score for score, _ in self._ranked(prefix, candidates, adapter, cancel, max_prompt_tokens, top=1)]

    def rank_names(
        self,
        prefix: str,
        candidates: Sequence[str],
        *,
        adapter: str | None = None,
        cancel: Cancel | None = None,
        max_prompt_tokens: int | None = None,
    ) -> list[tuple[float, float]]:
        """The second number is exact as far as the server's `TOP` likeliest tokens are all there are: what is beyond
        them ends a name as often as they do."""
        ranked = self._ranked(prefix, candidates, adapter, cancel, max_prompt_tokens, top=TOP)
        return [(score, self._ended(top)) for score, top in ranked]

    def score(
        self, pairs: Sequence[tuple[str, str]], *, adapter: str | None = None, cancel: Cancel | None = None
    ) -> list[SpanScore]:
        spans = [self.tokens.split(*pair) for pair in pairs]
        pieces = [(n, *piece) for n, span in enumerate(spans) for piece in windows(*span, self._info.context - 1)]
        scored = self._scored([ids for _, ids, _ in pieces], adapter, cancel, top=1)
        totals = [0.0] * len(pairs)
        for (n, _, length), (logprobs, _) in zip(pieces, scored, strict=True):
            totals[n] += sum(logprobs[-length:])
        return [
            SpanScore(total, len(span), len(text.encode()))
            for total, (_, span), (_, text) in zip(totals, spans, pairs, strict=True)
        ]

    def load_adapter(self, folder: Path, digest: str) -> None:
        weights = folder / "adapter_model.safetensors"
        if not weights.is_file() or sha256_of(weights) != digest:
            raise StoreDamaged(f"adapter in {folder} is not {digest[:12]}", hint="forget the library, learn it again")
        adapter = self._adapters.get(digest) or LoadedAdapter(folder, digest)
        self._server.wait(self._dialect.under(adapter), Limits(None, None))
        self._adapters[digest] = adapter

    def unload_adapter(self, digest: str) -> None:
        self._loaded(digest)
        del self._adapters[digest]
        try:
            self._server.wait(self._dialect.drop(digest), Limits(None, None))
        except ModelError as error:  # no request will name it any more, whatever the server keeps
            log.warning("adapter %s may still be in the model server: %s", digest[:12], error)

    def adapters(self) -> tuple[str, ...]:
        return tuple(self._adapters)

    def set_scale(self, digest: str, scale: float) -> None:
        adapter = replace(self._loaded(digest), scale=scale)
        if adapter == self._adapters[digest]:
            return
        self._server.wait(self._dialect.under(adapter), Limits(None, None))
        self._adapters[digest] = adapter

    def cursor_prompt(self, before: str, after: str, max_prompt_tokens: int, context: str = "") -> str:
        return cursor_prompt(self.tokens, self.fim, before, after, max_prompt_tokens, context)

    def close(self) -> None:
        self._server.close()

    def _ranked(
        self,
        prefix: str,
        candidates: Sequence[str],
        adapter: str | None,
        cancel: Cancel | None,
        max_prompt_tokens: int | None,
        top: int,
    ) -> list[tuple[float, dict[int, float]]]:
        if not candidates:
            return []
        limit = self._limit(max_prompt_tokens, reserve=64)
        shared, rests = self.tokens.after(self._cut(prefix, limit), candidates, limit)
        scored = self._scored([shared + rest for rest in rests], adapter, cancel, top)
        return [(sum(logprobs[len(shared) :]), after) for logprobs, after in scored]

    def _scored(
        self, rows: Sequence[list[int]], adapter: str | None, cancel: Cancel | None, top: int
    ) -> list[tuple[list[float], dict[int, float]]]:
        limits = Limits(None, cancel)
        found = []
        for start in range(0, len(rows), ROWS):
            some = rows[start : start + ROWS]

            async def ask(under: dict, some: Sequence[list[int]] = some):
                with self._server.reading(COMPLETIONS):
                    return await self._dialect.score(under, some, top)

            try:
                found += self._server.wait(self._under(adapter, ask), limits)
            except Stopped:
                raise Cancelled("scoring was cancelled") from None
        return found

    def _ended(self, top: dict[int, float]) -> float:
        every = total(top.values())
        ending = total(p for token, p in top.items() if self.tokens.ends_a_name(token))
        # none of them ends a name: what is left over is the most that can
        return ending - every if ending > -math.inf else math.log(max(-math.expm1(min(every, 0.0)), 1e-9))

    async def _under(self, adapter: str | None, ask: Callable[[dict], Awaitable[T]], *, again: bool = True) -> T:
        """What `ask` gets under an adapter. Once more where the server has just been started again."""
        loaded = None if adapter is None else self._loaded(adapter)
        if time.monotonic() - self._looked > LOOKED_S:
            await self._look_again()
        try:
            return await ask(await self._dialect.under(loaded))
        except Refused as error:
            if error.status != 404 or not again:
                raise
        except AdapterUnavailable:
            self._adapters.pop(adapter or "", None)  # it has to be loaded anew, which says why it cannot be
            raise
        self._dialect.forget()
        await self._look_again()
        return await self._under(adapter, ask, again=False)

    async def _look_again(self) -> None:
        await self._look()
        self._looked = time.monotonic()

    def _loaded(self, digest: str) -> LoadedAdapter:
        if digest not in self._adapters:
            raise StoreDamaged(f"adapter {digest[:12]} is not loaded", hint="load it first; it may have been forgotten")
        return self._adapters[digest]

    def _cut(self, text: str, limit: int) -> str:
        return self.tokens.anchored(text, limit) if self._anchored else text

    def _limit(self, asked: int | None, *, reserve: int) -> int:
        room = max(self._info.context - reserve, 16)
        return room if asked is None else max(min(asked, room), 1)
