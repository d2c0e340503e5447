"""Attach a LoRA adapter with PEFT, and write it as the folder that every PEFT runtime reads."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model

from seal_lsp.train.recipe import Recipe

WEIGHTS = "adapter_model.safetensors"


def attach(network: torch.nn.Module, recipe: Recipe) -> PeftModel:
    """The base with fresh LoRA weights, the only ones trained, in fp32 (A random by seed, B zero: Hu et al. 2021)."""
    torch.manual_seed(recipe.seed)
    layers = list(range(recipe.lowest_layer, network.config.num_hidden_layers)) if recipe.lowest_layer else None
    config = LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=0.0,
        target_modules=list(recipe.targets),
        layers_to_transform=layers,
        bias="none",
        task_type="CAUSAL_LM",
    )
    model = get_peft_model(network, config)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()
    return model.train()


def save(model: PeftModel, folder: Path, base_id: str) -> str:
    """Write adapter_config.json and adapter_model.safetensors; returns the sha256 of the weights: the digest."""
    for config in model.peft_config.values():
        config.base_model_name_or_path = base_id
        config.target_modules = sorted(config.target_modules)
    # False: the base has its own embeddings, and looking that up would ask a hub
    model.save_pretrained(str(folder), save_embedding_layers=False)
    (folder / "README.md").unlink(missing_ok=True)
    return hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
