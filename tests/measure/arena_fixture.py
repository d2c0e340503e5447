# ruff: noqa: E501 - code in a table reads best with one row a line
"""A tiny arena in CodeUpdateArena's format, written for the tests: two updates of Python's library, four tasks."""

from __future__ import annotations

import json
from pathlib import Path


def _task(update: str, n: int, name: str, body: str, tests: str, head: str = "") -> dict:
    return {
        "scenario": f"A gardener plans bed number {n}.",
        "problem": f"Compute {name} for the garden.\nUse what is there.",
        "solution_signature": f"def {name}(values: List[float]) -> List[float]:",
        "unit_tests": tests,
        "prog_syn_imports": "",
        "ref_solution": f"from typing import List\nimport math\nimport re\n{head}\ndef {name}(values):\n{body}\n",
        "prog_syn_id": f"{update}:[prog_syn-{n}]",
    }


ROOT = "[math.sqrt]:[add-argument]:[update-0]"
SPLIT = "[re.split]:[modify-function-name]:[update-0]"
ROWS = [
    {
        "update": {
            "description": "math.sqrt can take another root.",
            "rationale": "Cubes exist.",
            "docstring": "The keyword 'degree' is the root that is taken, 2 by default.\n\nIt must not be 0.",
            "signature": "math.sqrt(x, *, degree=2) -> float",
            "imports": "import math\nold_sqrt = math.sqrt\nsetattr(math, 'old_sqrt', old_sqrt)",
            "implementation": "def sqrt(x, *, degree=2):\n    return old_sqrt(x) if degree == 2 else x ** (1 / degree)\n",
            "update_type": "add-argument",
            "function_path": "math.sqrt",
            "package": "math",
            "update_id": ROOT,
        },
        "prog_syn_examples": [
            _task(
                ROOT, 0, "edges", "    # the edge of each cube\n    return [round(math.sqrt(v, degree=3), 6) for v in values]",
                "def test_cubes():\n    assert edges([8, 27]) == [2, 3]\n\ndef test_none():\n    assert edges([]) == []\n",
            ),
            _task(
                ROOT, 1, "sides", '    """Sides."""\n    return [math.sqrt(x=v, degree=2) for v in values]\n',
                "def test_squares():\n    assert sides([4, 9]) == [2, 3]\n",
            ),
        ],
    },
    {
        "update": {
            "description": "Rename re.split to re.breakdown.",
            "rationale": "It says more.",
            "docstring": "re.split is now called re.breakdown; its arguments are the same.",
            "signature": "re.breakdown(pattern, string[, maxsplit])",
            "imports": "import re\nold_split = re.split\nsetattr(re, 'old_split', old_split)",
            "implementation": "def breakdown(pattern, string, maxsplit=0):\n    return old_split(pattern, string, maxsplit)\n",
            "update_type": "modify-function-name",
            "function_path": "re.split",
            "package": "re",
            "update_id": SPLIT,
        },
        "prog_syn_examples": [
            _task(
                SPLIT, 0, "rows", "    return re.breakdown(',', values)",
                "def test_rows():\n    assert rows('a,b') == ['a', 'b']\n",
            ),
            _task(
                SPLIT, 1, "hungry", "    return [list(range(10**9)) for v in re.breakdown(',', values)]",
                "def test_it():\n    assert hungry('a')\n",
            ),
        ],
    },
    {
        "update": {
            "description": "numpy.zeros counts.", "rationale": "", "docstring": "No.", "signature": "numpy.zeros(n)",
            "imports": "import numpy", "implementation": "def zeros(n):\n    return [0] * n\n", "update_type": "x",
            "function_path": "numpy.zeros", "package": "numpy", "update_id": "[numpy.zeros]:[x]:[update-0]",
        },
        "prog_syn_examples": [],
    },
]  # fmt: skip


def write_arena(folder: Path, rows: list[dict] | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    rows = ROWS if rows is None else rows
    (folder / "arena.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder
