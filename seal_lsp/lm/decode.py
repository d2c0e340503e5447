"""Greedy decoding with token healing: one prompt over a kept prefix cache with drafts, or batches over several.

Looks at the cancel flag and the clock before every forward pass; a long prompt is read in pieces so that it can be
stopped as well.
"""

from __future__ import annotations

import codecs
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from seal_lsp.core.lm import Cancel, Generation
from seal_lsp.lm.kv import Prefix
from seal_lsp.lm.lookup import Lookup
from seal_lsp.lm.tokens import Tokens
from seal_lsp.lm.written import Limits, Written

if TYPE_CHECKING:
    from seal_lsp.lm.local_model import LocalLanguageModel

PIECE = 128  # prompt tokens a forward pass
_ROWS = 16  # prompts a batch: a step of so many costs little more than a step of one, which mostly reads the weights
_KEPT = 8192  # tokens of keys and values that a batch may hold, padding too
_TOGETHER = 32  # of a prompt more than that is read alone: padded to others of other lengths it would cost more


class Row(Written):
    """One prompt decoded here. `rest` are bytes of the healed token that must still be spelled."""

    def __init__(self, tokens: Tokens, window: list[int], max_tokens: int, stop: tuple[str, ...]) -> None:
        super().__init__(max_tokens, stop)
        self.prompt, self.rest = tokens.healed(window)
        self._tokens = tokens
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def choose(self, logits: np.ndarray) -> int:
        """The next token from one row of logits; sets `finish` when it was the last."""
        if self.rest:
            allowed = self._tokens.beginning_with(self.rest)
            logits = logits[allowed]
            at = int(logits.argmax())
            token = allowed[at]
        else:
            token = at = int(logits.argmax())
            if token in self._tokens.ends:
                self.finish = "stop"
                return token
        spelled = self._tokens.bytes_of[token]
        new, self.rest = spelled[len(self.rest) :], self.rest[len(spelled) :]
        if new:
            self.emit(self._decoder.decode(new), -math.log(float(np.exp(logits - logits[at]).sum())))
        return token


def _rows(logits: torch.Tensor) -> np.ndarray:
    """For `choose`, which is numpy's: torch's threads, woken for a row, are in the way of ONNX Runtime's for a while
    (tests/eval/LOG.md)."""
    return logits.float().cpu().numpy()


def prefill(
    model: LocalLanguageModel, prefix: Prefix, ids: Sequence[int], limits: Limits, *, keep: int = 1
) -> torch.Tensor | None:
    """Extend the cache to `ids`; logits [keep, vocabulary] after the last `keep` of them, which must be new, or None
    when stopped before."""
    logits = None
    while len(prefix.ids) < len(ids):
        if limits.reason():
            return None
        piece = list(ids[len(prefix.ids) : len(prefix.ids) + PIECE])
        logits = model.network(
            input_ids=torch.tensor([piece], device=model.device),
            past_key_values=prefix.cache,
            use_cache=True,
            logits_to_keep=keep,
        ).logits
        prefix.ids.extend(piece)
    return None if logits is None else logits[0]


def decode_one(
    model: LocalLanguageModel,
    prefix: Prefix,
    window: list[int],
    *,
    max_tokens: int,
    stop: tuple[str, ...],
    deadline_s: float | None,
    cancel: Cancel | None,
) -> Generation:
    """Greedy continuation over `prefix`, which holds a beginning of the prompt and afterwards all that was read."""
    limits = Limits(deadline_s, cancel)
    row = Row(model.tokens, window, max_tokens, stop)
    ids = list(row.prompt)
    lookup = Lookup()
    while not row.finish:
        draft = [] if row.rest or len(ids) - len(prefix.ids) > 1 else lookup.draft(ids)
        logits = prefill(model, prefix, [*ids, *draft], limits, keep=len(draft) + 1)
        if logits is None:
            row.finish = limits.reason() or "cancelled"
            break
        right = 0
        for place, after in enumerate(_rows(logits)):
            ids.append(row.choose(after))
            if row.finish or place == len(draft) or ids[-1] != draft[place]:
                break
            right += 1
        lookup.held(right, len(draft))
        prefix.cut(min(len(prefix.ids), len(ids) - 1))
    return row.result(limits.seconds())


def batches(lengths: Sequence[int], max_tokens: int) -> Iterator[list[int]]:
    """Which prompts, given their lengths, to write on from together: at most `_ROWS`, of similar length, and `_KEPT`
    tokens of keys and values."""
    batch: list[int] = []
    for n in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) == _ROWS or (len(batch) + 1) * (lengths[n] + max_tokens) > _KEPT):
            yield batch
            batch = []
        batch.append(n)
    if batch:
        yield batch


def decode_batch(
    model: LocalLanguageModel,
    prefixes: Sequence[Prefix],
    windows: Sequence[list[int]],
    *,
    max_tokens: int,
    stop: tuple[str, ...],
    limits: Limits,
) -> list[Generation]:
    """The same for several prompts at once. A long prompt is read by itself, from the beginning that its prefix holds;
    what is left of each is padded on the left. A finished row leaves the batch."""
    rows = [Row(model.tokens, w, max_tokens, stop) for w in windows]
    for row, prefix in zip(rows, prefixes, strict=True):
        if not row.finish and len(row.prompt) - len(prefix.ids) > _TOGETHER:
            prefill(model, prefix, row.prompt[:-1], limits)
    going = [(prefix, row) for prefix, row in zip(prefixes, rows, strict=True) if not row.finish]
    if going:
        _decode_together(model, [prefix for prefix, _ in going], [row for _, row in going], limits)
    return [row.result(limits.seconds()) for row in rows]


def _decode_together(model: LocalLanguageModel, prefixes: Sequence[Prefix], active: list[Row], limits: Limits) -> None:
    """Write every row to its end, or until stopped. The prefixes are copied, not extended."""
    cache = prefixes[0].cache.stacked([prefix.cache for prefix in prefixes])
    held = cache.get_seq_length()
    rests = [row.prompt[len(prefix.ids) :] for row, prefix in zip(active, prefixes, strict=True)]
    longest = max(map(len, rests))
    ids = torch.tensor([[model.tokens.pad] * (longest - len(r)) + r for r in rests], device=model.device)
    seen = [
        [0] * (held - len(p.ids)) + [1] * len(p.ids) + [0] * (longest - len(r)) + [1] * len(r)
        for p, r in zip(prefixes, rests, strict=True)
    ]
    mask = torch.tensor(seen, device=model.device)
    positions = (mask.cumsum(1) - 1).clamp(min=0)[:, held:]
    done = 0
    while active:
        logits = None
        while done < ids.shape[1] and not limits.reason():
            upto = min(done + PIECE, ids.shape[1])
            logits = model.network(
                input_ids=ids[:, done:upto],
                attention_mask=mask[:, : held + upto],
                position_ids=positions[:, done:upto],
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            ).logits[:, -1]
            done = upto
        if done < ids.shape[1] or logits is None:
            for row in active:
                row.finish = limits.reason() or "cancelled"
            break
        chosen = [row.choose(after) for row, after in zip(active, _rows(logits), strict=True)]
        going = [i for i, row in enumerate(active) if not row.finish]
        if len(going) < len(active):
            keep = torch.tensor(going, dtype=torch.long, device=model.device)
            cache.select(going)
            ids, mask, positions = ids[keep], mask[keep], positions[keep]
            active, chosen = [active[i] for i in going], [chosen[i] for i in going]
        ids = torch.cat([ids, torch.tensor(chosen, dtype=ids.dtype, device=ids.device)[:, None]], 1)
        mask = torch.cat([mask, mask.new_ones(len(active), 1)], 1)
        positions = torch.cat([positions, positions[:, -1:] + 1], 1)
