"""A model folder becomes a LanguageModel on the best device here. Only this file decides runtime, device and dtype."""

from __future__ import annotations

import importlib.util
import logging

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from seal_lsp.core.errors import ModelError
from seal_lsp.core.lm import ModelInfo
from seal_lsp.lm.architectures import architecture_of
from seal_lsp.lm.convert import quiet_transformers
from seal_lsp.lm.kv import TorchKeysValues
from seal_lsp.lm.local_model import LocalLanguageModel
from seal_lsp.lm.lora import Adapters
from seal_lsp.lm.registry import ModelFolder

log = logging.getLogger(__name__)

RUNTIMES = ("auto", "torch", "onnx")
_BYTES = 2.5  # of GPU memory a parameter in bfloat16: the weights, and a quarter as much to work with


def load(
    folder: ModelFolder,
    *,
    device: str = "auto",
    runtime: str = "torch",
    threads: int | None = None,
    anchored: bool = False,
    prefixes: int = 4,
    precision: str = "int8",
    weights: str = "auto",
    training: bool = False,
) -> LocalLanguageModel:
    """torch: CUDA in bfloat16 when there is one, else the CPU in float32; its network can be trained. onnx: ONNX
    Runtime on the CPU, weights in `precision`. auto: onnx where it is the faster one and can be had, else torch.

    `weights` are torch's: full, 4bit (bitsandbytes' NF4 as in QLoRA, arXiv 2305.14314: LoRA is trained and served on
    it as on any other base), or auto: 4bit on a GPU that has no room for the full ones. `training`: torch's network is
    to be trained, and is in bfloat16 also on a CPU that has instructions for it (1.6 times as fast, tests/eval/LOG.md).
    `anchored` (for serving editors) and `prefixes`: see LocalLanguageModel; onnx then folds the adapter that is asked
    for into a copy of the weights (onnx_fold.py). Raises ModelError when the folder is not usable, or not with that
    runtime.
    """
    architecture_of(folder.architecture)
    place = _device(device)
    try:
        with quiet_transformers():
            config = AutoConfig.from_pretrained(folder.path, local_files_only=True)
            tokenizer = AutoTokenizer.from_pretrained(folder.path, local_files_only=True)
            chosen = _runtime("torch" if weights == "4bit" and runtime == "auto" else runtime, place, config)
            if chosen == "onnx":
                network, adapters, new_cache, words = _onnx(folder, config, threads, precision, anchored)
            else:
                half = place.type == "cuda" or (training and place.type == "cpu" and _multiplies_bfloat16())
                dtype = torch.bfloat16 if half else torch.float32
                network, adapters, new_cache, words = _torch(folder, config, place, threads, weights, dtype)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ModelError(
            f"model in {folder.path} does not load: {error}",
            hint=f"remove the folder, then: seal-lsp model pull {folder.spec or folder.id}",
        ) from error
    if not tokenizer.is_fast:
        raise ModelError(f"{folder.id} has no fast tokenizer", hint="take a model with a tokenizer.json")
    info = _info(folder, config, place, words)
    return LocalLanguageModel(network, adapters, new_cache, tokenizer, info, anchored=anchored, prefixes=prefixes)


def _torch(
    folder: ModelFolder, config, place: torch.device, threads: int | None, weights: str, dtype: torch.dtype
) -> tuple:
    if threads:
        torch.set_num_threads(threads)
    free = torch.cuda.mem_get_info(place)[0] if place.type == "cuda" else None
    four = four_bits(weights, folder.parameters, free)
    how = {"quantization_config": _nf4(dtype), "device_map": {"": place}} if four else {}
    network = AutoModelForCausalLM.from_pretrained(
        folder.path, config=config, dtype=dtype, local_files_only=True, use_safetensors=True, **how
    )
    if four:
        for module in network.modules():  # bitsandbytes' packing for some CPUs rounds the weights each time it is done
            if hasattr(module, "support_avx512bf16_for_cpu"):
                module.support_avx512bf16_for_cpu = False
    else:
        network = network.to(place)
    network.eval().requires_grad_(False)
    words = f"torch {torch.__version__} {'nf4, ' if four else ''}{str(dtype).removeprefix('torch.')}"
    return network, Adapters(network), TorchKeysValues, words


def four_bits(weights: str, parameters: int, free: int | None) -> bool:
    """Whether base weights are held in 4 bits. `free` are a GPU's free bytes, None on the CPU. Raises ModelError where
    they should be and bitsandbytes is missing."""
    if weights not in ("auto", "full", "4bit"):
        raise ModelError(f"no weights {weights!r}", hint="auto, full or 4bit")
    short = free is not None and parameters * _BYTES > free
    if weights == "full" or (weights == "auto" and not short):
        return False
    if importlib.util.find_spec("bitsandbytes") is None:
        why = f"the GPU has {free / 1e9:.1f} GB free: the weights fit only in 4 bits" if short else "4 bits asked for"
        raise ModelError(f"{why}, and bitsandbytes is not installed", hint="pip install 'seal-lsp[gpu]'")
    return True


def _multiplies_bfloat16() -> bool:
    """Whether the CPU has instructions for it (AVX-512 BF16, AMX), which torch does not say in public, and torch may
    use them: ATEN_CPU_CAPABILITY=avx2 makes a machine one of lesser instructions."""
    if not torch.backends.cpu.get_cpu_capability().startswith("AVX512"):
        return False
    known = (getattr(torch.cpu, f"_is_{name}_supported", None) for name in ("avx512_bf16", "amx_tile"))
    return any(ask is not None and ask() for ask in known)


def _nf4(dtype: torch.dtype):
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=dtype
    )


def _onnx(folder: ModelFolder, config, threads: int | None, precision: str, fold: bool) -> tuple:
    import onnxruntime

    from seal_lsp.lm.onnx_export import exported
    from seal_lsp.lm.onnx_fold import Folding
    from seal_lsp.lm.onnx_network import OnnxAdapters, OnnxNetwork

    try:
        generation = GenerationConfig.from_pretrained(folder.path, local_files_only=True)
    except OSError:  # no such file: the configuration says it
        generation = GenerationConfig.from_model_config(config)
    for anew in (False, True):
        path = exported(folder, config, precision, anew=anew)
        try:
            network = OnnxNetwork(path, config, generation, threads)
            break
        except Exception as error:  # ONNX Runtime's errors have no base of their own; the graph can be made again
            if anew:
                raise ModelError(
                    f"ONNX Runtime does not load {folder.id}: {error}", hint="set the model's runtime to torch"
                ) from error
            log.warning("the graph of %s does not load and is written again: %s", folder.id, error)
    unadapted = network.bare.how[1]
    folding = Folding(folder.path, network.shape, precision, network.session_with, unadapted) if fold else None
    words = f"onnxruntime {onnxruntime.__version__} {precision}"
    return network, OnnxAdapters(network, folding), network.new_cache, words


def _runtime(wanted: str, place: torch.device, config) -> str:
    """torch or onnx."""
    if wanted not in RUNTIMES:
        raise ModelError(f"no runtime {wanted!r}", hint=", ".join(RUNTIMES))
    if wanted == "torch" or (wanted == "auto" and place.type == "cuda"):
        return "torch"
    missing = [name for name in ("onnx", "onnxruntime") if importlib.util.find_spec(name) is None]
    if missing:
        reason, hint = f"not installed: {', '.join(missing)}", "pip install 'seal-lsp[cpu]'"
    else:
        from seal_lsp.lm.onnx_graph import unsupported

        reason, hint = unsupported(config), "set the model's runtime to auto or torch"
    if not reason and place.type == "cuda":
        reason, hint = "it runs on the CPU here", "set the model's device to cpu, or its runtime to torch"
    if reason and wanted == "onnx":
        raise ModelError(f"ONNX Runtime cannot run this model: {reason}", hint=hint)
    if reason:
        log.info("%s: torch runs the model", reason)
    return "torch" if reason else "onnx"


def _info(folder: ModelFolder, config, place: torch.device, runtime: str) -> ModelInfo:
    # Beyond a sliding window the packed ranking pass would attend to more than the model was trained for.
    window = getattr(config, "sliding_window", None) or config.max_position_embeddings
    return ModelInfo(
        id=folder.id,
        digest=folder.digest,
        parameters=folder.parameters,
        context=min(config.max_position_embeddings, window),
        runtime=runtime,
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
