"""The demo's own code, whole: a wheel made here, installed without an index, learned in a real server and engine.

With a tiny model it runs in every test run and goes through the base's arm, the gate's word and the report; with the
default weights it is what `make demo` does, on a small budget.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import orchard
import pytest

from seal_lsp.store.ledger import Ledger
from seal_lsp.store.paths import Paths

KEYS = ["library", "version", "self_edits", "train", "gate", "before", "after", "hover", "ledger", "seconds"]
ARM = ["cases", "top1", "top1_noncopyable", "valid_share"]


def make_wheel(folder: Path) -> Path:
    """A wheel is a zip file with three metadata files: no build backend, no network."""
    name, version = orchard.LIBRARY.name.replace("-", "_"), orchard.LIBRARY.version
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {orchard.LIBRARY.name}\nVersion: {version}\n\n{orchard.readme()}"
    files = {
        "orchard/__init__.py": orchard.source(),
        f"{info}/METADATA": metadata,
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in (files | {f"{info}/RECORD": record}).items():
            archive.writestr(path, text)
    return wheel


def tiny_user(tmp_path: Path) -> dict[str, str]:
    """A user whose only model is a tiny one; the variables that make a process that user's."""
    from seal_lsp.lm.tiny import make_tiny

    environ = {"SEAL_HOME": str(tmp_path / "user"), "OMP_NUM_THREADS": "1"}
    make_tiny(Paths.default(environ).models / "tiny", orchard.source() + orchard.readme())
    return environ


def demo(tmp_path: Path, environ: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    make_wheel(tmp_path)
    offline = ["--pip-option=--no-index", f"--pip-option=--find-links={tmp_path}"]
    lib = f"{orchard.LIBRARY.name}=={orchard.LIBRARY.version}"
    command = [sys.executable, "-m", "seal_lsp.cli.entry", "demo", "--lib", lib, "--out", str(tmp_path / "out")]
    return subprocess.run(
        [*command, *offline, *words],
        capture_output=True, text=True, timeout=560, check=False, env={**os.environ, **environ},
    )  # fmt: skip


def check(tmp_path: Path, done: subprocess.CompletedProcess[str]) -> dict:
    """What must hold however the gate decided."""
    screen = done.stdout + done.stderr
    assert done.returncode in (0, 3), screen
    found = json.loads((tmp_path / "out/demo.json").read_text())
    assert list(found) == KEYS
    assert (found["library"], found["version"]) == (orchard.LIBRARY.name, orchard.LIBRARY.version)
    edits = found["self_edits"]
    assert edits["written"] == edits["kept"] + sum(edits["rejected"].values()) > 0
    assert all(found["train"][key] > 0 for key in ("steps", "tokens", "seconds", "peak_rss_mb"))
    assert found["gate"]["promoted"] is (done.returncode == 0)
    assert bool(found["gate"]["reasons"]) is not found["gate"]["promoted"]
    assert list(found["before"]) == list(found["after"]) == ARM
    assert found["before"]["cases"] == found["after"]["cases"] > 0
    assert "orchard" in found["hover"]["before"]
    assert "not learned" in found["hover"]["before"]
    assert ("REJECTED" in screen) is not found["gate"]["promoted"]
    home = Paths.default({"SEAL_HOME": str(tmp_path / "out/demo/home")})
    verified = Ledger(home.ledger).verify()
    assert found["ledger"] == {"rows": verified.rows, "verified": verified.ok}
    assert verified.ok
    kinds = {row.kind for row in Ledger(home.ledger).rows()}
    assert {"self_edit", "verdict", "train", "gate", "cycle"} <= kinds
    assert ("activate" in kinds) is found["gate"]["promoted"]
    assert not home.socket.exists(), "the demo left its engine running"
    for said in ("initialize answered", "in the engine's queue: orchard-tools@1.2.0", "Training", "the chain verifies"):
        assert said in screen, said
    if not found["gate"]["promoted"]:
        assert found["after"] == found["before"]
        assert "no adapter went live" in screen
    return found


def test_on_a_tiny_model(tmp_path: Path) -> None:
    environ = tiny_user(tmp_path)
    done = demo(tmp_path, environ, "--budget-tokens", "2000", "--json")
    found = check(tmp_path, done)
    assert json.loads(done.stdout) == found, "with --json stdout is the report alone"


def test_at_the_places_of_a_case_file(tmp_path: Path) -> None:
    environ = tiny_user(tmp_path)
    case = {
        "id": "1", "library": orchard.LIBRARY.name, "version": orchard.LIBRARY.version, "package": "orchard",
        "path": "x.py", "kind": "member", "gold": "climb", "copyable": False, "candidates": ["climb", "fold"],
        "prefix": "import orchard\n\nladder = orchard.Ladder()\nladder.", "suffix": "()\n",
    }  # fmt: skip
    (tmp_path / "cases.jsonl").write_text(json.dumps(case) + "\n")
    done = demo(tmp_path, environ, "--budget-tokens", "1000", "--cases", str(tmp_path / "cases.jsonl"))
    assert check(tmp_path, done)["before"]["cases"] == 1


def test_a_library_that_does_not_exist(tmp_path: Path) -> None:
    done = demo(tmp_path, tiny_user(tmp_path), "--lib", "there-is-no-such==1", "--json")
    assert done.returncode == 7, done.stderr
    assert "there-is-no-such" in json.loads(done.stdout)["error"]["message"]


@pytest.mark.weights
def test_on_the_default_weights(tmp_path: Path) -> None:
    done = demo(tmp_path, {"OMP_NUM_THREADS": str(os.cpu_count() or 1)}, "--budget-tokens", "1000")
    found = check(tmp_path, done)
    assert "orchard-tools@1.2.0" in found["hover"]["before"]
