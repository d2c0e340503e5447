"""A model folder becomes a LanguageModel on the best device here. The only place that decides device and dtype."""

from __future__ import annotations

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from seal_lsp.core.errors import ModelError
from seal_lsp.core.lm import ModelInfo
from seal_lsp.lm.architectures import architecture_of
from seal_lsp.lm.convert import quiet_transformers
from seal_lsp.lm.registry import ModelFolder
from seal_lsp.lm.torch_model import TorchLanguageModel


def load(
    folder: ModelFolder,
    *,
    device: str = "auto",
    threads: int | None = None,
    anchored: bool = False,
    prefixes: int = 4,
) -> TorchLanguageModel:
    """CUDA in bfloat16 when there is one, else the CPU in float32. `anchored` (for serving editors) and
    `prefixes`: see TorchLanguageModel. Raises ModelError when the folder is not usable."""
    architecture_of(folder.architecture)
    if threads:
        torch.set_num_threads(threads)
    place = _device(device)
    dtype = torch.bfloat16 if place.type == "cuda" else torch.float32
    try:
        with quiet_transformers():
            config = AutoConfig.from_pretrained(folder.path, local_files_only=True)
            tokenizer = AutoTokenizer.from_pretrained(folder.path, local_files_only=True)
            network = AutoModelForCausalLM.from_pretrained(
                folder.path, config=config, dtype=dtype, local_files_only=True, use_safetensors=True
            ).to(place)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ModelError(
            f"model in {folder.path} does not load: {error}",
            hint=f"remove the folder, then: seal-lsp model pull {folder.spec or folder.id}",
        ) from error
    if not tokenizer.is_fast:
        raise ModelError(f"{folder.id} has no fast tokenizer", hint="take a model with a tokenizer.json")
    info = _info(folder, config, tokenizer, place, dtype)
    return TorchLanguageModel(network, tokenizer, info, anchored=anchored, prefixes=prefixes)


def _info(folder: ModelFolder, config, tokenizer, place: torch.device, dtype: torch.dtype) -> ModelInfo:
    # Beyond a sliding window the packed ranking pass would attend to more than the model was trained for.
    window = getattr(config, "sliding_window", None) or config.max_position_embeddings
    return ModelInfo(
        id=folder.id,
        digest=folder.digest,
        parameters=folder.parameters,
        context=min(config.max_position_embeddings, window),
        runtime=f"torch {torch.__version__} {str(dtype).removeprefix('torch.')}",
        device=torch.cuda.get_device_name(place) if place.type == "cuda" else "cpu",
    )


def _device(wanted: str) -> torch.device:
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        place = torch.device(wanted)
    except RuntimeError as error:
        raise ModelError(f"no device {wanted!r}", hint="auto, cpu or cuda") from error
    if place.type == "cuda" and not torch.cuda.is_available():
        raise ModelError("there is no CUDA device here", hint="set the model's device to auto or cpu")
    return place
