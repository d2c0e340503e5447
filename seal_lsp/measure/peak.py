"""The measured peak of a matrix product on this machine: what a cost model's limit is a share of.

Knows torch and shapes, nothing of a model.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

import torch

_FLOP_A_TURN = 1e9  # enough that reading the clock costs nothing


def product_peaks(
    shapes: Iterable[tuple[int, int, int]], dtype: torch.dtype = torch.float32, *, turns: int = 10
) -> dict[tuple[int, int, int], float]:
    """Gflop/s of x W' for every (rows, inputs, outputs), best of `turns`, all of torch's threads. The shapes take
    turns, so that a moment in which others had the processor hits one turn of each and not all of one."""
    torch.manual_seed(0)
    made = {shape: _product(*shape, dtype) for shape in dict.fromkeys(shapes)}
    best = dict.fromkeys(made, 0.0)
    for _ in range(turns):
        for shape, (left, right) in made.items():
            best[shape] = max(best[shape], _rate(left, right))
    return best


def _product(rows: int, inputs: int, outputs: int, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(rows, inputs).to(dtype), torch.randn(outputs, inputs).to(dtype)


def _rate(left: torch.Tensor, right: torch.Tensor) -> float:
    flop = 2 * left.shape[0] * left.shape[1] * right.shape[0]
    times = max(1, round(_FLOP_A_TURN / flop))
    with torch.inference_mode():
        torch.mm(left, right.t())
        began = time.perf_counter()
        for _ in range(times):
            torch.mm(left, right.t())
        return flop * times / (time.perf_counter() - began) / 1e9
