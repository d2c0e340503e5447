"""`seal-lsp eval --suite` and `eval mine` as a shell runs them: what they refuse, and whole runs on small data with a
tiny model: adapters are trained, answers run in the sandbox, and the same command again measures nothing anew.
"""

from __future__ import annotations

import json
from pathlib import Path

import orchard
import pytest
import suite_data
from orchard_checkout import write_checkout, write_sdist

from seal_lsp.measure.cases import load_cases
from seal_lsp.store.paths import Paths

QUICK = ("tokens=3600", "step_tokens=256", "sequence=128", "rank=4", "alpha=8", "learning_rate=0.06", "kl=3")


@pytest.fixture
def tiny(home, monkeypatch):
    from seal_lsp.lm import load
    from seal_lsp.lm.tiny import make_tiny

    # The same on every CPU: so small a model of random weights learns no names in bfloat16.
    monkeypatch.setattr(load, "_multiplies_bfloat16", lambda: False)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return make_tiny(Paths.default().models / "tiny", Path(suite_data.__file__).read_text())


@pytest.mark.parametrize(
    ("words", "said", "hint"),
    [
        (["--suite", "humaneval"], "there is no suite 'humaneval'", "code-update-arena, beatnum"),
        (["--suite=beatnum"], "where is the data of beatnum?", "--data; nothing is downloaded"),
        (["suite", "beatnum", "--data", "{empty}"], "where should the report go?", "--report"),
        (["suite", "beatnum", "--data", "{empty}", "--check-references"], "cannot read", "nothing is downloaded"),
        (["suite", "code-update-arena", "--data", "{empty}", "--check-references"], "cannot read", "arena.jsonl"),
        (["suite", "code-update-arena", "--data", "{arena}", "--report", "{report}"],
         "no model has been pulled", "pull"),
        (["mine", "--library", "orchard-tools==1.2.0", "--out", "{out}"], "where is orchard-tools@1.2.0", "--site"),
        (["mine", "--library", "orchard-tools==9", "--out", "{out}", "--python", "{env}"], "is not installed", "==9"),
        (["mine", "--library", "orchard-tools==1.2.0", "--out", "{out}", "--python", "{env}"], "give one of", "pip"),
        (["mine", "--library", "orchard-tools==1.2.0", "--out", "{out}", "--python", "{env}", "--checkout", "{empty}"],
         "no tests, examples or docs there", "--checkout"),
        (["mine", "--library", "orchard-tools==1.2.0", "--out", "{out}", "--python", "{env}", "--sdist", "{out}"],
         "cannot unpack", "pip download"),
    ],
)  # fmt: skip
def test_what_cannot_be_measured_is_said(seal, tmp_path, words, said, hint):
    (tmp_path / "empty").mkdir()
    orchard.install(tmp_path / "env")
    suite_data.write_arena(tmp_path / "arena")
    places = {name: str(tmp_path / name) for name in ("empty", "arena", "report", "env", "out")}
    ran = seal("eval", *(word.format(**places) for word in words), "--json")
    error = ran.json["error"]
    assert ran.code == error["exit_code"] == (6 if "model" in said else 2)
    assert said in error["message"]
    assert hint in error["hint"]
    assert not (tmp_path / "out").exists()


def words_for(tmp_path: Path, suite: str, data: Path) -> list:
    quick = [word for pair in QUICK for word in ("--set", pair)]
    return ["eval", "--suite", suite, "--data", data, "--report", tmp_path / "report", "--max-tokens", 8, *quick,
            "--device", "cpu", "--threads", 1, "--results", tmp_path / "RESULTS.md", "--json"]  # fmt: skip


def test_code_update_arena_from_data_to_report(seal, tiny, tmp_path):
    words = words_for(tmp_path, "code-update-arena", suite_data.write_arena(tmp_path / "data"))
    ran = seal(*words)
    assert ran.code == 0, ran.err
    report = ran.json
    assert [(arm["arm"], arm["tasks"], arm["adapted"]) for arm in report["arms"]] == [
        ("base", 3, 0), ("base+doc", 3, 0), ("adapter", 3, 3), ("adapter+doc", 3, 3),
    ]  # fmt: skip
    assert report["groups"] == {suite_data.ROOT: 2, suite_data.SPLIT: 1}
    assert report["failures"] == [f"{suite_data.SPLIT}:[prog_syn-1] is left out, its reference fails: MemoryError"]
    for one in report["learned"].values():
        assert one["self_edits"]["kept"] > 10
        assert one["train"]["steps"] == 11
    by_arm = {arm["arm"]: arm for arm in report["arms"]}
    assert by_arm["adapter"]["bits"] != by_arm["base"]["bits"] != by_arm["base+doc"]["bits"]
    # eleven steps at a high rate on the documentation's names must show on a random model, or nothing was learned
    (gain,) = (d for d in report["differences"] if (d["arm"], d["against"]) == ("adapter", "base"))
    assert gain["name_bits"]["low"] > 0
    assert (gain["resampled"], gain["bits"]["n"]) == ("groups", 2)
    rows = [json.loads(line) for line in (tmp_path / "report" / "code-update-arena.jsonl").read_text().splitlines()]
    assert len(rows) == 12
    assert all((row["adapter"] != "") == row["arm"].startswith("adapter") for row in rows)
    assert len({row["adapter"] for row in rows if row["adapter"]}) == 2
    markdown = (tmp_path / "RESULTS.md").read_text()
    assert "## CodeUpdateArena" in markdown
    assert "| adapter+doc | base+doc |" in markdown
    assert "CodeUpdateArena: gains" in (tmp_path / "report" / "report.html").read_text()
    again = seal(*words).json
    assert again["answers"]["from_earlier_runs"] == again["answers"]["asked"] > 0
    assert {key: again[key] for key in ("arms", "differences")} == {key: report[key] for key in ("arms", "differences")}


def test_no_task_text_reaches_what_is_trained(seal, tiny, tmp_path):
    words = words_for(tmp_path, "code-update-arena", suite_data.write_arena(tmp_path / "data"))
    assert seal(*words, "--arms", "base,adapter").code == 0
    edits = [json.loads(file.read_text()) for file in (tmp_path / "report" / "learned").glob("*/edits.json")]
    texts = [edit["prompt"] + edit["completion"] for one in edits for edit in one["edits"]]
    assert len(edits) == 2
    assert any("degree" in text for text in texts)
    for word in ("gardener", "edges", "sides", "hungry", "test_cubes", "old_sqrt"):
        assert not any(word in text for text in texts)


def test_beatnum_from_data_to_report(seal, tiny, tmp_path):
    pytest.importorskip("numpy")
    ran = seal(*words_for(tmp_path, "beatnum", suite_data.write_beatnum(tmp_path / "data")))
    assert ran.code == 0, ran.err
    report = ran.json
    assert [(arm["arm"], arm["tasks"], arm["adapted"]) for arm in report["arms"]] == [
        ("base", 3, 0), ("api_n", 3, 0), ("human_labelled", 3, 0), ("adapter", 3, 3), ("adapter+api_n", 3, 3),
    ]  # fmt: skip
    assert report["failures"] == []
    assert {(d["arm"], d["against"]) for d in report["differences"]} >= {("adapter", "base"), ("adapter", "api_n")}
    assert all(d["resampled"] == "tasks" for d in report["differences"])


@pytest.mark.parametrize(("arms", "said"), [("base,wrong", "unknown arms: wrong"), ("adapter", "base is missing")])
def test_arms_are_checked(seal, tiny, tmp_path, arms, said):
    words = words_for(tmp_path, "code-update-arena", suite_data.write_arena(tmp_path / "data"))
    assert said in seal(*words, "--arms", arms).json["error"]["message"]


def test_references_are_counted(seal, tmp_path):
    data = suite_data.write_arena(tmp_path / "data")
    ran = seal("eval", "--suite", "code-update-arena", "--data", data, "--check-references", "--sample", 1, "--json")
    found = ran.json
    assert (found["references"], found["passed"], found["passed_without_update"]) == (4, 3, 0)
    assert found["failed"] == {f"{suite_data.SPLIT}:[prog_syn-1]": "MemoryError"}
    told = seal("eval", "suite", "code-update-arena", "--data", data, "--check-references").out
    assert "3 of 4 reference solutions pass\n0 pass without the update\n" in told


@pytest.mark.parametrize("source", ["--checkout", "--sdist"])
def test_mining_writes_a_case_file_that_measures(seal, tmp_path, source):
    root = write_checkout(tmp_path / "orchard_tools-1.2.0")
    archive = write_sdist(tmp_path / "sdist.tar.gz", root)
    orchard.install(tmp_path / "env")
    out = tmp_path / "cases.jsonl"
    words = ["eval", "mine", "--library", "orchard-tools==1.2.0", "--python", tmp_path / "env", "--out", out]
    ran = seal(*words, source, root if source == "--checkout" else archive, "--json")
    assert ran.code == 0, ran.err
    cases = load_cases(out)
    assert ran.json["cases"] == len(cases) > 10
    assert ran.json["kinds"].keys() == {"import", "member", "keyword"}
    assert ran.json["copyable"] <= 0.4 * len(cases)
    compared = seal(*words, source, root if source == "--checkout" else archive, "--compare", out)
    assert f"candidates compared: {len(cases)} same, 0 different, 0 no use, 0 not found" in compared.out
