"""Rehearsal: what the base itself writes about packages that everybody uses, to be replayed while it learns another.

Self-synthesised rehearsal (Huang et al. 2024, 2403.01244): the standard library's sources keep the base's code, these
keep what it knows of code like a user's: without them an adapter forgets that `yaml` has a `safe_load`
(tests/eval/LOG.md). Sampled once for each base model and kept on disk. Knows a network and a tokenizer.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import torch

from seal_lsp.core.learning import digest_of
from seal_lsp.store.disk import write_atomic
from seal_lsp.train.packing import Tokenizer

PACKAGES = (
    "os", "sys", "json", "re", "time", "datetime", "random", "math", "pathlib", "subprocess", "logging", "tempfile",
    "hashlib", "socket", "threading", "asyncio", "collections", "itertools", "numpy as np", "pandas as pd",
    "matplotlib.pyplot as plt", "requests", "yaml", "flask", "django", "sqlite3", "torch", "sklearn", "click", "pytest",
    "jinja2", "sqlalchemy",
)  # fmt: skip
HEADS = tuple(f"import {package}\n\n" + ("\ndef" if at % 2 else "") for at, package in enumerate(PACKAGES))
_TOKENS = 96  # written after each head
_SAMPLING = {"do_sample": True, "temperature": 0.9, "top_p": 0.95, "top_k": 0}


def rehearsal_texts(network: torch.nn.Module, tokenizer: Tokenizer, base: str, folder: Path) -> list[str]:
    """One text for each of HEADS, from `folder` when the base with that digest wrote them before."""
    kept = folder / f"{digest_of([base, HEADS, _TOKENS, _SAMPLING])[:16]}.json"
    with contextlib.suppress(OSError, ValueError):  # not there, or damaged: they are written again
        return json.loads(kept.read_text(encoding="utf-8"))
    texts = _sample(network, tokenizer, HEADS)
    write_atomic(kept, json.dumps(texts, ensure_ascii=False))
    return texts


def _sample(network: torch.nn.Module, tokenizer: Tokenizer, heads: tuple[str, ...]) -> list[str]:
    """Each head with what the network writes after it; the same words every time on the same machine."""
    end = tokenizer.eos_token_id
    rows = [[end, *tokenizer(head, add_special_tokens=False)["input_ids"]] for head in heads]
    longest = max(map(len, rows))
    device = network.device
    tokens = torch.tensor([[end] * (longest - len(row)) + row for row in rows], device=device)
    mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows], device=device)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []), torch.no_grad():
        torch.manual_seed(0)
        # Of a slice torch's bfloat16 product on the CPU copies the head for every row: 1.7 GB.
        whole = network.get_output_embeddings().register_forward_pre_hook(lambda _, given: (given[0].contiguous(),))
        try:
            written = network.generate(
                input_ids=tokens, attention_mask=mask, max_new_tokens=_TOKENS, pad_token_id=end, **_SAMPLING
            )
        finally:
            whole.remove()
    return [tokenizer.decode(row, skip_special_tokens=True) for row in written]
