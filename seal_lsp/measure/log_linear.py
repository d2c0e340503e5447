"""A log-linear choice among names: softmax over the names of a place of the weighted sum of their signs.

The fit is convex (multinomial logit, penalised squares; signs are scaled by their deviation first), so the same places
give the same weights. Knows neither what signs mean nor where they come from.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LOGPROB = "logprob"


@dataclass(frozen=True)
class Choice:
    """A place: the signs of each name, and which name it was. `group` is what is left out together (a library)."""

    group: str
    signs: tuple[Mapping[str, float], ...]
    chosen: int


def fit(
    choices: Sequence[Choice], *, penalty: float, around: Mapping[str, float] | None = None, free: Sequence[str] = ()
) -> dict[str, float]:
    """The weights that make the choices likeliest, less `penalty` times the squares of what they are away from `around`
    (0 where it says nothing) in units of each sign's deviation; `free` signs are pulled a hundred times less."""
    import torch

    names = sorted({name for choice in choices for each in choice.signs for name in each})
    if not choices or not names:
        return {}
    rows = [[each.get(name, 0.0) for name in names] for choice in choices for each in choice.signs]
    sizes = [len(choice.signs) for choice in choices]
    values = torch.tensor(rows, dtype=torch.float64)
    scale = values.std(0, unbiased=False)
    used = scale > 1e-9
    values, scale = values[:, used] / scale[used], scale[used]
    names = [name for name, is_used in zip(names, used.tolist(), strict=True) if is_used]
    place = torch.repeat_interleave(torch.arange(len(choices)), torch.tensor(sizes))
    first = torch.tensor([0, *sizes]).cumsum(0)[:-1]
    chosen = first + torch.tensor([choice.chosen for choice in choices])
    middle = torch.tensor([(around or {}).get(name, 0.0) for name in names], dtype=torch.float64) * scale
    pull = torch.tensor([penalty / 100 if name in free else penalty for name in names], dtype=torch.float64)
    weights = middle.clone().requires_grad_(True)
    optimiser = torch.optim.LBFGS([weights], max_iter=500, tolerance_grad=1e-7, line_search_fn="strong_wolfe")

    def loss():
        optimiser.zero_grad()
        sums = values @ weights
        top = torch.full((len(choices),), -torch.inf, dtype=torch.float64)
        top = top.scatter_reduce(0, place, sums.detach(), "amax")
        total = torch.zeros(len(choices), dtype=torch.float64).index_add(0, place, torch.exp(sums - top[place]))
        found = (top + torch.log(total) - sums[chosen]).sum() + (pull * (weights - middle) ** 2).sum() / 2
        found.backward()
        return found

    optimiser.step(loss)
    return dict(zip(names, (weights.detach() / scale).tolist(), strict=True))


def rank(choice: Choice, weights: Mapping[str, float]) -> int:
    """The chosen name's place in the order of the weighted sums, 1 for the first; of equals the earlier goes first."""
    sums = [sum(weights.get(name, 0.0) * value for name, value in each.items()) for each in choice.signs]
    own = sums[choice.chosen]
    return 1 + sum(other > own or (other == own and at < choice.chosen) for at, other in enumerate(sums))


def likelihood(choice: Choice, weights: Mapping[str, float]) -> float:
    """The natural logarithm of the chosen name's probability."""
    sums = [sum(weights.get(name, 0.0) * value for name, value in each.items()) for each in choice.signs]
    top = max(sums)
    return sums[choice.chosen] - top - math.log(sum(math.exp(one - top) for one in sums))
