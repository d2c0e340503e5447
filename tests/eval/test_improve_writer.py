"""`seal-lsp improve-writer` on two small libraries and a tiny model, with real trainings; and what it refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import eval_project
import orchard
import pytest
from eval_project import VINEYARD

from seal_lsp.store.paths import Paths


@pytest.fixture(scope="module")
def user(tmp_path_factory):
    """(folder, variables, words that name both libraries)."""
    root = tmp_path_factory.mktemp("improve")
    orchard.install(root / "env")
    words = [eval_project.case_file(root), str(VINEYARD), "--python", root / "env",
             "--site", eval_project.install_vineyard(root / "site"), "--device", "cpu"]  # fmt: skip
    return root, eval_project.tiny_user(root), words


def improve(environ, *words) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "seal_lsp.cli.entry", "improve-writer", *map(str, words)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=500, check=False, env={**os.environ, **environ}
    )


def test_mixes_are_tried_once_and_kept_as_data(user):
    root, environ, words = user
    run = [*words, "--report", root / "report", "--mixes", "2", "--tokens", "800", *eval_project.quick()[2:]]
    cost = json.loads(improve(environ, *run, "--cost", "--json").stdout)
    trials = Paths.default(environ).writers / "trials.jsonl"
    assert cost["cost"]["trials"] == 5
    assert not trials.exists()

    done = improve(environ, *run, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["held_out"] == str(VINEYARD)
    assert [row["library"] for row in found["rounds"][0]["trials"]] == [str(orchard.LIBRARY)] * 2 + [str(VINEYARD)] * 2
    assert all(row["tokens"] > 0 and row["gain"]["n"] > 0 for row in found["rounds"][0]["trials"])
    assert set(found["best"]) == {str(orchard.LIBRARY), str(VINEYARD)}
    kept = [json.loads(line)["value"] for line in trials.read_text().splitlines()]
    assert len(kept) == found["trials"]["asked"] >= 4
    assert all({"evidence", "mix", "accepted", "templates", "asked", "gain", "bits"} <= set(row) for row in kept)

    again = json.loads(improve(environ, *run, "--json").stdout)
    assert again["trials"]["from_earlier_runs"] == again["trials"]["asked"]
    assert again["rounds"] == found["rounds"]


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["missing.jsonl"], "no such case file"),
        (["not a library"], "not a library at a version"),
        (["vineyard-tools==0.3.0"], "too few"),
        (["vineyard-tools==9.9", "vineyard-tools==0.3.0"], "is not installed"),
        (["vineyard-tools==0.3.0", "x==1", "--mixes", "1"], "--mixes"),
    ],
)
def test_what_makes_no_sense_is_said_before_anything_is_trained(user, words, part):
    root, environ, _ = user
    done = improve(environ, *words, "--site", root / "site", "--report", root / "bad")
    assert done.returncode == 2
    assert part in done.stderr
