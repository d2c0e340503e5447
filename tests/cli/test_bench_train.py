"""`bench train` for real on a tiny model: contenders in processes of their own, the report, and what it refuses."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys

import orchard
import pytest

from seal_lsp.cli.bench_train_run import limit_of
from seal_lsp.lm.load import load
from seal_lsp.lm.tiny import make_tiny
from seal_lsp.store.paths import Paths
from seal_lsp.train import cost, lora
from seal_lsp.train.packing import Sequence_
from seal_lsp.train.recipe import recipe_with

pytestmark = pytest.mark.timeout(1800)  # a dozen processes that import torch

QUICK = {"tokens": 1500, "step_tokens": 128, "sequence": 64, "rank": 4, "alpha": 8, "learning_rate": 0.02}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Variables of a user whose only model is a tiny one, and an environment with the library."""
    root = tmp_path_factory.mktemp("bench")
    environ = {"SEAL_HOME": str(root / "user"), "OMP_NUM_THREADS": "1"}
    make_tiny(Paths.default(environ).models / "tiny", orchard.source() + orchard.readme())
    orchard.install(root / "env")
    return root, environ


def bench(home, *words: object) -> subprocess.CompletedProcess[str]:
    root, environ = home
    command = [sys.executable, "-m", "seal_lsp.cli.entry", "bench", "train", *map(str, words)]
    environ = {**os.environ, **environ}
    return subprocess.run(command, capture_output=True, text=True, timeout=900, check=False, env=environ, cwd=root)


def quick(home) -> list[str]:
    settings = [word for key, value in QUICK.items() for word in ("--set", f"{key}={value}")]
    return ["--lib", "orchard-tools", "--python", str(home[0] / "env"), *settings, "--every", "400", "--cap", "3"]


@pytest.fixture(scope="module")
def measured(home):
    done = bench(home, *quick(home), "--report", "report", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_ours_has_speed_memory_limit_and_score(home, measured):
    root, _ = home
    assert json.loads((root / "report" / "bench_train.json").read_text()) == measured
    ours = measured["contenders"]["ours"]
    assert ours["tokens"] > 1000
    assert ours["steps"] == len(ours["losses"])
    assert ours["peak_rss_mb"] > 100
    assert ours["points"][-1] == ours["points"][-1] | {"tokens": ours["tokens"], "score": measured["score"]["ours"]}
    worse = measured["score"]["ours"] >= measured["score"]["untrained"]
    assert worse == any("did not better the score" in said for said in measured["failures"])
    assert measured["score"]["ours"] != measured["score"]["untrained"], "the adapter was not asked"
    assert ours["seconds_to_score"] <= ours["seconds"]
    assert measured["limit"]["reached"] == pytest.approx(
        ours["tokens_per_second"] / measured["limit"]["tokens_per_second"],
        rel=0.01,
        abs=1e-4,  # rounded to so much
    )
    assert set(measured["contenders"]["passes"]["tokens_per_second"]) == {"ours", "plain"}
    text = (root / "report" / "bench_train.md").read_text()
    assert "To the same probe score" in text
    assert f"`{measured['command']}`" in text


@pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="trl is not installed (extra `bench`)")
@pytest.mark.parametrize("name", ["trl-ours", "trl-defaults"])
def test_the_trainer_of_trl_is_asked_the_same_and_stops(measured, name):
    found = measured["contenders"][name]
    assert "not_run" not in found, found
    assert found["tokens"] == found["points"][-1]["tokens"]
    assert found["ended"] in ("reached the score", "reached the cap")
    reached = found["points"][-1]["score"] <= measured["score"]["ours"]
    assert reached == (found["ended"] == "reached the score") == ("seconds_to_score" in found)
    if not reached:
        assert found["seconds"] > 3 * measured["contenders"]["ours"]["seconds"]
    assert found["settings"]["lora"].get("r") == (4 if name == "trl-ours" else None)


def test_a_cycles_folder_gives_the_same_snippets_and_without_trl_it_is_said(home, measured, tmp_path):
    root, environ = home
    (tmp_path / "sitecustomize.py").write_text(
        'import sys\n\nsys.modules["trl"] = None  # as if it were not installed\n'
    )
    (cycle,) = (root / "report").glob("cycle-*")
    done = bench(
        (root, environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}),
        "--cycle", cycle, "--every", "2000", "--contenders", "trl-defaults",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "not run: trl is missing" in done.stdout
    assert "pip install 'seal-lsp[bench]'" in done.stderr
    assert "Training and the machine's limit" in done.stdout
    assert f"untrained {measured['score']['untrained']:.3f}" in done.stdout, "the same places are asked"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "snippets of what?"),
        (["--lib", "orchard-tools"], "where is the library installed?"),
        (["--lib", "nothing", "--python", "env"], "nothing is not installed in env"),
        (["--cycle", "env"], "no finished cycle: env has no job.json"),
        (["--lib", "x", "--contenders", "unsloth"], "no such contender: unsloth"),
    ],
)
def test_what_it_refuses(home, words, said):
    done = bench(home, *words)
    assert done.returncode == 2
    assert said in done.stderr


def test_the_cost_counts_every_weight_once(home):
    model = load(make_tiny(home[0] / "models" / "tiny", orchard.source()), device="cpu", threads=1)
    config = model.network.config
    hidden, inner = config.hidden_size, config.intermediate_size
    network = lora.attach(model.network, recipe_with(QUICK, 0))
    weights = cost.weights_of(network)
    keys = hidden // config.num_attention_heads * config.num_key_value_heads
    assert weights.layers == config.num_hidden_layers * (2 * hidden * hidden + 2 * hidden * keys + 3 * hidden * inner)
    assert weights.lora == sum(p.numel() for p in network.parameters() if p.requires_grad)
    assert weights.head == hidden * config.vocab_size
    learn = Sequence_((1,) * 10, (0.0,) * 6 + (1.0,) * 4, "learn")
    replay = Sequence_((1,) * 5, (0.0,) + (1.0,) * 4, "replay")
    counted = cost.flop_of_plan([[learn, replay], [learn]], weights)
    student = 4 * weights.layers + 6 * weights.lora
    assert counted["tokens"] == 25
    assert counted["flop"] == (25 * student + 12 * 4 * weights.head + 5 * 2 * weights.layers + 4 * 2 * weights.head)


def test_the_limit_takes_the_best_of_all_products():
    ours = {"tokens_per_second": 100.0, "cost": {"flop_per_token": 5e8, "weights": {"layers": 90e6, "head": 10e6}}}
    peak = {"threads": 2, "dtype": "float32"}
    peaks = [{**peak, "products": [{"shape": [1, 2, 3], "gflops": rate}]} for rate in (80.0, 100.0)]
    found = limit_of(ours, *peaks)
    assert found["peak"]["gflops"] == 100.0
    assert found["limit"] == {"flop_per_token": 5e8, "tokens_per_second": 200.0, "reached": 0.5}
    assert found["simple"] == {"flop_per_token": 4e8, "tokens_per_second": 250.0, "reached": 0.4}
