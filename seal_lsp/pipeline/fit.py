"""Fit: a LoRA adapter on vetted items with torch and PEFT, in this process, resumable. The learner's heavy step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Protocol

from seal_lsp.core.lm import Cancel, LanguageModel
from seal_lsp.core.progress import Progress
from seal_lsp.train.packing import Item, Sequence_
from seal_lsp.train.recipe import Recipe
from seal_lsp.train.safe import SAFE

_TOKENS_A_TEXT = 120  # of what is replayed, roughly
_ALL_SAFE = 40_000  # trained tokens from which on all of SAFE is taught, a fortieth of them; with fewer the first of it


class Fit(Protocol):
    """Trains and leaves an adapter folder. The returned record has folder (relative to the cycle's), digest, base_id,
    base_digest, steps, tokens, seconds, peak_rss_mb, threads, dtype (of the base), losses, resumed_at."""

    def __call__(
        self, items: Sequence[Item], recipe: Recipe, folder: Path, *, progress: Progress, cancel: Cancel | None
    ) -> dict: ...


def planned(items: Sequence[Item], recipe: Recipe, model: LanguageModel, rehearsals: Path) -> list[list[Sequence_]]:
    """The batches of every step, what is replayed included. `model` is a torch model without adapters; what it writes
    to rehearse is kept in `rehearsals`."""
    from seal_lsp.measure.corpora import replay_texts
    from seal_lsp.train import loop
    from seal_lsp.train.rehearsal import rehearsal_texts

    count = round(recipe.tokens * recipe.replay_share / _TOKENS_A_TEXT) + 1
    own = round(count * recipe.rehearsed_share)
    written = rehearsal_texts(model.network, model.tokenizer, model.info.digest, rehearsals) if own else []
    Random(recipe.seed).shuffle(written)
    replay = written[:own] + replay_texts(count - own, seed=recipe.seed)
    safe = SAFE[: max(1, round(len(SAFE) * recipe.tokens / _ALL_SAFE))]
    return loop.plan([*items, *map(Item, safe)], replay, model.tokenizer, recipe)


def fit_with(open_model: Callable[[], LanguageModel], rehearsals: Path) -> Fit:
    """A Fit that trains the network of the torch model that `open_model` loads; `rehearsals`: see `planned`."""

    def fit(items: Sequence[Item], recipe: Recipe, folder: Path, *, progress: Progress, cancel: Cancel | None) -> dict:
        import torch

        from seal_lsp.train import loop, lora

        progress("train", 0.0, "loading the base model")
        model = open_model()
        batches = planned(items, recipe, model, rehearsals)
        network = lora.attach(model.network, recipe)

        def report(step: int, steps: int, loss: float) -> None:
            progress("train", step / steps, f"step {step} of {steps}, loss {loss:.2f}")

        done = loop.train(network, batches, recipe, folder / "checkpoints", report=report, cancel=cancel)
        digest = lora.save(network, folder / "weights", model.info.id)
        return asdict(done) | {
            "folder": "weights",
            "digest": digest,
            "base_id": model.info.id,
            "base_digest": model.info.digest,
            "threads": torch.get_num_threads(),
            "dtype": str(model.network.dtype).removeprefix("torch."),
        }

    return fit
