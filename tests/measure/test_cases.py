from __future__ import annotations

import json

import pytest

from seal_lsp.core.errors import UsageError
from seal_lsp.measure.cases import dump_cases, load_cases

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
