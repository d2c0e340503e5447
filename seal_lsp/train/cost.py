"""The cost model: how many floating-point operations a plan of training needs at least.

Only products with weights are counted (LEARNING.md: 2 flop a weight and token forward, as much again for the gradient
by the input, and none for the gradient of frozen weights):

    L   weights of the decoder's linear layers
    A   weights of LoRA, both factors
    H   weights of the head, used only at positions where a loss is taken

    learned token     4 L + 6 A   (LoRA: forward, by the input, by its own weights)   + 4 H where loss is taken
    replayed token    the same for the student, and 2 L + 2 H for its teacher, the base

Attention between tokens, norms, activations, softmax and the optimiser are not counted, so the limit that follows is
above what can be reached. Layers below the lowest adapted one need no gradient: they count 2 L.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from peft.tuners.lora import LoraLayer

from seal_lsp.train.packing import Sequence_


@dataclass(frozen=True, slots=True)
class Weights:
    """Numbers of weights. `below` of `layers` lie under the lowest adapted layer and need no backward pass."""

    layers: int
    below: int
    lora: int
    head: int

    @property
    def all(self) -> int:
        return self.layers + self.head


def weights_of(network: torch.nn.Module) -> Weights:
    """Of a PeftModel over a causal language model whose decoder's blocks are in a list called `layers`."""
    base = network.get_base_model()
    blocks = [_of_block(block) for block in base.model.layers]
    adapted = [n for n, (_, lora) in enumerate(blocks) if lora]
    lowest = adapted[0] if adapted else 0
    return Weights(
        layers=sum(frozen for frozen, _ in blocks),
        below=sum(frozen for frozen, _ in blocks[:lowest]),
        lora=sum(lora for _, lora in blocks),
        head=base.lm_head.weight.numel(),
    )


def flop_of_plan(batches: Sequence[Sequence[Sequence_]], weights: Weights) -> dict:
    """{flop, tokens, flop_per_token, ...}: all steps together, and what they consist of."""
    counts = {"learn": [0, 0], "replay": [0, 0]}
    for sequence in (s for batch in batches for s in batch):
        counts[sequence.kind][0] += len(sequence.tokens)
        counts[sequence.kind][1] += sum(w > 0 for w in sequence.weights[1:])
    tokens = sum(of for of, _ in counts.values())
    judged = sum(on for _, on in counts.values())
    replayed, replay_judged = counts["replay"]
    student = 4 * weights.layers - 2 * weights.below + 6 * weights.lora
    flop = tokens * student + judged * 4 * weights.head
    flop += replayed * 2 * weights.layers + replay_judged * 2 * weights.head
    return {
        "flop": flop,
        "tokens": tokens,
        "flop_per_token": flop / max(1, tokens),
        "replay_share": replayed / max(1, tokens),
        "loss_share": judged / max(1, tokens),
        "weights": {"layers": weights.layers, "lora": weights.lora, "head": weights.head},
    }


def product_shapes(network: torch.nn.Module, rows: int) -> list[tuple[int, int, int]]:
    """(rows, inputs, outputs) of the products that training consists of, the head's included."""
    base = network.get_base_model()
    frozen = [m for m in base.model.layers.modules() if type(m) is torch.nn.Linear and not m.weight.requires_grad]
    shapes = {(m.in_features, m.out_features) for m in [*frozen, base.lm_head]}
    return sorted((rows, inputs, outputs) for inputs, outputs in shapes)


def _of_block(block: torch.nn.Module) -> tuple[int, int]:
    """(frozen weights of linear layers, LoRA weights) of one block."""
    lora = sum(
        part.weight.numel()
        for module in block.modules()
        if isinstance(module, LoraLayer)
        for part in (*module.lora_A.values(), *module.lora_B.values())
    )
    linear = sum(m.weight.numel() for m in block.modules() if isinstance(m, torch.nn.Linear))
    return linear - lora, lora
