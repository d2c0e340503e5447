"""Checkpoints of a run: LoRA weights, optimiser moments, what was reached. Two files take turns, each whole or none."""

from __future__ import annotations

import json
import logging
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from seal_lsp.store.disk import full_disk_is_said

log = logging.getLogger(__name__)

EVERY = 4  # steps; a kill loses no more than these
_SLOTS = ("turn-even.safetensors", "turn-odd.safetensors")
_WEIGHT = "weight"


@dataclass(frozen=True, slots=True)
class Reached:
    """`step` steps are finished; `losses` has one value for each."""

    step: int = 0
    tokens: int = 0
    losses: tuple[float, ...] = ()


def save(folder: Path, network: torch.nn.Module, optimiser: torch.optim.Optimizer, reached: Reached) -> None:
    """Write the older of the two slots: to a temporary name, then renamed. Raises NoSpaceLeft; the newer slot stays.

    Not flushed to the platter: a kill loses nothing, a power cut loses at most the steps since the last good slot.
    safetensors' own file writer copies the 59 MB once; torch.save took half as long again.
    """
    tensors = {}
    for name, parameter in _trained(network).items():
        tensors[f"{_WEIGHT}:{name}"] = parameter.detach()
        for moment, value in optimiser.state.get(parameter, {}).items():
            tensors[f"{moment}:{name}"] = value
    target = folder / _SLOTS[-(-reached.step // EVERY) % 2]
    partial = target.with_suffix(".partial")
    with full_disk_is_said(target):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            save_file(tensors, partial, {"reached": json.dumps(asdict(reached))})
            os.replace(partial, target)
        except SafetensorError as error:  # it has the system's error only in words
            partial.unlink(missing_ok=True)
            number = re.search(r"os error (\d+)", str(error))
            raise OSError(int(number.group(1)) if number else 0, str(error)) from error
        except OSError:
            partial.unlink(missing_ok=True)
            raise


def restore(folder: Path, network: torch.nn.Module, optimiser: torch.optim.Optimizer) -> Reached:
    """Load the newest readable checkpoint into network and optimiser; `Reached()` when there is none."""
    readable = [(path, _reached(path)) for path in (folder / slot for slot in _SLOTS) if path.is_file()]
    readable = [(path, reached) for path, reached in readable if reached is not None]
    if not readable:
        return Reached()
    path, reached = max(readable, key=lambda one: one[1].step)
    with safe_open(path, "pt") as stored, torch.no_grad():
        for name, parameter in _trained(network).items():
            parameter.copy_(stored.get_tensor(f"{_WEIGHT}:{name}"))
    optimiser.load_state_dict(optimiser.state_dict() | {"state": _moments(path, network, optimiser)})
    return reached


def _moments(path: Path, network: torch.nn.Module, optimiser: torch.optim.Optimizer) -> dict[int, dict]:
    """The optimiser's state as its state_dict numbers it: by the order of its parameters."""
    names = {parameter: name for name, parameter in _trained(network).items()}
    order = {names[p]: i for i, p in enumerate(p for group in optimiser.param_groups for p in group["params"])}
    state: dict[int, dict] = {}
    with safe_open(path, "pt") as stored:
        for key in stored.keys():  # noqa: SIM118 - not a mapping
            kind, _, name = key.partition(":")
            if kind != _WEIGHT:
                state.setdefault(order[name], {})[kind] = stored.get_tensor(key)
    return state


def _reached(path: Path) -> Reached | None:
    """What a slot holds; None, and said, when it is damaged (safetensors checks the header against the file's size)."""
    try:
        with safe_open(path, "pt") as stored:
            record = json.loads(stored.metadata()["reached"])
        return Reached(record["step"], record["tokens"], tuple(record["losses"]))
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        log.warning("checkpoint %s cannot be read, the other one is used: %s", path, error)
        return None


def _trained(network: torch.nn.Module) -> dict[str, torch.nn.Parameter]:
    return {name: p for name, p in network.named_parameters() if p.requires_grad}
