"""Updates and tasks of a fixture arena: what is learned, what is held out, and that the tests tell them apart."""

from __future__ import annotations

import ast

import pytest
import suite_data

from seal_lsp.core.errors import UsageError
from seal_lsp.languages.python.support import Python
from seal_lsp.measure.suites import code_update_arena as arena
from seal_lsp.measure.suites.sandbox import Limits, run_program
from seal_lsp.measure.suites.stub_library import documented


@pytest.fixture
def updates(tmp_path):
    return arena.load(suite_data.write_arena(tmp_path / "data"))


def tasks_of(update, folder):
    language = Python()
    environment = arena.write_stub(update, folder / str(update.library))
    library = language.installed(environment)[0]
    surface = language.surface(library, environment)
    return surface, arena.tasks_of(update, surface, language)


def test_the_standard_part_is_the_default(tmp_path, updates):
    assert [update.path for update in updates] == ["math.sqrt", "re.breakdown"]
    assert len(arena.load(tmp_path / "data", packages=None)) == 3


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot read"), ("{", "is not CodeUpdateArena's"), ('{"update": {}}\n', "is not CodeUpdateArena's")],
)
def test_data_that_is_not_there(tmp_path, content, said):
    if content is not None:
        (tmp_path / "arena.jsonl").write_text(content)
    with pytest.raises(UsageError, match=said) as raised:
        arena.load(tmp_path)
    assert "arena.jsonl" in raised.value.hint


def test_a_sample_depends_on_its_seed_alone(updates):
    chosen = [[u.id for u in arena.sample(updates, 1, seed=seed)] for seed in range(12)]
    assert chosen == [[u.id for u in arena.sample(list(reversed(updates)), 1, seed=seed)] for seed in range(12)]
    assert {ids[0] for ids in chosen} == {update.id for update in updates}
    assert arena.sample(updates, 5, seed=0) == updates


def test_a_stub_holds_the_documentation_and_nothing_behind_it(tmp_path, updates):
    surface, _ = tasks_of(updates[0], tmp_path)
    symbol = surface.resolve("math.sqrt")
    assert symbol.signature() == "sqrt(x, *, degree=2) -> float"
    assert symbol.summary == "math.sqrt can take another root."
    assert "must not be 0" in symbol.doc
    assert "old_sqrt" not in (tmp_path / str(updates[0].library) / "math" / "__init__.py").read_text()
    other, _ = tasks_of(updates[1], tmp_path)  # `string[, maxsplit]` is no Python: the implementation's says it
    assert other.resolve("re.breakdown").signature() == "breakdown(pattern, string, maxsplit=0)"


def test_prompts_show_the_problem_and_only_doc_shows_the_update(tmp_path, updates):
    _, tasks = tasks_of(updates[0], tmp_path)
    plain, doc = tasks[0].prompts["plain"], tasks[0].prompts["doc"]
    assert doc.endswith(plain)
    assert "degree=2" in doc.removesuffix(plain)
    assert "degree" not in plain
    assert "A gardener plans bed number 0." in plain
    assert "assert" not in doc
    assert tasks[0].reference.startswith("    # the edge of each cube\n")
    ast.parse(plain + tasks[0].reference)


def test_names_to_know_are_those_of_the_updated_function(tmp_path, updates):
    found = [
        [task.reference[start:end] for start, end in task.names]
        for update in updates
        for task in tasks_of(update, tmp_path)[1]
    ]
    assert found == [["sqrt", "degree"], ["sqrt", "x", "degree"], ["breakdown"], ["breakdown"]]


def test_references_pass_with_the_update_and_fail_without(tmp_path, updates):
    limits = Limits(seconds=10, memory_mb=512)
    told = {}
    for update in updates:
        for task, example in zip(tasks_of(update, tmp_path)[1], update.tasks, strict=True):
            with_it = run_program(task.program(task.reference), tests=task.tests, limits=limits)
            wrong = run_program(task.program("    return None\n"), tests=task.tests, limits=limits)
            without = run_program(arena.without_update(example), tests=arena.TESTS, limits=limits)
            told[task.id] = (with_it.error, wrong.passed, without.passed)
    assert list(told.values()) == [
        ("", False, False),
        ("", False, False),
        ("", False, False),
        ("MemoryError", False, False),
    ]


@pytest.mark.parametrize(
    ("source", "head", "body"),
    [
        ("import re\n\ndef f(a,\n      b=(1, 2)):\n    return a\n",
         'import re\nimport math\n\n\ndef f(a,\n      b=(1, 2)):\n    """D\n    """\n', "    return a\n"),
        ("def f(a: dict[str, int]) -> int: return a\n",
         'import math\n\n\ndef f(a: dict[str, int]) -> int:\n    """D\n    """\n', "    return a\n"),
        ('import math as m\ndef f():\n     """Own."""\n     x = 1\n     return m.pi\n',
         'import math as m\n\n\ndef f():\n     """D\n     """\n', "     x = 1\n     return m.pi\n"),
    ],
)  # fmt: skip
def test_solutions_are_split_into_what_is_given_and_what_is_asked(source, head, body):
    assert arena.split_solution(source, "D", "math") == (head, body)
    ast.parse(head + body)


@pytest.mark.parametrize(
    ("signature", "expected"),
    [
        ("math.sin(x, unit='radians')", ("sin", "x, unit='radians'", "")),
        ("def math.sine(x,/)", ("sine", "x,/", "")),
        ("def f(a, *, b: int = 2) -> float:", ("f", "a, *, b: int = 2", "float")),
        ("f(a) -> Match object or None", ("f", "a", "")),
        ("f(a, axis=<no value>)", ("f", "a, axis=None", "")),
        ("islice(iterable, stop[, step])", None),
        ("sine", None),
    ],
)
def test_signatures_as_documentation_writes_them(signature, expected):
    found = documented(signature, "doc")
    assert (found and (found.name, found.parameters, found.returns)) == expected
