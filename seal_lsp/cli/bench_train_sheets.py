"""bench_train.json as sheets, for the terminal and as Markdown. Computes nothing but ratios."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from seal_lsp.cli.bench_sheets import write_bench
from seal_lsp.cli.eval_sheets import Sheet

NAMES = {
    "ours": "seal-lsp",
    "trl-ours": "SFTTrainer, our hyperparameters",
    "trl-defaults": "SFTTrainer, PEFT's and TRL's defaults",
    "trl-defaults-2e-4": "the same at the rate 2e-4 that TRL's guide gives LoRA",
}


def bench_sheets(found: Mapping) -> list[Sheet]:
    return [_machine(found), _contenders(found), *_passes(found)]


def write_markdown(found: Mapping, folder: Path) -> Path:
    """FOLDER/bench_train.md"""
    facts = [
        ("data", f"{found['library']}: {found['snippets']} vetted self-edits, {found['probes']} held-out places"),
        ("recipe", str(found["recipe"])),
    ]
    return write_bench("train", found, folder, facts, bench_sheets(found))


def _machine(found: Mapping) -> Sheet:
    peak, ours, cost = found["peak"], found["contenders"]["ours"], found["cost"]
    products = ", ".join(f"{'x'.join(map(str, one['shape']))}: {one['gflops']:.0f}" for one in peak["products"])
    rows = [
        (
            "training",
            f"{ours['tokens_per_second']:.1f} tokens/s",
            f"{ours['tokens']} tokens, {ours['seconds']:.1f} s",
        ),
        ("peak memory", f"{ours['peak_rss_mb']} MB", "of the training process, the model included"),
        (
            "peak of a product",
            f"{peak['gflops']:.1f} Gflop/s",
            f"{peak['dtype']}, {peak['threads']} threads; {products}",
        ),
    ]
    for name, words in {"limit": "this plan's cost", "simple": "4 flop a weight"}.items():
        one = found[name]
        flop = f"{one['flop_per_token'] / 1e6:.0f} Mflop a token"
        rows.append((f"limit, {words}", f"{one['tokens_per_second']:.1f} tokens/s", flop))
        rows.append(("share reached", f"{100 * one['reached']:.1f} %", ""))
    weights = ", ".join(f"{name} {number / 1e6:.1f} M" for name, number in cost["weights"].items())
    note = (
        f"Weights: {weights}; {100 * cost['loss_share']:.0f} % of the tokens have a loss,"
        f" {100 * cost['replay_share']:.0f} % are replay with a teacher's pass."
        " Attention, norms and the optimiser are not in the cost."
    )
    return Sheet("Training and the machine's limit", ("what", "value", "of that"), tuple(rows), note)


def _contenders(found: Mapping) -> Sheet:
    ours = found["contenders"]["ours"]
    rows = []
    for name, one in found["contenders"].items():
        if name == "passes":
            continue
        if "not_run" in one:
            rows.append((NAMES[name], *[""] * 6, one["not_run"]))
            continue
        last = one["points"][-1]
        to_score = one.get("seconds_to_score")
        numbers = (one["tokens"], one["steps"], f"{one['seconds']:.0f}", f"{one['tokens_per_second']:.1f}")
        if to_score is None:
            verdict = f"not reached after {one['seconds']:.0f} s, ended at {last['score']:.3f}"
        else:
            times = to_score / ours["seconds_to_score"]
            verdict = f"{to_score:.0f} s" + ("" if name == "ours" else f", {times:.2f} times ours")
        rows.append((NAMES[name], *map(str, numbers), str(one["peak_rss_mb"]), f"{last['score']:.3f}", verdict))
    score = found["score"]
    note = (
        f"Score: mean bits/byte of the gold names at {found['probes']} held-out places, smaller is better; untrained"
        f" {score['untrained']:.3f}. The score to reach is ours at its end, {score['ours']:.3f}; asked every"
        f" {found['every']} tokens, the clock stopped; a contender gives up after {found['cap']:g} times our seconds."
    )
    columns = ("contender", "tokens", "steps", "seconds", "tokens/s", "peak MB", "score at end", "time to our score")
    return Sheet("To the same probe score", columns, tuple(rows), note)


def _passes(found: Mapping) -> list[Sheet]:
    one = found["contenders"].get("passes")
    if one is None or "not_run" in one:
        return []
    speed = one["tokens_per_second"]
    rows = (
        ("PEFT's and torch's own", f"{speed['plain']:.1f}", ""),
        ("ours (train/fused.py)", f"{speed['ours']:.1f}", f"{100 * (speed['ours'] / speed['plain'] - 1):+.1f} %"),
    )
    note = f"Both in turn on each of {one['steps']} steps, {one['tokens']} tokens, in one process."
    return [Sheet("Forward and backward", ("passes", "tokens/s", "change"), rows, note)]
