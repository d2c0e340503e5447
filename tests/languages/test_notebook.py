"""Notebook cells."""

from __future__ import annotations

import json

import pytest

from seal_lsp.languages.python.notebook import blank_magics, cells, read_notebook


def notebook(*sources: object, **metadata: object) -> str:
    return json.dumps({"cells": [{"cell_type": "code", "source": s} for s in sources], "metadata": metadata})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (notebook("import a\n"), ["import a\n"]),
        (notebook(["import a\n", "a.b()"]), ["import a\na.b()"]),
        (notebook("%pip install a\nimport a\n!ls\na?"), ["\nimport a\n\n"]),
        (notebook("%%bash\nls\n"), ["\n\n"]),
        (notebook("%%time\nf()"), ["\nf()"]),
        (json.dumps({"cells": [{"cell_type": "markdown", "source": "# x"}, {"cell_type": "code"}, 3]}), [""]),
    ],
)
def test_cells(text: str, expected: list[str]) -> None:
    assert cells(text) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "not a notebook"),
        ("{", "not a notebook"),
        ("[1]", "not a notebook"),
        ('{"cells": 3}', "not a notebook"),
        (notebook("x", language_info={"name": "julia"}), "another language"),
        ("[" * 100_000, "not a notebook"),
    ],
)
def test_what_is_no_notebook_says_so(text: str, problem: str) -> None:
    found = read_notebook(text)
    assert not found.cells
    assert problem in found.problem


@pytest.mark.parametrize("source", ["a % b\n%magic\nc", "x = 1\n\n", "!ls"])
def test_blanking_keeps_the_lines(source: str) -> None:
    assert blank_magics(source).count("\n") == source.count("\n")
