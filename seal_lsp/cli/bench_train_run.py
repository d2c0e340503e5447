"""One run of `bench train`: snippets from a cycle, every contender in a process of its own, the numbers side by side.

Nothing is taken over from an earlier run but the snippets: speed is measured anew.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from seal_lsp.cli.bench_train_child import Inputs
from seal_lsp.cli.bench_train_trl import CONTENDERS as TRL
from seal_lsp.cli.eval_machine import machine, versions
from seal_lsp.cli.eval_progress import Watch
from seal_lsp.cli.eval_setup import SHAPE_AN_ADAPTER, code_digest
from seal_lsp.core.errors import SealError, UsageError
from seal_lsp.core.learning import digest_of
from seal_lsp.store.disk import write_atomic

if TYPE_CHECKING:
    from seal_lsp.lm.registry import ModelFolder
    from seal_lsp.pipeline.cycle import Vetted
    from seal_lsp.store.paths import Paths

DEFAULT = ("passes", "trl-ours", "trl-defaults")
CONTENDERS = ("passes", *TRL)
_NO_TRL = "not run: trl is missing"


@dataclass(frozen=True)
class Options:
    """What the command line asked for."""

    report: Path
    library: str = ""
    sites: tuple[Path, ...] = ()
    python: Path | None = None
    cycle: Path | None = None
    contenders: tuple[str, ...] = DEFAULT
    every: int = 2000
    cap: float = 4.0
    overrides: Mapping[str, object] = field(default_factory=dict)
    seed: int = 0
    model: str = ""
    threads: int | None = None

    def command_line(self) -> str:
        words: list[object] = ["seal-lsp", "bench", "train"]
        for option, value in {
            "--lib": self.library, "--python": self.python, "--cycle": self.cycle, "--report": self.report,
            "--contenders": ",".join(self.contenders), "--every": self.every, "--cap": self.cap, "--model": self.model,
            "--seed": self.seed, "--threads": self.threads,
        }.items():  # fmt: skip
            words += [option, value] if value else []
        words += [word for site in self.sites for word in ("--site", site)]
        words += [w for key, value in self.overrides.items() for w in ("--set", f"{key}={json.dumps(value)}")]
        return shlex.join(map(str, words))


def chosen(words: str) -> tuple[str, ...]:
    """Raises UsageError for a contender that does not exist."""
    names = tuple(name.strip() for name in words.split(",") if name.strip() not in ("", "ours")) if words else DEFAULT
    unknown = [name for name in names if name not in CONTENDERS]
    if unknown:
        raise UsageError(f"no such contender: {', '.join(unknown)}", hint=f"there are ours, {', '.join(CONTENDERS)}")
    return names


def run(options: Options, watch: Watch) -> dict:
    """Raises UsageError, EnvironmentProblem, ModelError and NothingToLearn; a contender that fails is a failure row."""
    from seal_lsp.cli.private_home import private_home, weights_in

    paths = private_home(options.report / "home")
    base = weights_in(paths, options.model)
    vetted = _vetted(options, paths, base, watch)
    inputs = Inputs(
        model=base.id,
        snippets=[{"prompt": e.prompt, "completion": e.completion} for e in vetted.accepted],
        names=[[list(span) for span in item.names] for item in vetted.items],
        probes=[asdict(probe) for probe in vetted.probes],
        recipe=vetted.recipe.as_dict(),
        every=options.every,
        threads=options.threads,
    )
    records: dict[str, dict] = {}
    failures: list[str] = []
    if set(options.contenders) & set(TRL) and importlib.util.find_spec("trl") is None:
        failures.append("SFTTrainer was not run: trl is missing, pip install 'seal-lsp[bench]'")
    before = _contend("peak", inputs, options.report, paths, watch)
    ours = records["ours"] = _contend("ours", inputs, options.report, paths, watch)
    if ours["points"][-1]["score"] >= ours["untrained"]:
        failures.append("our training did not better the score: the times to reach it say nothing")
    inputs = replace(
        inputs, target=ours["points"][-1]["score"], cap_s=options.cap * ours["seconds"], steps=ours["steps"]
    )
    for name in options.contenders:
        if name in TRL and importlib.util.find_spec("trl") is None:
            records[name] = {"not_run": _NO_TRL}
            continue
        try:
            records[name] = _contend(name, inputs, options.report, paths, watch)
        except SealError as error:
            records[name] = {"not_run": error.message}
            failures.append(error.message)
    after = _contend("peak", inputs, options.report, paths, watch)
    found = {
        "command": options.command_line(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(watch.seconds, 1),
        "machine": machine(),
        "versions": versions("trl", "accelerate", "datasets"),
        "model": {"id": base.id, "digest": base.digest},
        "library": str(vetted.subject.library.id),
        "snippets": len(inputs.snippets),
        "probes": len(inputs.probes),
        "recipe": inputs.recipe,
        "every": options.every,
        "cap": options.cap,
        **limit_of(ours, before, after),
        "score": {"untrained": ours["untrained"], "ours": inputs.target},
        "contenders": {name: record | _reached(record, inputs.target) for name, record in records.items()},
        "failures": failures,
    }
    write_atomic(options.report / "bench_train.json", json.dumps(found, ensure_ascii=False, indent=1))
    return found


def limit_of(ours: Mapping, *peaks: Mapping) -> dict:
    """The machine's best rate, the limits that follow, and what share of them was reached. `limit` is that of this plan
    (train/cost.py); `simple` is LEARNING.md's, 4 flop a weight and token for the whole model."""
    products: dict[tuple, float] = {}
    for one in (product for peak in peaks for product in peak["products"]):
        shape = tuple(one["shape"])
        products[shape] = max(products.get(shape, 0.0), one["gflops"])
    best = max(products.values())
    cost, speed = ours["cost"], ours["tokens_per_second"]
    weights = cost["weights"]
    limits = {"limit": cost["flop_per_token"], "simple": 4 * (weights["layers"] + weights["head"])}
    return {
        "peak": {
            "gflops": best,
            "threads": peaks[0]["threads"],
            "dtype": peaks[0]["dtype"],
            "products": [{"shape": list(shape), "gflops": rate} for shape, rate in products.items()],
        },
        "cost": cost,
        **{
            name: {
                "flop_per_token": round(flop),
                "tokens_per_second": round(best * 1e9 / flop, 1),
                "reached": round(speed * flop / best / 1e9, 4),
            }
            for name, flop in limits.items()
        },
    }


def _reached(record: Mapping, target: float) -> dict:
    """When a contender's score was first as good as the one that ours has at its end; ours is asked the same."""
    for point in record.get("points", ()):
        if point["score"] <= target:
            return {"seconds_to_score": point["seconds"], "tokens_to_score": point["tokens"]}
    return {}


def _vetted(options: Options, paths: Paths, base: ModelFolder, watch: Watch) -> Vetted:
    """The snippets: those of a finished cycle, or of a library, prepared here as a cycle does."""
    from seal_lsp.client.wire import encode
    from seal_lsp.collect.package_index import fetch_sdist
    from seal_lsp.languages.registry import language_for
    from seal_lsp.pipeline import cycle, records
    from seal_lsp.store.api_index import ApiIndex
    from seal_lsp.store.ledger import Ledger

    if (options.cycle is None) == (not options.library):
        raise UsageError("snippets of what?", hint="give --cycle FOLDER, or --lib NAME with --site DIR or --python")

    def open_model():
        from seal_lsp.lm.load import load  # takes seconds to import: what is refused never waits for it

        return load(base, device="cpu", threads=options.threads)

    def no_training(*_: object, **__: object) -> dict:
        raise AssertionError("bench train prepares; its contenders train")

    tools = cycle.Tools(
        language=language_for("python"),
        open_model=open_model,
        fit=no_training,
        index=ApiIndex(paths.index),
        ledger=Ledger(paths.ledger),
        now=lambda: datetime.now(UTC).isoformat(timespec="seconds"),
        fetch_sdist=partial(fetch_sdist, folder=paths.sdists),
    )
    if options.cycle is not None:
        folder = options.cycle
        missing = [n for n in ("job", "evidence", "probes", "edits", "reviews") if not (folder / f"{n}.json").is_file()]
        if missing:
            raise UsageError(f"no finished cycle: {folder} has no {missing[0]}.json", hint="learn the library first")
        job = records.job_from(json.loads((folder / "job.json").read_text(encoding="utf-8")))
        job = replace(job, overrides=job.overrides | dict(options.overrides), force=True)
    else:
        job = _job(options, base)
        shaped_by = digest_of([asdict(job), base.digest, code_digest(*SHAPE_AN_ADAPTER)])
        folder = options.report / f"cycle-{shaped_by[:12]}"  # --cycle takes it again
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(folder / "job.json", encode(job))
    with watch.task("preparing snippets", 100) as step:
        return cycle.prepare(job, folder, tools, progress=lambda phase, fraction, text: step.to(fraction, text))


def _job(options: Options, base: ModelFolder):
    from seal_lsp.cli.vet_report import named
    from seal_lsp.core.learning import LearnJob
    from seal_lsp.core.library import environment_as_dict
    from seal_lsp.languages.python.support import Python

    places = [*options.sites, *([options.python] if options.python else [])]
    if not places:
        raise UsageError("where is the library installed?", hint="give --site DIR of a pip --target, or --python")
    for place in places:
        environment = Python().find_environment(Path.cwd(), setting=str(place.absolute()), variables={})
        for installed in Python().installed(environment):
            if named(options.library, installed):
                return LearnJob(
                    cycle="bench",
                    library=installed.id,
                    environment=environment_as_dict(environment),
                    roots=(),
                    reason="bench",
                    model=base.id,
                    seed=options.seed,
                    force=True,
                    overrides=dict(options.overrides),
                )
    raise UsageError(f"{options.library} is not installed in {', '.join(map(str, places))}", hint="install it there")


def _contend(name: str, inputs: Inputs, folder: Path, paths: Paths, watch: Watch) -> dict:
    """Run one contender; its record. Raises SealError with its last words."""
    from seal_lsp.engine.learner import SPIN

    write_atomic(folder / "inputs.json", json.dumps(asdict(inputs), ensure_ascii=False))
    result, log = folder / f"{name}.json", folder / f"{name}.log"
    result.unlink(missing_ok=True)
    watch.say(f"{name} begins" if name != "peak" else "measuring the machine's peak")
    environ = {"GOMP_SPINCOUNT": SPIN, **os.environ, "SEAL_HOME": str(paths.data.parent), "HF_HUB_OFFLINE": "1",
               "HF_HOME": str(folder / "hf"), "TOKENIZERS_PARALLELISM": "false"}  # fmt: skip
    began = time.monotonic()
    with log.open("wb") as lines:
        command = [sys.executable, "-m", "seal_lsp.cli.bench_train_child", str(folder), name]
        code = subprocess.run(command, stdout=lines, stderr=lines, env=environ, check=False).returncode
    if code or not result.is_file():
        words = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise SealError(f"{name} ended with {code}: {words[-1] if words else 'no word'}", hint=f"see {log}")
    watch.say(f"{name} took {time.monotonic() - began:.0f} s")
    return json.loads(result.read_text(encoding="utf-8"))
