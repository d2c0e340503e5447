"""One contender of `bench train` in a process of its own: `python -m seal_lsp.cli.bench_train_child FOLDER NAME`.

Reads FOLDER/inputs.json, trains, and leaves FOLDER/NAME.json: tokens, seconds, peak memory, and the probe score at
fixed token intervals. Asking the probes stops the clock. Every contender is timed and asked by the same code.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from seal_lsp.core.learning import Case
from seal_lsp.pipeline.records import case_from
from seal_lsp.store.disk import write_atomic

if TYPE_CHECKING:
    from seal_lsp.lm.local_model import LocalLanguageModel
    from seal_lsp.train.packing import Item
    from seal_lsp.train.recipe import Recipe

SQUARE = (1024, 1024, 1024)
_PASSES = 10


@dataclass(frozen=True)
class Inputs:
    """What all contenders are given. `target` and `cap_s` are what ours reached, and when a contender gives up."""

    model: str
    snippets: list[dict]
    names: list[list[list[int]]]
    probes: list[dict]
    recipe: dict
    every: int
    threads: int | None = None
    target: float = 0.0
    cap_s: float = 0.0
    steps: int = 0

    def cases(self) -> list[Case]:
        return [case_from(probe) for probe in self.probes]

    def the_recipe(self) -> Recipe:
        from seal_lsp.train.recipe import Recipe

        return Recipe(**(self.recipe | {"targets": tuple(self.recipe["targets"])}))

    def items(self) -> list[Item]:
        from seal_lsp.train.packing import Item

        return [
            Item(one["prompt"] + one["completion"], len(one["prompt"]), tuple(map(tuple, names)))
            for one, names in zip(self.snippets, self.names, strict=True)
        ]


class Stopwatch:
    """Time and tokens of a training, and its score every `every` tokens: `ask` answers while the clock stands."""

    def __init__(self, ask: Callable[[], float], every: int) -> None:
        self._ask, self._every = ask, every
        self._due = every
        self._since = 0.0
        self.seconds = 0.0
        self.tokens = 0
        self.steps = 0
        self.peak_rss_mb = 0
        self.points: list[dict] = []

    def start(self) -> None:
        self._since = time.perf_counter()

    def step(self, tokens: int, *, last: bool = False) -> float | None:
        """A step is done that trained so many tokens; the score where it was due."""
        now = time.perf_counter()
        self.seconds += now - self._since
        self.tokens += tokens
        self.steps += 1
        score = None
        if last or self.tokens >= self._due:
            self._due = self.tokens + self._every
            self.peak_rss_mb = self.peak_rss_mb or _peak()  # asking needs memory that training does not
            score = self._ask()
            self.points.append({"tokens": self.tokens, "seconds": round(self.seconds, 2), "score": round(score, 4)})
        self._since = time.perf_counter()
        return score

    def record(self, **more: object) -> dict:
        return {
            "tokens": self.tokens,
            "steps": self.steps,
            "seconds": round(self.seconds, 2),
            "tokens_per_second": round(self.tokens / self.seconds, 1) if self.seconds else 0.0,
            "peak_rss_mb": self.peak_rss_mb or _peak(),
            "points": self.points,
        } | more


def main(arguments: list[str]) -> int:
    folder, name = Path(arguments[0]), arguments[1]
    inputs = Inputs(**json.loads((folder / "inputs.json").read_text(encoding="utf-8")))
    began = time.perf_counter()
    record = {"peak": _peaks, "ours": _ours, "passes": _passes}.get(name, _trl)(inputs, folder, name)
    record["process_seconds"] = round(time.perf_counter() - began, 1)
    write_atomic(folder / f"{name}.json", json.dumps(record, ensure_ascii=False))
    return 0


def probe_score(model: LocalLanguageModel, cases: list[Case]) -> float:
    """Mean bits per byte of the gold names, as the gate asks; of the network as it is, whatever is attached to it."""
    from seal_lsp.gate.examine import name_bits

    training = model.network.training
    model.network.eval()
    score = fmean(name_bits(model, cases, None, None))
    model.network.train(training)
    return score


def open_base(inputs: Inputs, *, training: bool = True) -> LocalLanguageModel:
    """As ours is trained; without `training` as transformers loads it here, in float32."""
    from seal_lsp.cli.private_home import weights_in
    from seal_lsp.lm.load import load
    from seal_lsp.store.paths import Paths

    base = weights_in(Paths.default(), inputs.model)
    return load(base, device="cpu", threads=inputs.threads, training=training)


def _peaks(inputs: Inputs, _folder: Path, _name: str) -> dict:
    import torch

    from seal_lsp.measure.peak import product_peaks
    from seal_lsp.train import cost, lora

    model = open_base(inputs)
    recipe = inputs.the_recipe()
    shapes = cost.product_shapes(lora.attach(model.network, recipe), recipe.sequence)
    found = product_peaks([*shapes, SQUARE], model.network.dtype)
    rates = [{"shape": shape, "gflops": round(rate, 1)} for shape, rate in found.items()]
    dtype = str(model.network.dtype).removeprefix("torch.")
    return {"threads": torch.get_num_threads(), "dtype": dtype, "products": rates}


def _ours(inputs: Inputs, folder: Path, _name: str) -> dict:
    from seal_lsp.train import cost, loop

    model, network, batches, recipe = _planned(inputs)
    cases = inputs.cases()
    watch = Stopwatch(lambda: probe_score(model, cases), inputs.every)

    def report(step: int, steps: int, _loss: float) -> None:
        watch.step(sum(len(s.tokens) for s in batches[step - 1]), last=step == steps)

    watch.start()
    done = loop.train(network, batches, recipe, _fresh(folder / "checkpoints"), report=report)
    with network.disable_adapter():
        before = probe_score(model, cases)
    counted = cost.flop_of_plan(batches, cost.weights_of(network))
    return watch.record(losses=done.losses, untrained=round(before, 4), cost=counted, ended="whole recipe")


def _passes(inputs: Inputs, _folder: Path, _name: str) -> dict:
    """Forward and backward of the first steps, once the cheaper way and once PEFT's and torch's own, in turn."""
    from contextlib import nullcontext

    from seal_lsp.train import fused, loop

    _, network, batches, recipe = _planned(inputs)
    seconds = {"ours": 0.0, "plain": 0.0}
    for turn, batch in enumerate(batches[: _PASSES + 1]):
        for kind in seconds:
            with fused.fused(network) if kind == "ours" else nullcontext():
                began = time.perf_counter()
                loop.backward(network, batch, recipe, plain=kind == "plain")
                seconds[kind] += (time.perf_counter() - began) if turn else 0.0  # the first ones warm up
            network.zero_grad(set_to_none=True)
    tokens = sum(len(s.tokens) for batch in batches[1 : _PASSES + 1] for s in batch)
    return {
        "tokens": tokens,
        "steps": len(batches[1 : _PASSES + 1]),
        "tokens_per_second": {kind: round(tokens / spent, 1) for kind, spent in seconds.items() if spent},
    }


def _trl(inputs: Inputs, folder: Path, name: str) -> dict:
    from seal_lsp.cli.bench_train_trl import train

    return train(inputs, folder, name)


def _planned(inputs: Inputs) -> tuple:
    """(model, network, batches, recipe), as pipeline/fit.py makes them."""
    from seal_lsp.pipeline.fit import planned
    from seal_lsp.store.paths import Paths
    from seal_lsp.train import lora

    model, recipe = open_base(inputs), inputs.the_recipe()
    batches = planned(inputs.items(), recipe, model, Paths.default().rehearsals)
    return model, lora.attach(model.network, recipe), batches, recipe


def _fresh(folder: Path) -> Path:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)
    return folder


def _peak() -> int:
    from seal_lsp.train.loop import peak_rss_mb

    return peak_rss_mb()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
