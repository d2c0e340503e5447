"""Checkpoints of a run: LoRA weights, optimiser moments and what was reached. Two files take turns; each is complete or absent."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path

import torch

from seal_lsp.core.errors import NoSpaceLeft

_SLOTS = ("step-even.pt", "step-odd.pt")


@dataclass(frozen=True, slots=True)
class Reached:
    """`step` steps are finished; `losses` has one value for each."""

    step: int = 0
    tokens: int = 0
    losses: tuple[float, ...] = ()


def save(folder: Path, network: torch.nn.Module, optimiser: torch.optim.Optimizer, reached: Reached) -> None:
    """Write the newer of the two slots: to a temporary name, then renamed. Raises NoSpaceLeft; the older slot stays."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / _SLOTS[reached.step % 2]
    partial = target.with_suffix(".partial")
    trained = {name: p.detach() for name, p in network.named_parameters() if p.requires_grad}
    record = {"step": reached.step, "tokens": reached.tokens, "losses": list(reached.losses)}
    try:
        torch.save({"trained": trained, "optimiser": optimiser.state_dict(), "reached": record}, partial)
        os.replace(partial, target)
    except (OSError, RuntimeError) as error:
        partial.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        if isinstance(error, RuntimeError) and "writ" not in str(error).lower():
            raise
        raise NoSpaceLeft(
            f"no space left for the checkpoint of step {reached.step} in {folder}",
            hint="free some space and learn again: it goes on from the step before",
        ) from error


def restore(folder: Path, network: torch.nn.Module, optimiser: torch.optim.Optimizer) -> Reached:
    """Load the newest complete checkpoint into network and optimiser; `Reached()` when there is none."""
    best: dict | None = None
    for slot in _SLOTS:
        path = folder / slot
        if path.is_file():
            found = torch.load(path, map_location="cpu", weights_only=True)
            if best is None or found["reached"]["step"] > best["reached"]["step"]:
                best = found
    if best is None:
        return Reached()
    own = dict(network.named_parameters())
    with torch.no_grad():
        for name, value in best["trained"].items():
            own[name].copy_(value)
    optimiser.load_state_dict(best["optimiser"])
    reached = best["reached"]
    return Reached(reached["step"], reached["tokens"], tuple(reached["losses"]))
