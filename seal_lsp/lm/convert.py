"""A GGUF file becomes an ordinary model folder, once: dequantised float32 safetensors, config and tokenizer.

float32 because a Q4_1 weight is a float16 scale times 0..15 plus a float16 minimum: bfloat16's eight bits of mantissa
would round it. Knows nothing about where files come from or where they are kept.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from seal_lsp.core.errors import ModelError
from seal_lsp.core.progress import Progress, silent
from seal_lsp.lm.architectures import ARCHITECTURES, architecture_of

# GGUF pre-tokenizers that split digits one by one before the byte-level pattern. transformers only knows the pattern.
_SINGLE_DIGITS = {"smollm", "starcoder", "refact", "codeshell", "command-r"}

_TRUNCATED_HINT = "the file is incomplete or not a GGUF file; fetch it again"


@dataclass(frozen=True, slots=True)
class GgufFacts:
    """`architecture` as transformers calls it; `parameters` counted over all tensors; `float_bytes` as float32."""

    architecture: str
    parameters: int
    license: str
    name: str
    pre_tokenizer: str

    @property
    def float_bytes(self) -> int:
        return self.parameters * 4


def read_gguf(path: Path) -> GgufFacts:
    """Reads the header and checks that every tensor's bytes are there. Raises ModelError."""
    try:
        with path.open("rb") as stream:
            magic = stream.read(4)
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror}", hint="check the path and its permissions") from error
    if magic != b"GGUF":
        raise ModelError(f"{path.name} is not a GGUF file", hint=_TRUNCATED_HINT)
    from gguf import GGUFReader

    try:
        reader = GGUFReader(path)
        end = max((t.data_offset + t.n_bytes for t in reader.tensors), default=0)
        parameters = sum(int(t.n_elements) for t in reader.tensors)
        text = {k: _text(reader, k) for k in ("general.architecture", "general.license", "general.name")}
        pre = _text(reader, "tokenizer.ggml.pre")
    except Exception as error:  # the reader trusts the file: any exception type means that the file is broken
        raise ModelError(f"{path.name} is truncated or damaged: {error}", hint=_TRUNCATED_HINT) from error
    if not parameters or end > path.stat().st_size:
        raise ModelError(f"{path.name} is truncated: tensors end at {end}", hint=_TRUNCATED_HINT)
    architecture_of(text["general.architecture"])
    return GgufFacts(text["general.architecture"], parameters, text["general.license"], text["general.name"], pre)


def convert_gguf(gguf: Path, facts: GgufFacts, into: Path, progress: Progress = silent) -> None:
    """Writes config.json, model.safetensors and the tokenizer's files into `into`; `facts` are what read_gguf said."""
    progress("convert", 0.0, f"unpacking {gguf.name}")
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    with quiet_transformers(), torch.inference_mode(False), torch.no_grad():
        try:
            tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
            source = AutoModelForCausalLM.from_pretrained(
                gguf.parent, gguf_file=gguf.name, dtype=torch.float32, **_dequantize()
            )
        except (ValueError, KeyError, RuntimeError, NotImplementedError) as error:
            raise ModelError(
                f"{gguf.name} cannot be read: {error}",
                hint="take a model of one of: " + ", ".join(sorted(ARCHITECTURES)),
            ) from error
        progress("convert", 0.5, "writing safetensors")
        config = source.config
        if hasattr(config, "quantization_config"):
            del config.quantization_config
        # save_pretrained refuses a model that was read from GGUF, so its tensors move into one that was not.
        with torch.device("meta"):
            fresh = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
        fresh.load_state_dict(source.state_dict(), strict=True, assign=True)
        fresh.tie_weights()
        fresh.save_pretrained(into, max_shard_size="100GB")
        if facts.pre_tokenizer in _SINGLE_DIGITS:
            _split_digits(tokenizer)
        tokenizer.save_pretrained(into)
    progress("convert", 1.0, "converted")


def _dequantize() -> dict:
    try:
        from transformers import GgufConfig
    except ImportError:  # before transformers had it, GGUF was always dequantised
        return {}
    return {"quantization_config": GgufConfig(dequantize=True)}


def _split_digits(tokenizer) -> None:
    from tokenizers import pre_tokenizers as pre

    tokenizer.backend_tokenizer.pre_tokenizer = pre.Sequence(
        [pre.Digits(individual_digits=True), pre.ByteLevel(add_prefix_space=False, use_regex=True)]
    )


def _text(reader, key: str) -> str:
    field = reader.get_field(key)
    return str(field.contents()) if field is not None else ""


@contextlib.contextmanager
def quiet_transformers() -> Iterator[None]:
    """No progress bars on anybody's terminal, no advice, no look-ups: every path here is local."""
    os.environ.setdefault("TQDM_DISABLE", "1")  # the GGUF reader's bar listens to nothing else; read at tqdm's import
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
