"""A tiny model with a real tokenizer, made once a session; LoRA adapters with random weights for it."""

from __future__ import annotations

import hashlib
import os
from functools import partial
from pathlib import Path
from types import SimpleNamespace

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest

# Python code as it was once, never to be changed: all that the tiny model writes in these tests comes from it.
TEXT = Path(__file__).with_name("tiny_text.txt").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def text() -> str:
    return TEXT


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory):
    from seal_lsp.lm.tiny import make_tiny

    return make_tiny(tmp_path_factory.mktemp("models") / "tiny", TEXT, hidden=64)


@pytest.fixture(scope="session", params=["torch", "onnx"])
def open_tiny(request, tiny_folder):
    """open_tiny(...) -> the tiny model by each runtime, in float32: both must agree with a plain computation."""
    from seal_lsp.lm.load import load

    return partial(load, tiny_folder, device="cpu", runtime=request.param, precision="float32", threads=1)


@pytest.fixture(scope="session")
def shared_model(open_tiny):
    """Loaded once; tests that load adapters into it take `model`."""
    return open_tiny()


@pytest.fixture
def model(open_tiny):
    return open_tiny()


@pytest.fixture
def make_adapter(tiny_folder, tmp_path):
    """make_adapter(seed, targets=...) -> (folder, digest): LoRA with random A and B: it changes every answer."""

    def make(seed: int, *, targets=("gate_proj", "up_proj", "down_proj"), rank: int = 4) -> tuple[Path, str]:
        import torch
        from peft import LoraConfig, get_peft_model
        from transformers import AutoModelForCausalLM

        torch.manual_seed(seed)
        network = AutoModelForCausalLM.from_pretrained(tiny_folder.path)
        adapted = get_peft_model(network, LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=list(targets)))
        for name, parameter in adapted.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(parameter, std=0.5)
        folder = tmp_path / f"adapter-{seed}-{len(targets)}-{rank}"
        adapted.save_pretrained(folder)
        return folder, hashlib.sha256((folder / "adapter_model.safetensors").read_bytes()).hexdigest()

    return make


@pytest.fixture
def registry(tmp_path):
    from seal_lsp.lm.registry import ModelRegistry

    return ModelRegistry(SimpleNamespace(models=tmp_path / "models"))
