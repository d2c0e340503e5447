"""LoRA adapters inside one network, by digest: verified when loaded, switched per request, scaled.

Only LoRA on linear layers is accepted: nothing else can be switched off exactly. Never merges into the base weights.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model_state_dict, set_peft_model_state_dict
from peft.tuners.lora import LoraLayer
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from torch import nn

from seal_lsp.core.errors import SealError, StoreDamaged

RELEARN = "forget the library and learn it again"


class Adapters:
    """The adapters of one torch network: local_model.SwitchedAdapters."""

    def __init__(self, network: nn.Module) -> None:
        self._network = network
        self._peft: PeftModel | None = None
        self._names: list[str] = []
        self._active: str | None = None
        self._scales: dict[str, float] = {}

    def names(self) -> tuple[str, ...]:
        return tuple(self._names)

    def load(self, folder: Path, digest: str) -> None:
        if digest in self._names:
            return
        config, tensors = read_adapter(folder, digest)
        with torch.inference_mode(False):
            try:
                if self._peft is None:
                    self._peft = PeftModel(self._network, config, adapter_name=digest)
                else:
                    self._peft.add_adapter(digest, config)
                self._names.append(digest)
                set_peft_model_state_dict(self._peft, tensors, adapter_name=digest)
                bound = get_peft_model_state_dict(self._peft, adapter_name=digest, save_embedding_layers=False)
                _check_bound(folder, tensors, bound)
            except SealError:
                self._discard(digest)
                raise
            except (RuntimeError, ValueError, KeyError, TypeError) as error:
                self._discard(digest)
                raise StoreDamaged(f"adapter in {folder} does not fit the model: {error}", hint=RELEARN) from error
        self._peft.eval().requires_grad_(False)
        self._active = digest
        self.activate(None)

    def unload(self, digest: str) -> None:
        self._require(digest)
        self._discard(digest)

    def activate(self, digest: str | None) -> None:
        """Run the network under this adapter, or bare."""
        if digest is not None:
            self._require(digest)
        if digest == self._active or self._peft is None:
            return
        if digest is None:
            self._peft.base_model.disable_adapter_layers()
        else:
            if self._active is None:
                self._peft.base_model.enable_adapter_layers()
            self._peft.base_model.set_adapter(digest, inference_mode=True)
        self._active = digest

    def set_scale(self, digest: str, scale: float) -> bool:
        """Multiply an adapter's update by `scale` instead of 1. True when that changes anything."""
        self._require(digest)
        if self._scales.get(digest, 1.0) == scale:
            return False
        for module in self._network.modules():
            if isinstance(module, LoraLayer):
                module.set_scale(digest, scale)
        self._scales[digest] = scale
        return True

    def settle(self) -> None:
        """Nothing is made ready beside the requests."""

    def _require(self, digest: str) -> None:
        if digest not in self._names:
            raise StoreDamaged(f"adapter {digest[:12]} is not loaded", hint="load it first; it may have been forgotten")

    def _discard(self, digest: str) -> None:
        self._scales.pop(digest, None)
        if digest in self._names:
            self._names.remove(digest)
        if self._peft is None:
            return
        if not self._names:
            self._peft.base_model.unload()  # puts the plain linear layers back
            self._peft, self._active = None, None
            return
        if self._active != self._names[0]:
            self.activate(self._names[0])  # peft must not be left with the deleted adapter as the active one
        if digest in self._peft.peft_config:
            self._peft.delete_adapter(digest)
        self.activate(None)


def read_adapter(folder: Path, digest: str) -> tuple[LoraConfig, dict[str, torch.Tensor]]:
    """(configuration, tensors) of a folder. Raises StoreDamaged unless it is plain LoRA with that digest."""
    weights = folder / "adapter_model.safetensors"
    try:
        data = weights.read_bytes()  # hashed and parsed from the same bytes
        config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreDamaged(f"adapter in {folder} cannot be read: {error}", hint=RELEARN) from error
    found = hashlib.sha256(data).hexdigest()
    if found != digest:
        raise StoreDamaged(f"adapter in {folder} is {found[:12]}, not {digest[:12]}", hint=RELEARN)
    odd = [
        k
        for k in ("modules_to_save", "use_dora", "lora_bias", "layer_replication", "target_parameters")
        if config.get(k)
    ]
    if config.get("peft_type") != "LORA" or config.get("bias", "none") != "none" or odd:
        raise StoreDamaged(f"adapter in {folder} is not plain LoRA", hint=RELEARN)
    # Some initialisations (PiSSA, EVA, OLoRA) change the base weights; the tensors are loaded right after anyway.
    config["init_lora_weights"] = True
    config["inference_mode"] = True
    try:
        return LoraConfig.from_peft_type(**config), load_tensors(data)
    except (SafetensorError, TypeError, ValueError, KeyError) as error:
        raise StoreDamaged(f"adapter in {folder} is damaged: {error}", hint=RELEARN) from error


def _check_bound(folder: Path, wanted: dict[str, torch.Tensor], bound: dict[str, torch.Tensor]) -> None:
    """Every tensor of the file is in the network, and the network has no other of this adapter."""
    stray = sorted(wanted.keys() ^ bound.keys())
    if not wanted or stray:
        raise StoreDamaged(
            f"adapter in {folder} does not bind: {len(stray)} tensors, such as {stray[:1]}", hint=RELEARN
        )
    for name, tensor in wanted.items():
        if tensor.shape != bound[name].shape or not torch.equal(tensor.float(), bound[name].float().cpu()):
            raise StoreDamaged(f"adapter in {folder} does not bind: {name}", hint=RELEARN)
