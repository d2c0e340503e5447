"""The learner as a process on a tiny model: one real cycle, then killed with SIGKILL in each phase and run again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import orchard
import pytest

from seal_lsp.lm.tiny import make_tiny
from seal_lsp.store.ledger import Ledger
from seal_lsp.store.paths import Paths
from seal_lsp.train.checkpoint import EVERY

OVERRIDES = {
    "tokens": 3600, "step_tokens": 256, "sequence": 128, "rank": 4, "alpha": 8, "learning_rate": 0.06,
    "gate.least_probes": 8, "device": "cpu",
}  # fmt: skip
PHASES = ("known", "collect", "write", "vet", "train", "gate")


class Home:
    """A SEAL_HOME with a tiny model, and an environment with the library."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.environ = {**os.environ, "SEAL_HOME": str(root / "seal"), "OMP_NUM_THREADS": "1"}
        self.paths = Paths.default(self.environ)
        self.paths.ensure()
        self.model = make_tiny(self.paths.models / "tiny", orchard.source() + orchard.readme())
        self.environment = orchard.install(root / "env")

    def cycle(self, name: str, **overrides: object) -> Path:
        folder = self.paths.cycles / name
        folder.mkdir()
        job = orchard.job(self.environment, cycle=name, model=self.model.id, overrides=OVERRIDES | overrides)
        (folder / "job.json").write_text(json.dumps(job))
        return folder

    def start(self, folder: Path, *before: str) -> subprocess.Popen:
        command = [*before, sys.executable, "-m", "seal_lsp.pipeline.learner", str(folder)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environ)

    def run(self, folder: Path) -> list[dict]:
        process = self.start(folder)
        lines, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
        return [json.loads(line) for line in lines.splitlines()]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return Home(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def whole(home):
    """An uninterrupted cycle: (progress, outcome, rows in the ledger by kind)."""
    folder = home.cycle("whole")
    progress = home.run(folder)
    return progress, json.loads((folder / "outcome.json").read_text()), rows_of(home, "whole")


def rows_of(home: Home, cycle: str) -> dict[str, int]:
    kinds: dict[str, int] = {}
    for row in Ledger(home.paths.ledger).rows():
        if row.data.get("cycle") == cycle:
            kinds[row.kind] = kinds.get(row.kind, 0) + 1
    return kinds


def test_a_real_cycle_reports_and_leaves_a_complete_candidate(home, whole):
    progress, outcome, rows = whole
    assert [p for p in dict.fromkeys(line["phase"] for line in progress)] == list(PHASES)
    assert outcome["status"] in ("promoted", "rejected")
    assert bool(outcome["reasons"]) == (outcome["status"] == "rejected")
    # eleven steps at a high rate must show at places held out, even on a random model, or nothing was learned
    assert outcome["gate"]["own"]["mean"] > 0
    manifest = json.loads((home.paths.cycles / "whole" / "adapter" / "manifest.json").read_text())
    assert manifest["adapter"] == outcome["adapter"]
    assert rows["train"] == rows["gate"] == 1
    assert rows["self_edit"] == rows["verdict"] == outcome["self_edits"]["written"]


@pytest.mark.parametrize("phase", PHASES)
def test_killed_in_a_phase_it_goes_on_and_ends_the_same(home, whole, phase):
    _, outcome, rows = whole
    name = f"killed-in-{phase}"
    folder = home.cycle(name)
    process = home.start(folder)
    last = {}
    for line in process.stdout:
        last = json.loads(line)
        if last["phase"] == phase and (phase != "train" or last["fraction"] >= 0.4):
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    process.stderr.close()
    assert last["phase"] == phase
    assert not (folder / "outcome.json").exists()
    steps = [line for line in home.run(folder) if line["phase"] == "train" and line["message"].startswith("step")]
    again = json.loads((folder / "outcome.json").read_text())
    assert again["adapter"] == outcome["adapter"]
    assert rows_of(home, name) == rows
    if phase == "train":
        finished = int(last["message"].split()[1])
        assert finished - EVERY < int(steps[0]["message"].split()[1]) - 1 <= finished
        assert int(steps[0]["message"].split()[1]) > 1
    if phase == "gate":
        assert not steps


def test_sigterm_stops_it_between_two_steps_with_exit_75(home):
    folder = home.cycle("stopped")
    process = home.start(folder)
    for line in process.stdout:
        if json.loads(line)["phase"] == "train" and json.loads(line)["fraction"] > 0:
            process.terminate()
            break
    process.communicate(timeout=120)
    assert process.returncode == 75
    assert not (folder / "error.json").exists()


def test_a_disk_that_fills_up_while_training_loses_nothing(tmp_path):
    """A limit on the size of files stands for the full disk: everything fits but the checkpoint of a big adapter."""
    home = Home(tmp_path)
    folder = home.cycle("full", rank=192)
    process = home.start(folder, "sh", "-c", 'ulimit -f 2048; exec "$@"', "sh")  # blocks of 512 bytes
    lines, errors = process.communicate(timeout=300)
    assert process.returncode == 9, errors
    assert "train" in {json.loads(line)["phase"] for line in lines.splitlines()}
    error = json.loads((folder / "error.json").read_text())
    assert (error["type"], "no space left" in error["message"]) == ("NoSpaceLeft", True)
    assert not list((folder / "checkpoints").glob("*.partial"))
    rows = rows_of(home, "full")
    phases = {line["phase"] for line in home.run(folder)}
    assert phases == {"train", "gate"}
    assert rows_of(home, "full") == rows | {"train": 1, "gate": 1}
    assert not (folder / "error.json").exists()


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"model": "nowhere"}, 6, "the model nowhere is not here"),
        ({"library": {"name": "not-installed", "version": "1"}}, 7, "not-installed@1 is not installed"),
        ({"overrides": {"tokenz": 1}}, 2, "unknown recipe fields"),
        ({"environment": {}}, 2, "not an environment"),
    ],
)
def test_a_bad_job_ends_with_its_reason(home, tmp_path, change, code, said):
    job = orchard.job(home.environment, model=home.model.id, overrides=OVERRIDES) | change
    (tmp_path / "job.json").write_text(json.dumps(job))
    process = home.start(tmp_path)
    process.communicate(timeout=120)
    error = json.loads((tmp_path / "error.json").read_text())
    assert (process.returncode, error["exit_code"]) == (code, code)
    assert said in error["message"]
