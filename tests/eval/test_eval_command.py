"""The whole of `seal-lsp eval` on two small libraries and a tiny model: learner processes, every arm, a real server and
engine for the product; then the same again from what was kept, and `eval forgetting` in the same folder.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import eval_project
import orchard
import psutil
import pytest
from eval_project import VINEYARD, seal_eval

from seal_lsp.measure.arms import ARMS
from seal_lsp.store.paths import Paths

LIBRARIES = [str(orchard.LIBRARY), str(VINEYARD)]


@dataclass(frozen=True)
class Run:
    root: Path
    environ: dict[str, str]
    words: list

    @property
    def folder(self) -> Path:
        return self.root / "report"

    def again(self, *more: object):
        hovers = () if more[:1] == ("forgetting",) else ("--hovers", 4)
        done = seal_eval(self.environ, *more, *self.words, *hovers)
        assert done.returncode == 0, done.stdout + done.stderr
        return done


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    root = tmp_path_factory.mktemp("eval")
    orchard.install(root / "env")
    words = [
        eval_project.case_file(root), eval_project.case_file(root, VINEYARD), "--python", root / "env",
        "--site", eval_project.install_vineyard(root / "site"), "--report", root / "report", *eval_project.quick(),
        "--ignore-gate", "--device", "cpu", "--results", root / "RESULTS.md",
    ]  # fmt: skip
    return Run(root, eval_project.tiny_user(root), words)


@pytest.fixture(scope="module")
def first(run: Run) -> dict:
    done = run.again()
    report = json.loads((run.folder / "report.json").read_text())
    assert "Names that are not copyable" in done.stdout
    assert "report.html" in done.stderr
    return report


def rows(run: Run) -> list[dict]:
    return [json.loads(line) for line in (run.folder / "results.jsonl").read_text().splitlines()]


def test_every_arm_answers_at_every_place(run, first):
    assert first["arms_run"] == list(ARMS)
    found = rows(run)
    assert len(found) == len(ARMS) * 2 * 4
    for arm in ARMS:
        assert [row["library"] for row in found if row["arm"] == arm] == [LIBRARIES[0]] * 4 + [LIBRARIES[1]] * 4
        assert first["arms"][arm]["noncopyable"]["cases"] == 6
        assert first["arms"][arm]["copyable"]["cases"] == 2
    by_place = {(row["arm"], row["library"], row["gold"]): row for row in found}
    assert by_place["base", LIBRARIES[0], "Cellar"]["later"] is True
    assert by_place["base", LIBRARIES[0], "mesh"]["f1"] is not None


def test_adapters_differ_from_the_base_and_from_each_other(run, first):
    bits = {arm: [row["bits"] for row in rows(run) if row["arm"] == arm] for arm in ARMS}
    assert len({tuple(bits[arm]) for arm in ("base", "adapter", "wrong-adapter", "base+rag", "adapter+rag")}) == 5
    adapters = {(row["arm"], row["library"]): row["adapter"] for row in rows(run)}
    own = {library: first["libraries"][library]["adapter"] for library in LIBRARIES}
    for library, other in zip(LIBRARIES, reversed(LIBRARIES), strict=True):
        assert adapters["adapter", library] == adapters["product", library] == own[library] != own[other]
        assert adapters["wrong-adapter", library] == own[other]
        assert adapters["base", library] == adapters["grounded", library] == ""


def test_grounded_and_product_offer_what_exists(run, first):
    for arm in ("grounded", "product"):
        assert all(row["bits"] is None for row in rows(run) if row["arm"] == arm)
        assert first["arms"][arm]["noncopyable"]["known"] == 1.0
    assert all(row["rank"] for row in rows(run) if row["arm"] == "product")
    assert first["menu_ms"] > 0


def test_the_gold_name_reaches_no_server(run, first):
    """The engine's log and the server's hold no document; what was asked of the product is remembered by its digest, so
    the documents are rebuilt here: without the gold name at the place."""
    from seal_lsp.cli.eval_facts import document_of
    from seal_lsp.measure.cases import load_cases

    for case in load_cases(run.words[0]):
        document = document_of(case)
        assert document.text == case.prefix + case.suffix
        assert not document.text[document.offset :].startswith(case.gold)
        typed = document_of(case, typed=True)
        assert typed.text[typed.offset :].split("\n")[0] == ""


def test_hover_lines_are_asked_of_base_and_adapter(run, first):
    found = [json.loads(line) for line in (run.folder / "hovers.jsonl").read_text().splitlines()]
    assert [(one["arm"], one["library"]) for one in found] == [
        (arm, library) for library in LIBRARIES for arm in ("base", "adapter") for _ in range(4)
    ]
    for library in LIBRARIES:
        assert {one["adapter"] for one in found if one["library"] == library} == {
            "", first["libraries"][library]["adapter"]
        }  # fmt: skip
        assert first["hovers"]["libraries"][library]["base"]["symbols"] == 4
    assert any(one["shown"] for one in found)
    assert first["hovers"]["differences"]["exists"]["n"] == 8


def test_the_report_says_how_to_measure_it_again(run, first):
    assert first["command"].startswith("seal-lsp eval ")
    assert "--set learning_rate=0.01" in first["command"]
    assert first["settings"]["overrides"]["rank"] == 4
    assert first["machine"]["logical_cores"] >= 1
    assert first["versions"]["python"]
    assert len(first["code"]) == len(first["model"]["digest"]) == 64
    for library in LIBRARIES:
        one = first["libraries"][library]
        assert one["status"] in ("promoted", "rejected")
        assert one["self_edits"]["written"] >= one["self_edits"]["kept"] > 0
        assert len(one["train"]["losses"]) == one["train"]["steps"] > 0
        assert one["learner_seconds"] > 0
        assert one["product_adapter"] is True
    measured = {(entry["arm"], entry["against"]) for entry in first["differences"]}
    assert {("adapter", "base"), ("adapter", "wrong-adapter"), ("adapter", "base+rag")} <= measured


def test_the_documents_hold_every_table(run, first):
    page = (run.folder / "report.html").read_text()
    assert page.count("<svg") >= 3
    assert "Training loss" in page
    text = (run.root / "RESULTS.md").read_text()
    for said in (
        "seal-lsp eval ",
        "python 3",
        *LIBRARIES,
        "Differences with 95 % intervals",
        "| product | 6 |",
        "Hover lines",
    ):
        assert said in text, said


def test_the_cases_are_kept_out_of_training(run, first):
    for cycle in (run.folder / "learned").iterdir():
        job = json.loads((cycle / "job.json").read_text())
        assert [Path(file).name for file in job["held_out"]] == [f"{job['library']['name']}.jsonl"]


def test_nothing_of_the_user_s_home_is_written(run, first):
    user = Paths.default(run.environ)
    assert not user.ledger.exists()
    assert not user.adapters.exists()
    private = Paths.default({"SEAL_HOME": str(run.folder / "home")})
    assert private.models.resolve() == user.models.resolve()
    assert not private.socket.exists(), "the engine was left running"


def test_the_same_command_takes_everything_over(run, first):
    before = rows(run)
    done = run.again("--json")
    again = json.loads(done.stdout)
    assert again["answers"]["asked"] == again["answers"]["from_earlier_runs"] > 0
    assert (again["arms"], again["differences"]) == (first["arms"], first["differences"])
    assert rows(run) == before
    lines = (run.folder / "answers.jsonl").read_bytes()
    (run.folder / "answers.jsonl").write_bytes(lines[: len(lines) // 2])
    some = json.loads(run.again("--json", "--arms", "base,adapter").stdout)
    assert 0 < some["answers"]["from_earlier_runs"] <= some["answers"]["asked"]
    assert some["arms"]["adapter"] == first["arms"]["adapter"]


def test_given_adapters_are_measured_without_learning(run, first):
    folders = {one["library"]: cycle for cycle in (run.folder / "learned").iterdir()
               if (one := json.loads((cycle / "adapter/manifest.json").read_text()))}  # fmt: skip
    copy = run.root / "given"
    shutil.copytree(folders[LIBRARIES[0]] / "adapter", copy, dirs_exist_ok=True)
    done = seal_eval(
        run.environ, run.words[0], "--python", run.root / "env", "--report", run.root / "other", "--arms",
        "base,adapter,wrong-adapter", "--adapter", copy, "--wrong-adapter", folders[LIBRARIES[1]] / "adapter",
        "--limit", 2, "--device", "cpu", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["libraries"][LIBRARIES[0]]["status"] == "given"
    assert report["libraries"][LIBRARIES[0]]["adapter"] == first["libraries"][LIBRARIES[0]]["adapter"]
    assert report["libraries"][LIBRARIES[0]]["wrong_adapter"]["library"] == LIBRARIES[1]
    assert report["libraries"][LIBRARIES[0]]["cases"] == 2
    assert not (run.root / "other" / "learned").exists()
    promoted = json.loads((copy / "manifest.json").read_text())["gate"]["promoted"]
    done = seal_eval(
        run.environ, "forgetting", run.words[0], "--python", run.root / "env", "--report", run.root / "other",
        "--adapter", copy, "--characters", 500, "--device", "cpu", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["order"] == ([LIBRARIES[0]] if promoted else []), "what the gate rejected is not served"
    assert bool(found["failures"]) is not promoted
    assert len(found["matrix"]) == len(found["order"]) + 1


def test_stopped_while_it_learns_it_goes_on_where_it_was(run, first, tmp_path):
    words = [run.words[0], "--python", run.root / "env", "--report", tmp_path, "--device", "cpu", "--arms",
             "base,adapter", *eval_project.quick(), "--set", "tokens=60000", "--json"]  # fmt: skip
    command = eval_project.command(*words)
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **run.environ}
    )
    try:
        cycle = wait_for(lambda: next(tmp_path.glob("learned/*/reviews.json"), None), process).parent
        learner = json.loads((cycle / "learner.json").read_text())["pid"]
        process.send_signal(signal.SIGTERM)
        said, told = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 75, told
    assert json.loads(said)["error"]["type"] == "Cancelled"
    assert not psutil.pid_exists(learner), "the learner was left running"
    assert not (cycle / "outcome.json").exists()
    made = (cycle / "evidence.json").stat().st_mtime_ns
    done = seal_eval(run.environ, *words)
    assert done.returncode == 0, done.stderr
    assert "taking its learning up again" in done.stderr
    assert (cycle / "evidence.json").stat().st_mtime_ns == made
    report = json.loads(done.stdout)
    assert report["libraries"][LIBRARIES[0]]["adapter"]


def wait_for(found, process, seconds: float = 120):
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        value = found()
        if value:
            return value
        time.sleep(0.1)
    raise AssertionError(f"it did not happen: {process.communicate()}")


def test_forgetting_in_the_same_folder(run, first):
    done = run.again("forgetting", "--characters", "1000")
    assert "Libraries learned in turn" in done.stdout
    found = json.loads((run.folder / "forgetting.json").read_text())
    assert found["order"] == LIBRARIES
    assert set(found["drift"]) == set(LIBRARIES)
    for by_corpus in found["drift"].values():
        assert set(by_corpus) == {"code", "functions", "english"}
        assert any(one["relative"] != 0 for one in by_corpus.values()), "the adapter was not live"
    assert {one["under_an_adapter"] for one in found["routed"].values()} == {0}
    steps = found["matrix"]
    assert [step["learned"] for step in steps] == ["", *LIBRARIES]
    for kind in ("plain", "mixed", "plain_copyable", "mixed_copyable"):
        for n, library in enumerate(LIBRARIES):
            column = [step["libraries"][library][kind] for step in steps]
            if kind.startswith("plain"):
                assert column[n]["bits"] == column[0]["bits"], "not learned yet, nothing may change"
            else:  # the other library that the file imports may be the only one that has an adapter
                assert (column[n]["bits"] == column[0]["bits"]) is (column[n]["adapter"]["other"] == 0)
            assert column[n + 1]["bits"] != column[0]["bits"]
            assert column[-1]["adapter"] == {"own": column[-1]["cases"], "other": 0, "none": 0}
            assert column[-1]["bits"] == column[n + 1]["bits"], "its own adapter still answers"
    page = (run.folder / "report.html").read_text()
    assert "Arms side by side" in page
    assert "What stays after learning more libraries" in page
    assert "## Forgetting" in (run.root / "RESULTS.md").read_text()
