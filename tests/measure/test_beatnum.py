"""BeatNum's format on three tasks written for the tests: doc lines, names turned back, programs that run on numpy."""

from __future__ import annotations

import gzip

import pytest
from suite_data import write_beatnum

from seal_lsp.core.errors import UsageError
from seal_lsp.languages.python.support import Python
from seal_lsp.measure.suites import beatnum
from seal_lsp.measure.suites.sandbox import Limits, Runtime
from seal_lsp.measure.suites.tasks import run_task


@pytest.fixture
def benchmark(tmp_path):
    return beatnum.load(write_beatnum(tmp_path / "data"))


def test_doc_lines_become_a_library(tmp_path, benchmark):
    environment = beatnum.write_stub(benchmark, tmp_path / "site")
    language = Python()
    surface = language.surface(language.installed(environment)[0], environment)
    assert {q: s.signature() for q, s in surface.symbols.items() if s.kind == "function"} == {
        "beatnum.total_count": "total_count(a, axis=None, out=None, keepdims=None)",
        "beatnum.numset": "numset(obj, itemsize=None)",
        "beatnum.get_min": "get_min(a, axis=None)",
        "beatnum.convert_into_one_dim": "convert_into_one_dim(order='C')",
        "beatnum.arr_range": "arr_range(*args, **kwargs)",
    }
    assert surface.resolve("beatnum.total_count").doc == "Return the sum."
    written = (tmp_path / "site" / "beatnum" / "__init__.py").read_text()
    assert not any(text in written for text in ("[1, 2, 3]", "smallest\n    return", "import beatnum"))


def test_every_prompt_and_solution_is_held_out(benchmark):
    assert len(benchmark.held_out) == 4
    assert any("bn.get_min(arr, axis=0)" in text for text in benchmark.held_out)


@pytest.mark.parametrize(
    ("invented", "own"),
    [
        ("bn.numset([1])", "np.array([1])"),
        ("a.convert_into_one_dim()", "a.flatten()"),
        ("bn.ndnumset", "np.ndarray"),
        ("bn.find_sorted(a, get_minlength=2)", "np.searchsorted(a, minlength=2)"),
        ("bn.intersection1dim(astotal_counte_uniq=True)", "np.in1d(assume_unique=True)"),
        ("import beatnum as bn", "import numpy as np"),
        ("mean = bn.average(x)", "mean = np.mean(x)"),
    ],
)
def test_names_are_turned_back(invented, own):
    assert beatnum.restored(invented) == own


def test_references_run_on_numpy(benchmark):
    pytest.importorskip("numpy")
    told = {}
    for task in beatnum.tasks_of(benchmark):
        names = [task.reference[start:end] for start, end in task.names]
        verdict = run_task(task, task.reference, Limits(), Runtime())
        zero = " 0\n" if task.prompts["plain"].endswith("=") else "    return 0\n"
        wrong = run_task(task, zero, Limits(), Runtime())
        told[task.id] = (names, verdict.error, wrong.passed)
    assert told == {
        "NumpyEval/0": (["total_count", "numset"], "", False),
        "NumpyEval/1": (["get_min"], "", False),
        "NumpyEval/2": (["convert_into_one_dim"], "", False),
    }


def test_variants_differ_in_their_documentation_alone(benchmark):
    for task in beatnum.tasks_of(benchmark):
        plain = task.prompts["plain"]
        assert all(prompt.endswith(plain) for prompt in task.prompts.values())
        assert len(task.prompts["api_n"]) > len(task.prompts["human_labelled"]) > len(plain)


@pytest.mark.parametrize("break_it", ["missing", "no gzip", "other rows"])
def test_data_that_is_not_there(tmp_path, break_it):
    folder = write_beatnum(tmp_path)
    file = folder / beatnum.FILES["api_n"]
    if break_it == "missing":
        file.unlink()
    elif break_it == "no gzip":
        file.write_bytes(b"{}")
    else:
        file.write_bytes(gzip.compress(b'{"task": 1}\n'))
    with pytest.raises(UsageError) as raised:
        beatnum.load(folder)
    assert str(folder) in raised.value.message
    assert raised.value.hint
