"""One contender of `bench typing` in a process of its own: `python -m seal_lsp.cli.bench_typing_child FOLDER NAME`.

Reads FOLDER/inputs.json, writes FOLDER/NAME.json. `runtime` is the serving runtime by itself, without an editor;
`transformers` is plain transformers and PEFT, which read every prompt anew.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from seal_lsp.store.disk import write_atomic

_READS = 512  # megabytes, many times the caches
_TURNS = 5
_WARM = 8  # as many in a row as lm/onnx_fold.py waits for


@dataclass(frozen=True)
class Inputs:
    """`prompts` end at the cursor; `long` is read from nothing to see how fast that is. `adapter` is '' for none."""

    model: str
    adapter: str
    digest: str
    prompts: list[str]
    long: str
    tokens: int
    prompt_tokens: int
    threads: int | None = None


def main(arguments: list[str]) -> int:
    folder, name = Path(arguments[0]), arguments[1]
    inputs = Inputs(**json.loads((folder / "inputs.json").read_text(encoding="utf-8")))
    record = {"runtime": _runtime, "transformers": _transformers}[name](inputs)
    write_atomic(folder / f"{name}.json", json.dumps(record, ensure_ascii=False))
    return 0


def _runtime(inputs: Inputs) -> dict:
    """Prefill and decode of the serving runtime, what a key at the end of a long prompt costs, and the machine."""
    import torch

    from seal_lsp.measure.peak import product_peaks

    model = _open(inputs, "auto")
    adapter = inputs.digest or None
    read = 0
    forward = model.network.forward

    def counting(*given, **named):
        nonlocal read
        read += named["input_ids"].shape[1]
        return forward(*given, **named)

    model.network.forward = counting
    long, count = inputs.long, len(model.tokens.encode(inputs.long))
    for _ in range(_WARM):  # the first pass of a process is slow, and so are those before an adapter is folded
        model.generate(["x = 1\n"], max_tokens=2, adapter=adapter)
    model.settle()
    began = time.perf_counter()
    model.generate([long], max_tokens=1, adapter=adapter)
    prefill = time.perf_counter() - began
    read = 0
    began = time.perf_counter()
    model.generate([long + "a"], max_tokens=1, adapter=adapter)
    key = {"tokens_read": read, "ms": round(1000 * (time.perf_counter() - began), 1)}
    shares = []
    for tokens in (1, 1 + inputs.tokens):
        began = time.perf_counter()
        written = model.generate([long + "a"], max_tokens=tokens, adapter=adapter, stop=())[0]
        shares.append((time.perf_counter() - began, written.tokens))
    (short_s, short), (long_s, longer) = shares
    network = model.network
    parameters = model.info.parameters
    peak = product_peaks([(256, 576, 1536), (1024, 1024, 1024)])
    bandwidth = _bandwidth()
    size = parameters if "int8" in model.info.runtime else 4 * parameters
    config = network.config
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    kept = count * config.num_hidden_layers * 2 * config.num_key_value_heads * head * 4  # keys and values, float32
    return {
        "runtime": model.info.runtime,
        "threads": torch.get_num_threads() if hasattr(network, "modules") else inputs.threads,
        "prefill_tokens_per_second": round(count / prefill, 1),
        "ms_per_token": round(1000 * (long_s - short_s) / max(1, longer - short), 2),
        "key_after_long_prompt": key,
        "machine": {
            "gflops": round(max(peak.values()), 1),
            "gb_per_second": round(bandwidth, 1),
            "prefill_limit": round(max(peak.values()) * 1e9 / (2 * parameters), 1),
            "ms_per_token_limit": round(1000 * size / (bandwidth * 1e9), 2),
            "weight_bytes": size,
            "kept_bytes": kept,
        },
    }


def _transformers(inputs: Inputs) -> dict:
    """transformers.generate over the same windows, with the adapter by PEFT, nothing kept between two keys."""
    import torch

    model = _open(inputs, "torch")
    tokenizer, network = model.tokenizer, model.network
    if inputs.digest:
        from peft import PeftModel

        network = PeftModel.from_pretrained(network, inputs.adapter).eval()

    def write(prompt: str, tokens: int) -> str:
        ids = torch.tensor([model.tokens.window(prompt, inputs.prompt_tokens)])
        with torch.inference_mode():
            out = network.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=tokens,
                do_sample=False,
                stop_strings=["\n"],
                tokenizer=tokenizer,
                pad_token_id=tokenizer.eos_token_id,
            )
        return tokenizer.decode(out[0, ids.shape[1] :])

    write("x = 1\n", 2)
    answers = [_timed(lambda prompt=prompt: write(prompt, inputs.tokens)) for prompt in inputs.prompts]
    ids = torch.tensor([model.tokens.encode(inputs.long)])
    with torch.inference_mode():
        began = time.perf_counter()
        done = network(input_ids=ids, use_cache=True, logits_to_keep=1)
        prefill = time.perf_counter() - began
        token, cache = done.logits[:, -1].argmax(-1, keepdim=True), done.past_key_values
        began = time.perf_counter()
        for _ in range(inputs.tokens):
            done = network(input_ids=token, past_key_values=cache, use_cache=True)
            token = done.logits[:, -1].argmax(-1, keepdim=True)
        decode = time.perf_counter() - began
    return {
        "answers": answers,
        "prefill_tokens_per_second": round(ids.shape[1] / prefill, 1),
        "ms_per_token": round(1000 * decode / inputs.tokens, 2),
    }


def _open(inputs: Inputs, runtime: str):
    from seal_lsp.cli.private_home import weights_in
    from seal_lsp.lm.load import load
    from seal_lsp.store.paths import Paths

    base = weights_in(Paths.default(), inputs.model)
    model = load(base, device="cpu", runtime=runtime, threads=inputs.threads, anchored=True)
    if runtime != "torch" and inputs.digest:
        model.load_adapter(Path(inputs.adapter), inputs.digest)
    return model


def _timed(ask: Callable[[], str]) -> dict:
    began = time.perf_counter()
    text = ask()
    return {"ms": round(1000 * (time.perf_counter() - began), 1), "text": text}


def _bandwidth() -> float:
    """GB/s that this machine reads with all of torch's threads: the sum of a vector, best of some turns."""
    import torch

    values = torch.ones(_READS * 2**20 // 4)
    best = 0.0
    for _ in range(_TURNS):
        began = time.perf_counter()
        values.sum()
        best = max(best, values.numel() * 4 / (time.perf_counter() - began) / 1e9)
    return best


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
