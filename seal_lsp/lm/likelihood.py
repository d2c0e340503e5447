"""Teacher-forced likelihoods: candidates over one shared prefix, and spans in their own contexts.

Candidates are packed into one row as a tree of tokens whose attention mask lets each see the prefix and its own
ancestors only (tree attention as in SpecInfer, arXiv 2305.09781): the prefix is neither computed nor copied per
candidate, a beginning that candidates share is computed once, and last tokens are fed only where it is asked whether
the name ends there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch

from seal_lsp.core.errors import Cancelled
from seal_lsp.core.lm import Cancel, SpanScore
from seal_lsp.lm.decode import PIECE, prefill
from seal_lsp.lm.kv import Prefix
from seal_lsp.lm.tokens import windows
from seal_lsp.lm.written import Limits

if TYPE_CHECKING:
    from seal_lsp.lm.local_model import LocalLanguageModel

_CANDIDATES = 64  # a forward pass
_POSITIONS = 1024  # rows x positions of logits a forward pass: 1024 x 49k x 4 bytes are 200 MB
_BATCH_TOKENS = 2048
_LEAST = 1e-37  # of a sum of shares, so that its logarithm is a number


@dataclass
class Tree:
    """Tokens after which something is asked, parents first. `parent` is an index here, -1 for the shared prefix's last
    token. `whole`: also what comes after each candidate's last token."""

    whole: bool = False
    token: list[int] = field(default_factory=list)
    parent: list[int] = field(default_factory=list)
    depth: list[int] = field(default_factory=list)
    _at: dict[tuple[int, int], int] = field(default_factory=dict)

    def add(self, ids: Sequence[int]) -> list[int]:
        """Add a candidate; the node after which each of its tokens comes, and with `whole` its last token's own."""
        nodes, at = [], -1
        for depth, token in enumerate(ids):
            nodes.append(at)
            if self.whole or depth + 1 < len(ids):
                key = (at, token)
                if key not in self._at:
                    self._at[key] = len(self.token)
                    self.token.append(token)
                    self.parent.append(at)
                    self.depth.append(depth + 1)
                at = self._at[key]
        return [*nodes, at] if self.whole else nodes


def rank_candidates(
    model: LocalLanguageModel,
    prefix: Prefix,
    shared: list[int],
    rests: Sequence[Sequence[int]],
    *,
    cancel: Cancel | None,
    ends: torch.Tensor | None = None,
) -> list[tuple[float, float]]:
    """(natural-log probability of each rest after `shared`, that of it ending there); `prefix` holds a beginning of
    `shared`, afterwards all of it. `ends` (vocabulary) is 1 for the tokens that end a rest, else 0; without it the
    second number is 0."""
    limits = Limits(None, cancel)
    head = len(shared) - 1 - (len(shared) - 1 - len(prefix.ids)) % PIECE if len(shared) - len(prefix.ids) > PIECE else 0
    if head:
        prefill(model, prefix, shared[:head], limits)
    scores: list[tuple[float, float]] = []
    for start in range(0, len(rests), _CANDIDATES):
        if limits.reason():
            raise Cancelled("ranking was cancelled")
        scores += _rank_chunk(model, prefix, shared, rests[start : start + _CANDIDATES], ends)
    return scores


def _rank_chunk(
    model: LocalLanguageModel,
    prefix: Prefix,
    shared: list[int],
    rests: Sequence[Sequence[int]],
    ends: torch.Tensor | None,
) -> list[tuple[float, float]]:
    prefix.cut(min(len(prefix.ids), len(shared) - 1))  # the last shared token's logits are needed again
    tree = Tree(whole=ends is not None)
    paths = [tree.add(r) for r in rests]
    past = len(prefix.ids)
    new = shared[past:]
    ids = torch.tensor([new + tree.token], device=model.device)
    positions = list(range(past, len(shared))) + [len(shared) - 1 + d for d in tree.depth]
    logits = model.network(
        input_ids=ids,
        attention_mask=_tree_mask(tree, past, len(new), model.network.dtype).to(model.device),
        position_ids=torch.tensor([positions], device=model.device),
        past_key_values=prefix.cache,
        use_cache=True,
        logits_to_keep=1 + len(tree.token),
    ).logits[0]
    prefix.ids = list(shared)
    prefix.ids += tree.token
    prefix.cut(len(shared))
    logits = logits.float()
    highest = logits.amax(-1)
    shares = (logits - highest[:, None]).exp_()
    total = highest + shares.sum(-1).log()
    after = torch.tensor([n + 1 for path, rest in zip(paths, rests, strict=True) for n in path[: len(rest)]])
    token = torch.tensor([t for r in rests for t in r], dtype=torch.long, device=model.device)
    after = after.to(model.device, torch.long)
    logprobs = (logits[after, token] - total[after]).tolist()
    ended = [0.0] * len(rests)
    if ends is not None:
        last = torch.tensor([path[-1] + 1 for path in paths], device=model.device)
        ended = ((shares[last] @ ends).clamp(min=_LEAST).log() + highest[last] - total[last]).tolist()
    scores, at = [], 0
    for rest, end in zip(rests, ended, strict=True):
        scores.append((sum(logprobs[at : at + len(rest)]), end))
        at += len(rest)
    return scores


def _tree_mask(tree: Tree, past: int, new: int, dtype: torch.dtype) -> torch.Tensor:
    """Additive mask, shape (1, 1, new + nodes, past + new + nodes)."""
    size = new + len(tree.token)
    allowed = torch.zeros(size, past + size, dtype=torch.bool)
    allowed[:, :past] = True
    allowed[:, past : past + new] = torch.ones(size, new, dtype=torch.bool).tril()
    for node, parent in enumerate(tree.parent):
        row, base = new + node, past + new
        if parent >= 0:
            allowed[row, base:] = allowed[new + parent, base:]
        allowed[row, base + node] = True
    return torch.zeros(1, 1, size, past + size, dtype=dtype).masked_fill(~allowed, torch.finfo(dtype).min)


def score_pairs(
    model: LocalLanguageModel, pairs: Sequence[tuple[str, str]], *, cancel: Cancel | None
) -> list[SpanScore]:
    """Batches of similar length, padded on the left so that all spans end together."""
    rows: list[tuple[int, list[int], int]] = []  # pair, ids, span length
    counts = [0] * len(pairs)
    for i, (context, continuation) in enumerate(pairs):
        before, span = model.tokens.split(context, continuation)
        counts[i] = len(span)
        rows += [(i, ids, length) for ids, length in windows(before, span, model.info.context)]
    totals = [0.0] * len(pairs)
    limits = Limits(None, cancel)
    for batch in _batches(sorted(rows, key=lambda r: (len(r[1]), r[2]))):
        if limits.reason():
            raise Cancelled("scoring was cancelled")
        for (i, _, _), logprob in zip(batch, _score_batch(model, batch), strict=True):
            totals[i] += logprob
    return [SpanScore(t, n, len(c.encode())) for t, n, (_, c) in zip(totals, counts, pairs, strict=True)]


def _batches(rows: Sequence[tuple[int, list[int], int]]):
    batch: list[tuple[int, list[int], int]] = []
    for row in rows:
        grown = [*batch, row]
        if batch and (
            len(grown) * max(len(r[1]) for r in grown) > _BATCH_TOKENS
            or len(grown) * max(r[2] for r in grown) > _POSITIONS
        ):
            yield batch
            grown = [row]
        batch = grown
    if batch:
        yield batch


def _score_batch(model: LocalLanguageModel, batch: Sequence[tuple[int, list[int], int]]) -> list[float]:
    # The last token of a row is only ever a target.
    longest = max(len(ids) for _, ids, _ in batch) - 1
    spans = max(n for _, _, n in batch)
    pad = model.tokens.pad
    ids = torch.tensor([[pad] * (longest + 1 - len(r)) + r for _, r, _ in batch], device=model.device)
    mask = torch.tensor([[0] * (longest + 1 - len(r)) + [1] * (len(r) - 1) for _, r, _ in batch], device=model.device)
    logits = model.network(
        input_ids=ids[:, :-1],
        attention_mask=mask,
        position_ids=(mask.cumsum(1) - 1).clamp(min=0),
        use_cache=False,
        logits_to_keep=spans,
    ).logits
    targets = ids[:, -spans:]
    logprobs = []
    for row, (_, _, n) in enumerate(batch):
        picked = logits[row, -n:].float()
        gold = picked.gather(-1, targets[row, -n:, None]).squeeze(-1)
        logprobs.append(float((gold - torch.logsumexp(picked, -1)).sum()))
    return logprobs
