"""What `seal-lsp eval` says to a command line that cannot be measured, before it does anything that takes long."""

from __future__ import annotations

import json
from pathlib import Path

import orchard
import pytest

ROW = {
    "id": "1", "library": "orchard-tools", "version": "1.2.0", "package": "orchard", "path": "x.py", "kind": "member",
    "gold": "climb", "copyable": False, "candidates": ["climb", "fold"],
    "prefix": "import orchard\n\nladder = orchard.Ladder()\nladder.", "suffix": "()\n",
}  # fmt: skip


@pytest.fixture
def place(tmp_path: Path) -> Path:
    orchard.install(tmp_path / "env")
    (tmp_path / "empty").mkdir()
    return tmp_path


def cases(place: Path, *rows: dict | str, name: str = "cases.jsonl") -> Path:
    file = place / name
    file.write_text("".join((row if isinstance(row, str) else json.dumps(ROW | row)) + "\n" for row in rows))
    return file


@pytest.mark.parametrize(
    ("rows", "words", "said", "hint"),
    [
        ([{}], ["--set", "tokens"], "not key=value: 'tokens'", "--set tokens=20000"),
        ([{}], ["--set", "speed=3"], "unknown recipe fields: speed", "known are tokens"),
        ([{}, "{not json"], [], "cases.jsonl:2 is not JSON", ""),
        ([{}, '{"library": "x"}'], [], "cases.jsonl:2 lacks candidates", "schema"),
        ([{}, {"gold": "jump"}], [], "cases.jsonl:2: the gold name 'jump' is not among", "schema"),
        ([{"library": "nothere"}], [], "nothere 1.2.0 is not installed: not in", "nothere==1.2.0"),
        ([{"version": "1.3.0"}], [], "orchard-tools 1.3.0 is not installed: there is 1.2.0", "orchard-tools==1.3.0"),
        ([], [], "no case in", ""),
    ],
)
@pytest.mark.parametrize("command", [(), ("forgetting",)])
def test_bad_input(seal, place, command, rows, words, said, hint):
    ran = seal("eval", *command, cases(place, *rows), "--python", place / "env", "--report", place / "r", *words)
    assert ran.code == 2
    assert said in ran.err
    assert hint in ran.err
    assert not (place / "r").exists(), "nothing may be made before the command line is right"


def test_an_unknown_arm(seal, place):
    ran = seal("eval", cases(place, {}), "--python", place / "env", "--report", place / "r", "--arms", "base,best")
    assert (ran.code, "unknown arms: best" in ran.err, "choose from base,base+rag" in ran.err) == (2, True, True)


def test_the_pip_command_fits_the_environment(seal, place):
    file = cases(place, {"library": "nothere"})
    ran = seal("eval", file, "--site", place / "env/lib/python3.11/site-packages", "--report", place / "r")
    assert f"pip install --no-deps --target {place}/env/lib/python3.11/site-packages nothere==1.2.0" in ran.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "where are the libraries installed?"),
        (["--site", "empty"], "nothing is installed there"),
        (["--python", "none/bin/python"], "nothing is installed there"),
    ],
)
def test_an_environment_is_needed(seal, place, monkeypatch, words, said):
    monkeypatch.chdir(place)
    ran = seal("eval", cases(place, {}), "--report", place / "r", *words, "--json")
    assert (ran.code, ran.json["error"]["type"]) == (2, "UsageError")
    assert said in ran.json["error"]["message"]


def test_a_case_twice_is_said(seal, place):
    files = cases(place, {}), cases(place, {}, name="again.jsonl")
    ran = seal("eval", *files, "--python", place / "env", "--report", place / "r")
    assert ran.code == 2
    assert "again.jsonl repeats a case of" in ran.err


def test_without_weights_it_says_how_to_get_them(seal, place):
    ran = seal("eval", cases(place, {}), "--python", place / "env", "--report", place / "r")
    assert ran.code == 6
    assert "seal-lsp model pull" in ran.err


class TestWithWeights:
    @pytest.fixture
    def ready(self, home: Path, place: Path) -> Path:
        from seal_lsp.lm.tiny import make_tiny
        from seal_lsp.store.paths import Paths

        make_tiny(Paths.default().models / "tiny", orchard.source())
        return place

    def test_a_control_needs_a_second_library(self, seal, ready):
        words = ("--python", ready / "env", "--report", ready / "r")
        ran = seal("eval", cases(ready, {}), *words, "--arms", "base,wrong-adapter")
        assert ran.code == 2
        assert "the arm wrong-adapter cannot run" in ran.err
        assert "--wrong-adapter FOLDER" in ran.err

    def test_arms_that_need_no_adapter_learn_nothing(self, seal, ready):
        words = ("--python", ready / "env", "--report", ready / "r", "--device", "cpu")
        report = seal("eval", cases(ready, {}), *words, "--arms", "base,base+rag", "--json").json
        assert report["arms_run"] == ["base", "base+rag"]
        assert "status" not in report["libraries"]["orchard-tools@1.2.0"]
        assert not (ready / "r" / "learned").exists()

    @pytest.mark.parametrize("other", ["weights", "nothing"])
    def test_an_adapter_that_does_not_fit_is_refused(self, seal, ready, other):
        folder = ready / "adapter"
        folder.mkdir()
        if other == "weights":
            manifest = {"adapter": "a" * 64, "library": "orchard-tools@1.2.0", "base": {"id": "x", "digest": "b" * 64}}
            (folder / "manifest.json").write_text(json.dumps(manifest))
            (folder / "adapter_config.json").write_text("{}")
        words = ("--python", ready / "env", "--report", ready / "r", "--arms", "base,adapter", "--adapter", folder)
        ran = seal("eval", cases(ready, {}), *words)
        if other == "weights":
            assert (ran.code, "belongs to other weights" in ran.err) == (2, True)
        else:
            assert (ran.code, "holds no complete adapter" in ran.err) == (8, True)

    def test_two_runs_do_not_write_one_folder(self, seal, ready):
        from filelock import FileLock

        (ready / "r").mkdir()
        with FileLock(ready / "r" / ".lock"):
            ran = seal("eval", cases(ready, {}), "--python", ready / "env", "--report", ready / "r", "--arms", "base")
        assert ran.code == 2
        assert "is being written by another run" in ran.err
