from __future__ import annotations

import json

import pytest

from seal_lsp.core.errors import UsageError
from seal_lsp.measure.cases import dump_cases, load_cases, sample

ROW = {
    "library": "orchard-tools",
    "version": "1.2.0",
    "package": "orchard",
    "path": "README.md",
    "kind": "member",
    "gold": "climb",
    "copyable": False,
    "candidates": ["climb", "fold"],
    "prefix": "ladder.",
    "suffix": "()",
}


def test_a_file_is_read_and_written_back(tmp_path):
    path = tmp_path / "cases.jsonl"
    path.write_text(json.dumps(ROW | {"unknown": 1}) + "\n\n")
    cases = load_cases(path)
    assert [(c.gold, c.candidates) for c in cases] == [("climb", ("climb", "fold"))]
    path.write_text(dump_cases(cases))
    assert load_cases(path) == cases


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no case"),
        ("{", ":1 is not JSON"),
        ("[]", ":1 lacks"),
        (json.dumps({k: v for k, v in ROW.items() if k != "gold"}), "lacks gold"),
    ],
)
def test_a_bad_file_is_named_with_its_line(tmp_path, text, said):
    path = tmp_path / "cases.jsonl"
    path.write_text(text)
    with pytest.raises(UsageError, match=said):
        load_cases(path)


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(UsageError, match="cannot read the case file"):
        load_cases(tmp_path / "none.jsonl")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"gold": "jump"}, "'jump' is not among the candidates"),
        ({"gold": ""}, "gold is empty"),
        ({"version": 3}, "version is not a text"),
        ({"kind": "verb"}, "kind is 'verb'"),
        ({"copyable": "no"}, "copyable is neither true nor false"),
        ({"candidates": "climb"}, "candidates is not a list"),
        ({"candidates": ["climb", 3]}, "candidates is not a list"),
    ],
)
def test_a_row_that_makes_no_sense_is_named_with_its_line(tmp_path, change, said):
    path = tmp_path / "cases.jsonl"
    path.write_text(json.dumps(ROW) + "\n" + json.dumps(ROW | change) + "\n")
    with pytest.raises(UsageError, match=rf":2: .*{said}"):
        load_cases(path)


def test_a_sample_is_of_each_library_by_seed_in_the_file_s_order(tmp_path):
    path = tmp_path / "cases.jsonl"
    rows = [ROW | {"prefix": f"x{n}.", "library": library} for library in ("a", "b") for n in range(20)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    cases = load_cases(path)
    some = sample(cases, 3, seed=0)
    assert [case.library for case in some] == ["a"] * 3 + ["b"] * 3
    assert [cases.index(case) for case in some] == sorted(cases.index(case) for case in some)
    assert sample(cases, 3, seed=0) == some != sample(cases, 3, seed=1)
    assert sample(cases[:20], 3, seed=0) == some[:3], "another library's cases change nothing"
    assert sample(cases, None, seed=0) == cases
    assert sample(cases, 100, seed=0) == cases
