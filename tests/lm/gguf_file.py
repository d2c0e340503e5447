"""Writes a real GGUF file of a tiny Llama, quantised as the default model's is (Q4_1 matrices, Q8_0 embeddings, F32
norms), with a byte-level BPE tokenizer: for tests of reading one."""

from __future__ import annotations

import json
from pathlib import Path

import gguf
import numpy as np


def write_gguf(path: Path, tokenizer_json: Path, *, architecture: str = "llama", seed: int = 0) -> None:
    model = json.loads(tokenizer_json.read_text(encoding="utf-8"))
    vocabulary = sorted(model["model"]["vocab"], key=model["model"]["vocab"].get)
    special = {t["content"] for t in model["added_tokens"] if t["special"]}
    heads, kv_heads, width, mlp, layers = 4, 2, 32, 64, 2
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_context_length(256)
    writer.add_embedding_length(width)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(mlp)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10_000.0)
    writer.add_vocab_size(len(vocabulary))
    writer.add_license("CC0-1.0")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(vocabulary)
    writer.add_token_types([3 if t in special else 1 for t in vocabulary])
    writer.add_token_merges([" ".join(m) for m in model["model"]["merges"]])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(0)
    writer.add_add_bos_token(False)
    random = np.random.default_rng(seed)

    def add(name: str, *shape: int, scale: float = 0.3) -> None:
        values = (random.normal(0, scale, shape) if len(shape) > 1 else np.ones(shape)).astype(np.float32)
        if len(shape) == 1:
            writer.add_tensor(name, values)
            return
        kind = gguf.GGMLQuantizationType.Q8_0 if name.startswith("token") else gguf.GGMLQuantizationType.Q4_1
        writer.add_tensor(name, gguf.quantize(values, kind), raw_dtype=kind)

    add("token_embd.weight", len(vocabulary), width)
    add("output_norm.weight", width)
    for i in range(layers):
        add(f"blk.{i}.attn_norm.weight", width)
        add(f"blk.{i}.ffn_norm.weight", width)
        add(f"blk.{i}.attn_q.weight", width, width)
        add(f"blk.{i}.attn_k.weight", width * kv_heads // heads, width)
        add(f"blk.{i}.attn_v.weight", width * kv_heads // heads, width)
        add(f"blk.{i}.attn_output.weight", width, width)
        add(f"blk.{i}.ffn_gate.weight", mlp, width)
        add(f"blk.{i}.ffn_up.weight", mlp, width)
        add(f"blk.{i}.ffn_down.weight", width, mlp)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
