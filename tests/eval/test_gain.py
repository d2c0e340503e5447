"""It learns: a library that no model can know, learned on a small budget by the real learner, measured by the real
command at twenty places of code that the learner never saw. Fails when the gain is gone.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass

import pytest
import quayside_places
from eval_project import seal_eval

from seal_lsp.measure.overlap import Overlap

TOKENS = 6000


@dataclass(frozen=True)
class Found:
    report: dict
    rows: list[dict]

    def of(self, arm: str) -> list[dict]:
        return [row for row in self.rows if row["arm"] == arm]

    def gain(self, metric: str, arm: str = "adapter") -> dict:
        """`arm` minus base, over the twenty places."""
        (one,) = [
            entry
            for entry in self.report["differences"]
            if (entry["arm"], entry["against"], entry["split"], entry["metric"]) == (arm, "base", "noncopyable", metric)
        ]
        return one


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> Found:
    if os.environ.get("SEAL_SKIP_WEIGHTS"):
        pytest.skip("SEAL_SKIP_WEIGHTS is set: whether anything is learned is NOT tested")
    root = tmp_path_factory.mktemp("gain")
    done = seal_eval(
        {}, quayside_places.case_file(root), "--site", quayside_places.install(root / "site"), "--report",
        root / "report", "--arms", "base,adapter,product", "--set", f"tokens={TOKENS}", "--model", "default",
        "--device", "cpu", "--hovers", 0, "--ignore-gate", timeout=590,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    lines = (root / "report" / "results.jsonl").read_text(encoding="utf-8").splitlines()
    return Found(json.loads((root / "report" / "report.json").read_text()), [json.loads(line) for line in lines])


def test_the_places_are_held_out_and_their_names_cannot_be_copied():
    library = Overlap([file.read_text(encoding="utf-8") for file in quayside_places.SOURCE.iterdir() if file.is_file()])
    rows = quayside_places.rows()
    assert len(rows) == 20
    assert {row["kind"] for row in rows} == {"import", "member", "keyword"}
    assert not any(library(row["prefix"] + row["gold"] + row["suffix"]) for row in rows)
    assert not any(row["copyable"] for row in rows)
    assert all(row["gold"] in row["candidates"] and len(row["candidates"]) > 1 for row in rows)


@pytest.mark.weights
def test_the_budget_was_kept(found):
    (one,) = found.report["libraries"].values()
    assert 0 < one["train"]["trained_tokens"] <= 1.05 * TOKENS
    assert one["self_edits"]["kept"] > 0


@pytest.mark.weights
def test_names_cost_fewer_bits_after_learning(found):
    gain = found.gain("bits_per_byte")
    assert gain["high"] < 0, "the interval holds 0: nothing was learned for sure"
    assert gain["mean"] < -0.15 * found.report["arms"]["base"]["noncopyable"]["bits_per_byte"]


@pytest.mark.weights
def test_the_right_name_comes_earlier_after_learning(found):
    assert found.gain("top5")["mean"] >= 0
    assert found.gain("exact")["mean"] > 0


@pytest.mark.weights
def test_the_product_offers_every_right_name_and_mostly_first(found):
    product = found.of("product")
    assert all(row["known"] for row in product if row["kind"] != "import")
    assert [row["gold"] for row in product if row["rank"] is None] == []
    base, adapter = (sum(row["rank"] == 1 for row in found.of(arm)) for arm in ("base", "adapter"))
    assert sum(row["rank"] == 1 for row in product) >= max(base, adapter)
