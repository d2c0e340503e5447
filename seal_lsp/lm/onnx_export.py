"""The graph of a pulled model, written once and kept beside the weights that it was made from."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import torch
from filelock import FileLock
from safetensors.torch import load_file
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

from seal_lsp.lm.files import full_disk_is_a_model_error
from seal_lsp.lm.onnx_graph import write_graph
from seal_lsp.lm.registry import ModelFolder

_FORMAT = 1  # goes up with every change of what is written
_GRAPH = "decoder.onnx"


def exported(folder: ModelFolder, config, precision: str, *, anew: bool = False) -> Path:
    """The graph's file. Takes seconds the first time, and with `anew`, where the one that is there does not load;
    several processes may ask at once. Raises ModelError when the disk is full."""
    root = folder.path.parent / ".onnx"
    target = root / f"{folder.digest[:16]}-{precision}-{_FORMAT}"
    with full_disk_is_a_model_error(root):
        root.mkdir(exist_ok=True)
        with FileLock(root / ".lock"):
            if anew:
                shutil.rmtree(target, ignore_errors=True)
            if not target.is_dir():
                partial = root / f".partial-{os.getpid()}"
                partial.mkdir()
                try:
                    _write(folder.path, config, partial / _GRAPH, precision)
                    os.replace(partial, target)
                finally:
                    shutil.rmtree(partial, ignore_errors=True)
    return target / _GRAPH


def _write(weights: Path, config, path: Path, precision: str) -> None:
    tensors = {}
    for file in sorted(weights.glob("*.safetensors")):
        tensors |= {name: tensor.float().numpy() for name, tensor in load_file(file).items()}
    cosines, sines = LlamaRotaryEmbedding(config)(torch.zeros(1), torch.arange(config.max_position_embeddings)[None])
    half = cosines.shape[-1] // 2  # the other half repeats it
    write_graph(tensors, config, (cosines[0, :, :half].numpy(), sines[0, :, :half].numpy()), path, precision)
