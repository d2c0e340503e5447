"""Arms over tasks with a scripted model: what runs under which adapter, what is cut, how gains are counted."""

from __future__ import annotations

import math

import pytest

from seal_lsp.lm.scripted import ScriptedLanguageModel
from seal_lsp.measure.suites.sandbox import Verdict
from seal_lsp.measure.suites.tasks import Arm, Row, Task, cut, differences, measure, summaries

ARMS = (Arm("base", "plain", False), Arm("base+doc", "doc", False), Arm("adapter", "plain", True))


@pytest.mark.parametrize(
    ("prompt", "text", "kept"),
    [
        ("def f():\n", "    return 1\n\n\nprint(f())", "    return 1\n"),
        ("def f():\n    # why\n", "    a = 1\n\n    return a\ndef g(): pass", "    a = 1\n\n    return a\n"),
        ('def f():\n    """D."""\n', "\n    return 1", "\n    return 1\n"),
        ("def f():\n", "print(1)", "\n"),
        ("x =", " 1\ny = 2", " 1\n"),
        ("x = ", "g(\n    1,\n)\ny", "g(\n    1,\n)\n"),
        ("x =", " (", " (\n"),
        ("a = 1\n# now\nb = ", "a\n# then", "a\n"),
    ],
)
def test_an_answer_ends_where_its_block_or_statement_ends(prompt, text, kept):
    assert cut(prompt, text) == kept


def task(name: str, group: str) -> Task:
    prompts = {"plain": f"{name} =", "doc": f"# doc\n{name} ="}
    return Task(name, group, prompts, " right(key=1)\n", ((1, 6), (7, 10)), lambda answer: f"{name} ={answer}")


def judge(one: Task, answer: str) -> Verdict:
    return Verdict("right" in one.program(answer), "", ())


def test_each_arm_has_its_prompt_and_its_adapter():
    model = ScriptedLanguageModel(
        {"a =": " wrong", "# doc\na =": " right", "b =": " wrong"},
        adapters={"A": {"rules": {"a =": " right"}, "preferences": {"right": 0.5, "key": 0.25}}},
    )
    tasks = [task("a", "g1"), task("b", "g2")]
    done = []
    rows = measure(tasks, ARMS, model, {"g1": "A"}, judge, max_tokens=8, progress=lambda n, of: done.append((n, of)))
    table = {(row.arm, row.task): (row.passed, row.answer, row.adapter) for row in rows}
    assert table == {
        ("base", "a"): (False, " wrong\n", ""),
        ("base", "b"): (False, " wrong\n", ""),
        ("base+doc", "a"): (True, " right\n", ""),
        ("base+doc", "b"): (False, " wrong\n", ""),
        ("adapter", "a"): (True, " right\n", "A"),
        ("adapter", "b"): (False, " wrong\n", ""),  # nothing was learned for it: the bare base
    }
    names = {(row.arm, row.task): row.name_bits for row in rows}
    assert names["adapter", "a"] == pytest.approx(-(math.log2(0.5) + math.log2(0.25)) / len("rightkey"))
    assert names["base", "a"] == names["adapter", "b"] > names["adapter", "a"]
    assert done[-1] == (6, 6)


def row(arm: str, name: str, group: str, passed: bool, bits: float) -> Row:
    return Row(arm, name, group, passed, "", "", bits, None, "A" if arm == "adapter" else "")


def test_gains_are_positive_when_better_and_have_intervals():
    rows = [row("base", str(n), f"g{n % 5}", False, 2.0) for n in range(20)]
    rows += [row("adapter", str(n), f"g{n % 5}", n % 2 == 0, 1.5) for n in range(20)]
    base, adapter = summaries(rows, (ARMS[0], ARMS[2]))
    assert base == {"arm": "base", "tasks": 20, "adapted": 0, "pass@1": 0.0, "bits": 2.0, "name_bits": None}
    assert (adapter["pass@1"], adapter["adapted"]) == (0.5, 20)
    (gain,) = differences(rows, [("adapter", "base"), ("adapter+doc", "base")])  # what was not measured is left out
    assert (gain["arm"], gain["against"], gain["resampled"], gain["name_bits"]) == ("adapter", "base", "groups", None)
    assert gain["bits"] == {"mean": 0.5, "low": 0.5, "high": 0.5, "n": 5}
    assert gain["pass@1"]["mean"] == 0.5
    (loss,) = differences(rows, [("base", "adapter")])
    assert (loss["bits"]["mean"], loss["pass@1"]["mean"]) == (-0.5, -0.5)


def test_tasks_are_resampled_where_there_is_one_group():
    rows = [row("base", str(n), "g", False, 2.0) for n in range(20)]
    rows += [row("adapter", str(n), "g", n < 10, 2.0) for n in range(20)]
    (gain,) = differences(rows, [("adapter", "base")])
    assert (gain["resampled"], gain["pass@1"]["n"]) == ("tasks", 20)
    assert 0.2 < gain["pass@1"]["low"] < 0.5 < gain["pass@1"]["high"] < 0.8
