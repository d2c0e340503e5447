# ruff: noqa: E501 - code in a table reads best with one row a line
"""Tiny benchmarks written for the tests, in the formats of the real ones: three updates of known functions with four tasks
(CodeUpdateArena), three tasks on numpy under invented names (BeatNum).
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from seal_lsp.measure.suites import beatnum


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


_HEAD = "import beatnum as bn\n\n"
_TASKS = [
    ("NumpyEval/0", _HEAD + "# the sum of the numset\nresult =", "none",
     [" bn.total_count(bn.numset([1, 2, 3]))", " 6"], "\ndef check():\n    assert result == 6\n"),
    ("NumpyEval/1", _HEAD + "def get_get_minimum(arr):\n    # the smallest\n", "get_minimum",
     ["    return bn.get_min(arr, axis=0)"], "\ndef check(f):\n    assert f(np.array([3, 1])) == 1\n"),
    ("NumpyEval/2", _HEAD + "def to_numset(arr):\n    # flat\n", "to_numset",
     ["    return arr.convert_into_one_dim()"], "\ndef check(f):\n    assert f(np.ones((2, 2))).shape == (4,)\n"),
]  # fmt: skip
_DOCS = {
    "NumpyEval/0": ["total_count(a, axis=None, out=None, keepdims=<no value>): Return the sum.",
                    "numset(obj, itemsize=None): Return a `numset`."],
    "NumpyEval/1": ["get_min(a, axis=None): Get the smallest.", "total_count(a): Another line of a known name."],
    "NumpyEval/2": ["convert_into_one_dim(self, order='C'): A flat copy.", "arr_range([start,] stop): Evenly spread."],
}  # fmt: skip


def write_beatnum(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for variant, name in beatnum.FILES.items():
        rows = []
        for task, prompt, entry, solutions, test in _TASKS:
            docs = "".join(f"# {line}\n" for line in _DOCS[task][: 1 if variant == "human_labelled" else 2])
            shown = prompt if variant == "plain" else f"# [start]\n{docs}# [end]\n{prompt}"
            row = {
                "task_id": task,
                "prompt": shown,
                "entry_point": entry,
                "canonical_solution": solutions,
                "test": test,
            }
            rows.append(row)
        with gzip.open(folder / name, "wt", encoding="utf-8") as file:
            file.write("".join(json.dumps(row) + "\n" for row in rows))
    return folder
