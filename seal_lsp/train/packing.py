"""Self-edits and replay texts to packed token sequences with a loss weight a token. Knows a tokenizer, no network."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Item:
    """A text to train on. Loss is taken from character `loss_from` on; `names` are spans that spell API names."""

    text: str
    loss_from: int = 0
    names: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Sequence_:
    """Packed tokens; `weights[i]` weighs the loss of predicting token i (0: never). `kind`: learn or replay."""

    tokens: tuple[int, ...]
    weights: tuple[float, ...]
    kind: str


class Tokenizer(Protocol):
    """A Hugging Face fast tokenizer."""

    bos_token_id: int | None
    eos_token_id: int

    def __call__(self, text: str, **options: object) -> dict: ...


def encode(
    item: Item, tokenizer: Tokenizer, *, name_weight: float, text_weight: float
) -> tuple[list[int], list[float]]:
    """Tokens and weights of one item, a separator (end of text) first: it starts the item and ends the one before."""
    encoded = tokenizer(item.text, add_special_tokens=False, return_offsets_mapping=True)
    tokens, weights = [tokenizer.eos_token_id], [0.0]
    starts = [start for start, _ in item.names]
    for token, (start, end) in zip(encoded["input_ids"], encoded["offset_mapping"], strict=True):
        tokens.append(token)
        if end <= item.loss_from:
            weights.append(0.0)
        else:
            weights.append(name_weight if _touches(start, end, item.names, starts) else text_weight)
    return tokens, weights


def _touches(start: int, end: int, spans: Sequence[tuple[int, int]], starts: Sequence[int]) -> bool:
    index = bisect_right(starts, end - 1) - 1
    return index >= 0 and spans[index][1] > start


def pack(
    encoded: Sequence[tuple[list[int], list[float]]], length: int, kind: str, rng: random.Random
) -> list[Sequence_]:
    """Shuffle, join and cut into sequences of `length` tokens; the rest at the end is a shorter one.

    A text cut in two goes on in the next sequence without its beginning: at 135M that costs less than padding.
    """
    order = list(encoded)
    rng.shuffle(order)
    tokens = [t for some, _ in order for t in some]
    weights = [w for _, some in order for w in some]
    packed = []
    for start in range(0, len(tokens), length):
        part = slice(start, start + length)
        if len(tokens[part]) > 8:
            packed.append(Sequence_(tuple(tokens[part]), tuple(weights[part]), kind))
    return packed
