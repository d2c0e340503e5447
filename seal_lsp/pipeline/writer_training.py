"""Teach a writer: a LoRA on the base over (request, answer) pairs, with the same fit as a library's adapter.

Its adapter writes self-edits and nothing else. Knows neither trials nor where the pairs come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from seal_lsp.core.learning import digest_of
from seal_lsp.core.progress import Progress
from seal_lsp.pipeline.fit import Fit
from seal_lsp.pipeline.journal import Journal
from seal_lsp.train.packing import Item
from seal_lsp.train.recipe import Recipe

EPOCHS = 3
MOST = 20  # times a trial's tokens
_SEQUENCE = 768  # holds a request with its facts and the answer
_CHARACTERS_A_TOKEN = 3.2


@dataclass(frozen=True)
class Taught:
    """`folder` has the adapter; `record` is what the fit said; `pairs` went in."""

    folder: Path
    digest: str
    pairs: int
    recipe: Recipe
    record: dict


def recipe_of(pairs: Sequence[tuple[str, str]], trial: Recipe) -> Recipe:
    """The trial's recipe in long sequences, all words of an answer weighing the same, EPOCHS times over the pairs."""
    size = sum(len(prompt) + len(answer) for prompt, answer in pairs) / _CHARACTERS_A_TOKEN
    tokens = round(min(EPOCHS * size / (1 - trial.replay_share), MOST * trial.tokens))
    long = replace(trial, sequence=_SEQUENCE, step_tokens=_SEQUENCE, text_weight=1.0, name_weight=1.0)
    return replace(long, tokens=max(tokens, _SEQUENCE))


def teach(pairs: Sequence[tuple[str, str]], fit: Fit, trial: Recipe, folder: Path, progress: Progress) -> Taught:
    """The writer's adapter in a folder named by what it was made from; made once."""
    recipe = recipe_of(pairs, trial)
    journal = Journal(folder / digest_of([list(map(list, pairs)), recipe.as_dict()])[:12])
    items = [Item(prompt + answer, len(prompt)) for prompt, answer in pairs]
    record = journal.once("fitted", lambda: fit(items, recipe, journal.folder, progress=progress, cancel=None))
    return Taught(journal.folder / record["folder"], record["digest"], len(pairs), recipe, record)
