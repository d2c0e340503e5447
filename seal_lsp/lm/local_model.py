"""A causal language model in this process: the LanguageModel Protocol over a network, torch's or ONNX Runtime's.

One call at a time (an internal lock); adapters switch per call; prefixes are cached per adapter. Decoding is in
decode.py, ranking and scoring in likelihood.py. Knows nothing about libraries, prompts or where weights come from.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Protocol

import torch

from seal_lsp.core.lm import Cancel, Generation, ModelInfo, SpanScore
from seal_lsp.lm.chat import chat_of
from seal_lsp.lm.decode import batches, decode_batch, decode_one
from seal_lsp.lm.kv import KeysValues, PrefixCaches
from seal_lsp.lm.likelihood import rank_candidates, score_pairs
from seal_lsp.lm.prompts import cursor_prompt, fim_format
from seal_lsp.lm.tokens import Tokens
from seal_lsp.lm.written import Limits


class SwitchedAdapters(Protocol):
    """LoRA adapters of one network, by digest. Not thread-safe: the model's lock is held around every call."""

    def names(self) -> tuple[str, ...]: ...

    def load(self, folder: Path, digest: str) -> None:
        """Raises StoreDamaged when the folder is not that adapter, or not one for this network."""
        ...

    def unload(self, digest: str) -> None: ...

    def activate(self, digest: str | None) -> None:
        """Run the network under this adapter, or bare."""
        ...

    def set_scale(self, digest: str, scale: float) -> bool:
        """Multiply an adapter's update by `scale` instead of 1. True when that changes anything."""
        ...

    def settle(self) -> None:
        """Until nothing is made ready beside the requests."""
        ...


class LocalLanguageModel:
    """`network` is called as a transformers model is, `adapters` are its own, `tokenizer` is a fast tokenizer.

    `anchored`: a prompt longer than its limit starts at a line that stays the same while somebody types, so that its
    cached prefix is found again; it may be a few lines shorter than the limit. Without it, windows are exact.
    `prefixes`: how many of the prompts read last are kept.
    """

    def __init__(
        self,
        network,
        adapters: SwitchedAdapters,
        new_cache: Callable[[], KeysValues],
        tokenizer,
        info: ModelInfo,
        *,
        anchored: bool = False,
        prefixes: int = 4,
    ) -> None:
        self.network = network
        self.tokenizer = tokenizer
        self.device = network.device
        known = tokenizer.get_vocab()
        self.fim = fim_format(known)
        infill_ends = [known[t] for t in self.fim.ends if t in known] if self.fim else []
        self.tokens = Tokens(tokenizer, ends=[*_ends(network), *infill_ends])
        self.chat = chat_of(tokenizer)
        self._info = replace(info, fim=self.fim is not None)
        self._anchored = anchored
        self._adapters = adapters
        self._prefixes = PrefixCaches(new_cache, limit=prefixes, tokens=2 * info.context)
        self._lock = threading.RLock()

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
        limit = self._limit(max_prompt_tokens, reserve=max_tokens)
        with self._running(adapter):
            windows = [self.tokens.window(self._cut(p, limit), limit) for p in prompts]
            starts = [self.tokens.healed(window)[0] for window in windows]
            options = {"max_tokens": max_tokens, "stop": tuple(stop)}
            if len(windows) == 1:
                with self._prefix(adapter, starts[0]) as prefix:
                    return [decode_one(self, prefix, windows[0], deadline_s=deadline_s, cancel=cancel, **options)]
            limits = Limits(deadline_s, cancel)
            written: dict[int, Generation] = {}
            for some in batches([len(start) for start in starts], max_tokens):
                with self._prefixes_of(adapter, [starts[n] for n in some]) as prefixes:
                    done = decode_batch(self, prefixes, [windows[n] for n in some], limits=limits, **options)
                written.update(zip(some, done, strict=True))
            return [written[n] for n in range(len(windows))]

    def rank(
        self,
        prefix: str,
        candidates: Sequence[str],
        *,
        adapter: str | None = None,
        cancel: Cancel | None = None,
        max_prompt_tokens: int | None = None,
    ) -> list[float]:
        return [score for score, _ in self._ranked(prefix, candidates, adapter, cancel, max_prompt_tokens, None)]

    def rank_names(
        self,
        prefix: str,
        candidates: Sequence[str],
        *,
        adapter: str | None = None,
        cancel: Cancel | None = None,
        max_prompt_tokens: int | None = None,
    ) -> list[tuple[float, float]]:
        return self._ranked(prefix, candidates, adapter, cancel, max_prompt_tokens, self._name_ends)

    def _ranked(
        self,
        prefix: str,
        candidates: Sequence[str],
        adapter: str | None,
        cancel: Cancel | None,
        max_prompt_tokens: int | None,
        ends: torch.Tensor | None,
    ) -> list[tuple[float, float]]:
        if not candidates:
            return []
        with self._running(adapter):
            limit = self._limit(max_prompt_tokens, reserve=64)
            shared, rests = self.tokens.after(self._cut(prefix, limit), candidates, limit)
            with self._prefix(adapter, shared) as cached:
                return rank_candidates(self, cached, shared, rests, cancel=cancel, ends=ends)

    @cached_property
    def _name_ends(self) -> torch.Tensor:
        """1 for those of the network's tokens that end a name, as wide as its logits."""
        wide = torch.zeros(self.network.config.get_text_config().vocab_size)
        wide[self.tokens.ending_a_name] = 1
        return wide.to(self.device)

    def score(
        self, pairs: Sequence[tuple[str, str]], *, adapter: str | None = None, cancel: Cancel | None = None
    ) -> list[SpanScore]:
        with self._running(adapter):
            return score_pairs(self, pairs, cancel=cancel)

    def load_adapter(self, folder: Path, digest: str) -> None:
        with self._lock:
            self._adapters.load(folder, digest)

    def unload_adapter(self, digest: str) -> None:
        with self._lock:
            self._adapters.unload(digest)
            self._prefixes.drop(digest)

    def adapters(self) -> tuple[str, ...]:
        with self._lock:
            return self._adapters.names()

    def set_scale(self, digest: str, scale: float) -> None:
        with self._lock:
            if self._adapters.set_scale(digest, scale):
                self._prefixes.drop(digest)

    def settle(self) -> None:
        """Until nothing is made ready beside the requests: for measurements."""
        self._adapters.settle()

    def tail(self, text: str, max_tokens: int) -> str:
        """The last `max_tokens` tokens of a text, as text."""
        return self.tokens.tail(text, max_tokens)

    def cursor_prompt(self, before: str, after: str, max_prompt_tokens: int, context: str = "") -> str:
        """What to hand to `generate` for a cursor between two texts; `before` alone where the model cannot infill."""
        return cursor_prompt(self.tokens, self.fim, before, after, max_prompt_tokens, context)

    def _cut(self, text: str, limit: int) -> str:
        return self.tokens.anchored(text, limit) if self._anchored else text

    def _limit(self, asked: int | None, *, reserve: int) -> int:
        room = max(self._info.context - reserve, 16)
        return room if asked is None else max(min(asked, room), 1)

    @contextmanager
    def _running(self, adapter: str | None) -> Iterator[None]:
        with self._lock, torch.inference_mode():
            self._adapters.activate(adapter)
            yield

    @contextmanager
    def _prefix(self, adapter: str | None, ids: Sequence[int]):
        """A cached prefix of `ids`; kept for later only when nothing went wrong while it grew."""
        prefix = self._prefixes.take(adapter, ids)
        yield prefix
        self._prefixes.put(prefix)

    @contextmanager
    def _prefixes_of(self, adapter: str | None, starts: Sequence[Sequence[int]]):
        """The same for several; what a batch reads together is not kept."""
        prefixes = [self._prefixes.take(adapter, ids) for ids in starts]
        yield prefixes
        for prefix in prefixes:
            if prefix.ids:
                self._prefixes.put(prefix)


def _ends(network) -> tuple[int, ...]:
    ids = network.generation_config.eos_token_id if network.generation_config else network.config.eos_token_id
    return () if ids is None else (ids,) if isinstance(ids, int) else tuple(ids)
