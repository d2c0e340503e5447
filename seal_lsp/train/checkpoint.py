"""Checkpoints of a run: LoRA weights, optimiser moments, what was reached. Two files take turns, each whole or none."""

from __future__ import annotations

import io
import logging
import os
from dataclasses import dataclass
from pathlib import Path

import torch

from seal_lsp.store.disk import full_disk_is_said

log = logging.getLogger(__name__)

_SLOTS = ("step-even.pt", "step-odd.pt")


@dataclass(frozen=True, slots=True)
class Reached:
    """`step` steps are finished; `losses` has one value for each."""

    step: int = 0
    tokens: int = 0
    losses: tuple[float, ...] = ()


def save(folder: Path, network: torch.nn.Module, optimiser: torch.optim.Optimizer, reached: Reached) -> None:
    """Write the older of the two slots: to a temporary name, then renamed. Raises NoSpaceLeft; the newer slot stays.

    Not flushed to the platter: a kill loses nothing, a power cut loses at most the steps since the last good slot.
    """
    trained = {name: p.detach() for name, p in network.named_parameters() if p.requires_grad}
    record = {"step": reached.step, "tokens": reached.tokens, "losses": list(reached.losses)}
    buffer = io.BytesIO()
    torch.save({"trained": trained, "optimiser": optimiser.state_dict(), "reached": record}, buffer)
    target = folder / _SLOTS[reached.step % 2]
    partial = target.with_suffix(".partial")
    with full_disk_is_said(target):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(buffer.getbuffer())
            os.replace(partial, target)
        except OSError:
            partial.unlink(missing_ok=True)
            raise


def restore(folder: Path, network: torch.nn.Module, optimiser: torch.optim.Optimizer) -> Reached:
    """Load the newest readable checkpoint into network and optimiser; `Reached()` when there is none."""
    best: dict | None = None
    for path in (folder / slot for slot in _SLOTS):
        if path.is_file():
            try:
                found = torch.load(path, map_location="cpu", weights_only=True)
            except Exception as error:  # torch raises many kinds for a damaged zip
                log.warning("checkpoint %s cannot be read, the other one is used: %s", path, error)
                continue
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
