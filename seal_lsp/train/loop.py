"""The training loop: reads top to bottom, one optimiser step at a time, resumable after each.

A finished step is on disk before the next begins (two alternating checkpoint files, renamed when complete), so a
learner killed at any instant repeats no finished step and ends with the adapter of an uninterrupted run, bit for bit.
"""

from __future__ import annotations

import math
import random
import resource
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy, kl_div, log_softmax

from seal_lsp.core.errors import Cancelled
from seal_lsp.core.lm import Cancel
from seal_lsp.train import checkpoint, fused
from seal_lsp.train.packing import Item, Sequence_, Tokenizer, encode, pack
from seal_lsp.train.recipe import Recipe


@dataclass(frozen=True, slots=True)
class TrainReport:
    """`losses` has one mean learning loss (nats a weighted token) a step; `seconds` count only this process's steps."""

    steps: int
    tokens: int
    seconds: float
    peak_rss_mb: int
    losses: tuple[float, ...]
    resumed_at: int


def plan(items: Sequence[Item], replay: Sequence[str], tokenizer: Tokenizer, recipe: Recipe) -> list[list[Sequence_]]:
    """The batches of every step, decided before the first: the same inputs and seed give the same plan."""
    rng = random.Random(recipe.seed)
    learn_budget = round(recipe.tokens * (1 - recipe.replay_share))
    encoded = [encode(i, tokenizer, name_weight=recipe.name_weight, text_weight=recipe.text_weight) for i in items]
    learn: list[Sequence_] = []
    while encoded and sum(len(s.tokens) for s in learn) < learn_budget:
        learn += pack(encoded, recipe.sequence, "learn", rng)
    replayed = [encode(Item(text), tokenizer, name_weight=1.0, text_weight=1.0) for text in replay]
    replay_length = max(16, recipe.sequence // 2)  # shorter and oftener: the pull back to the base is steadier
    kept = pack(replayed, replay_length, "replay", rng)
    per_step = max(1, round(recipe.step_tokens / recipe.sequence))
    steps = max(1, learn_budget // (per_step * recipe.sequence))
    batches = [learn[i * per_step : (i + 1) * per_step] for i in range(steps)]
    batches = [batch for batch in batches if batch]
    replays = round(recipe.tokens * recipe.replay_share / replay_length)
    every = max(1, round(len(batches) / replays)) if replays else 0
    for i, batch in enumerate(batches):
        if kept and every and i % every == 0:
            batch.append(kept[(i // every) % len(kept)])
    return batches


def train(
    network: torch.nn.Module,
    batches: Sequence[Sequence[Sequence_]],
    recipe: Recipe,
    folder: Path,
    *,
    report: Callable[[int, int, float], None],
    cancel: Cancel | None = None,
    plain: bool = False,
) -> TrainReport:
    """Train the LoRA weights of `network` (a PeftModel in train mode) through `batches`, checkpointing in `folder`.

    `plain` leaves PEFT's and torch's own passes as they are (train/fused.py has the cheaper ones).
    A checkpoint is written every `checkpoint.EVERY` steps, and before it is stopped: one each step cost a tenth of the
    time. Raises Cancelled between steps when asked to stop, NoSpaceLeft when a checkpoint cannot be written.
    """
    parameters = [p for p in network.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(
        parameters, lr=recipe.learning_rate, betas=(0.9, 0.99), weight_decay=recipe.weight_decay, fused=True
    )
    resumed = checkpoint.restore(folder, network, optimiser)
    losses = list(resumed.losses)
    tokens = resumed.tokens
    started = time.monotonic()

    def save(step: int) -> None:
        checkpoint.save(folder, network, optimiser, checkpoint.Reached(step, tokens, tuple(losses)))

    with nullcontext() if plain else fused.fused(network):
        for step in range(resumed.step, len(batches)):
            if cancel is not None and cancel.is_set():
                save(step)
                raise Cancelled("learning was stopped", hint="it goes on from the last finished step")
            for group in optimiser.param_groups:
                group["lr"] = recipe.learning_rate * schedule(step, len(batches), recipe.warmup)
            loss = backward(network, batches[step], recipe, plain=plain)
            torch.nn.utils.clip_grad_norm_(parameters, recipe.clip)
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
            losses.append(round(loss, 5))
            tokens += sum(len(s.tokens) for s in batches[step])
            if (step + 1) % checkpoint.EVERY == 0 or step + 1 == len(batches):
                save(step + 1)
            report(step + 1, len(batches), loss)
    return TrainReport(
        len(batches), tokens, round(time.monotonic() - started, 3), peak_rss_mb(), tuple(losses), resumed.step
    )


def peak_rss_mb() -> int:
    """Peak resident memory of this process in MB (Linux reports kilobytes)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def backward(network: torch.nn.Module, batch: Sequence[Sequence_], recipe: Recipe, *, plain: bool = False) -> float:
    """Leave one step's gradients; returns the learning loss."""
    learned = 0.0
    for kind, factor in (("learn", 1.0), ("replay", recipe.kl)):
        some = [s for s in batch if s.kind == kind]
        if some:
            loss = factor * loss_of(network, some, kind, plain=plain)
            loss.backward()
            learned += loss.item() if kind == "learn" else 0.0
    return learned


def schedule(step: int, steps: int, warmup: float) -> float:
    """Share of the learning rate: linear warm-up, then cosine down to a tenth."""
    ramp = max(1, round(steps * warmup))
    if step < ramp:
        return (step + 1) / ramp
    return 0.1 + 0.45 * (1 + math.cos(math.pi * (step - ramp) / max(1, steps - ramp)))


def _batch(sequences: Sequence[Sequence_], device: torch.device) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(tokens, attention mask, weights), each [batch, longest], padded on the right."""
    longest = max(len(s.tokens) for s in sequences)
    tokens = torch.zeros(len(sequences), longest, dtype=torch.long)
    mask = torch.zeros_like(tokens)
    weights = torch.zeros(len(sequences), longest)
    for row, s in enumerate(sequences):
        n = len(s.tokens)
        tokens[row, :n] = torch.tensor(s.tokens)
        mask[row, :n] = 1
        weights[row, :n] = torch.tensor(s.weights)
    return tokens.to(device), mask.to(device), weights.to(device)


def _states(network: torch.nn.Module, tokens: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Last hidden states, without the head: logits are only made where a loss is taken."""
    padded = None if bool(mask.all()) else mask
    return network.get_base_model().model(input_ids=tokens, attention_mask=padded, use_cache=False).last_hidden_state


def loss_of(network: torch.nn.Module, some: Sequence[Sequence_], kind: str, *, plain: bool = False) -> torch.Tensor:
    """learn: weighted mean cross-entropy (nats) over the tokens whose weight is not 0. replay: KL(base || adapter) in
    nats a token: the base, adapter disabled, is its own teacher (2605.26097). `plain`: by torch's own functions."""
    tokens, mask, weights = _batch(some, next(network.parameters()).device)
    wanted = (weights[:, 1:] > 0) & (mask[:, 1:] > 0)
    head = network.get_base_model().lm_head
    cheap = not plain and fused.can_be_head(head)
    if kind == "replay":
        with torch.no_grad(), network.disable_adapter():
            teacher = _states(network, tokens, mask)[:, :-1][wanted]
    states = _states(network, tokens, mask)[:, :-1][wanted]
    if kind == "replay":
        return fused.divergence(states, teacher, head) if cheap else _divergence(states, teacher, head)
    targets, weight = tokens[:, 1:][wanted], weights[:, 1:][wanted]
    if cheap:
        return fused.cross_entropy(states, head, targets, weight)
    each = cross_entropy(head(states).float(), targets, reduction="none")
    return (each * weight).sum() / weight.sum().clamp(min=1e-6)


def _divergence(states: torch.Tensor, teacher: torch.Tensor, head: torch.nn.Module) -> torch.Tensor:
    with torch.no_grad():
        wanted = log_softmax(head(teacher).float(), dim=-1)
    return kl_div(log_softmax(head(states).float(), dim=-1), wanted, log_target=True, reduction="batchmean")
