"""Which model architectures are supported, and what their linear layers are called.

An allow-list: an architecture is here when its attention is plain causal self-attention with a growing KV cache, so
that caches can be cut and shared, and when its LoRA targets are known. Knows nothing about weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from seal_lsp.core.errors import ModelError


@dataclass(frozen=True, slots=True)
class Architecture:
    """Module names that LoRA may adapt, as PEFT's `target_modules` takes them."""

    mlp: tuple[str, ...]
    attention: tuple[str, ...]

    @property
    def linear(self) -> tuple[str, ...]:
        return self.attention + self.mlp


_GATED = Architecture(("gate_proj", "up_proj", "down_proj"), ("q_proj", "k_proj", "v_proj", "o_proj"))

# transformers' model_type -> names. Mixed local/global attention (gemma3), experts and state-space models are not here.
ARCHITECTURES: Mapping[str, Architecture] = {
    "llama": _GATED,
    "mistral": _GATED,
    "qwen2": _GATED,
    "qwen3": _GATED,
    "gemma": _GATED,
    "gemma2": _GATED,
    "granite": _GATED,
    "smollm3": _GATED,
    "olmo2": _GATED,
    "starcoder2": Architecture(("c_fc", "c_proj"), _GATED.attention),
    "phi3": Architecture(("gate_up_proj", "down_proj"), ("qkv_proj", "o_proj")),
}


def architecture_of(model_type: str) -> Architecture:
    """Raises ModelError for an architecture that is not supported."""
    found = ARCHITECTURES.get(model_type)
    if found is None:
        raise ModelError(
            f"architecture {model_type or 'unknown'!r} is not supported",
            hint="take a model of one of: " + ", ".join(sorted(ARCHITECTURES)),
        )
    return found
