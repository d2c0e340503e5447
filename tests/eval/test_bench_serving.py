"""`bench typing`, `soak` and `growth` for real on a tiny model: a real server and engine, an adapter live."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import eval_project
import orchard
import pytest

from seal_lsp.cli.bench_growth_run import STEPS, chosen
from seal_lsp.core.errors import UsageError
from seal_lsp.lm.load import load
from seal_lsp.lm.registry import ModelRegistry
from seal_lsp.store.paths import Paths
from seal_lsp.train import lora
from seal_lsp.train.recipe import Recipe


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """(folder, variables, an adapter of orchard-tools)."""
    root = tmp_path_factory.mktemp("bench")
    environ = eval_project.tiny_user(root)
    orchard.install(root / "env")
    base = ModelRegistry(Paths.default(environ)).current()
    network = lora.attach(load(base, device="cpu").network, Recipe(rank=4, alpha=8))
    digest = lora.save(network, root / "adapter", base.id)
    manifest = {"adapter": digest, "library": str(orchard.LIBRARY), "base": {"id": base.id, "digest": base.digest}}
    (root / "adapter" / "manifest.json").write_text(json.dumps(manifest))
    return root, environ, root / "adapter"


def bench(project, *words: object) -> dict:
    root, environ, adapter = project
    command = [sys.executable, "-m", "seal_lsp.cli.entry", "bench", *map(str, words), "--adapter", str(adapter)]
    done = subprocess.run(
        [*command, "--json"], capture_output=True, text=True, timeout=500, env={**os.environ, **environ}, cwd=root
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_soak_accounts_for_every_request(project):
    root, *_ = project
    file = eval_project.case_file(root)
    found = bench(project, "soak", file, "--python", root / "env", "--keys", 60, "--report", root / "soak")
    assert found["requests"] == sum(found["outcomes"].values()) >= 60
    assert (found["unanswered"], found["misplaced"], found["failures"]) == (0, 0, [])
    assert found["outcomes"].get("withdrawn", 0) > 0
    assert all(one[process] > 1 for one in found["megabytes"] for process in ("server", "worker", "engine"))
    assert "Resident memory" in (root / "soak" / "bench_soak.md").read_text()


def test_typing_with_more_adapters_libraries_and_windows(project):
    root, *_ = project
    file = eval_project.case_file(root)
    many = ("--adapters", 4, "--libraries", 3, "--clients", 2)
    words = (file, "--python", root / "env", "--keys", 20, "--wpm", 100, "--contenders", "", *many)
    found = bench(project, "typing", *words, "--report", root / "typing")
    assert found["grown"] == {"adapters": 4, "libraries": 3, "clients": 2}
    assert found["typing"]["keys"] >= 40
    assert sum(found["typing"]["sources"].values()) == found["typing"]["keys"]
    assert (found["contenders"], found["failures"]) == ({}, [])
    assert "4 adapters, 3 libraries, 2 clients" in (root / "typing" / "bench_typing.md").read_text()


def test_growth_measures_every_size(project):
    root, *_ = project
    found = bench(project, "growth", "--grown", "adapters,windows", "--asks", 3, "--report", root / "growth", "--quick")
    assert {name: [one["size"] for one in some] for name, some in found["grown"].items()} == {
        "adapters": [1, 10],
        "windows": [1, 2],
    }
    assert all(one[what]["p50"] > 0 for some in found["grown"].values() for one in some for what in ("menu", "ghost"))
    assert (root / "growth" / "bench_growth.svg").read_text().startswith("<svg")
    assert "Cost as work grows" in (root / "growth" / "bench_growth.md").read_text()


def test_what_grows_is_chosen():
    assert chosen("") == STEPS
    assert list(chosen("lines, adapters")) == ["lines", "adapters"]
    with pytest.raises(UsageError, match="moons"):
        chosen("lines,moons")
