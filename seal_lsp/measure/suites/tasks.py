"""What every suite is made of: tasks that a model goes on with, arms that differ in prompt or adapter, and what is
measured of each: pass@1 of the greedy answer, and bits per byte of the reference.

Knows no suite. Nothing of a task (prompt, reference, tests) may train: what is learned is the suite's business.
"""

from __future__ import annotations

import ast
import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import fmean

from seal_lsp.core.lm import LanguageModel
from seal_lsp.measure.bootstrap import Interval, paired
from seal_lsp.measure.suites.sandbox import Limits, Runtime, Verdict, run_program

BATCH = 16
"""Tasks that are asked for together; a model that keeps so many prompts reads each once."""
_MOST_NAMES = 3
_STOPS = ("\ndef ", "\nclass ", "\n@", "\n#", "\nif ", "\nprint", "\nassert", "\nimport ", "\nfrom ", "\n```", "\n\n\n")


@dataclass(frozen=True)
class Task:
    """`group` names what is learned for it. `prompts` are by variant, `plain` among them; each is followed by the
    reference. `names` are spans of the reference that spell what has to be known. `program` makes a whole program of an
    answer to the plain prompt; `tests` is the beginning of its test functions' names, '' when it checks itself. The
    sandbox imports `preload` before it closes."""

    id: str
    group: str
    prompts: Mapping[str, str]
    reference: str
    names: tuple[tuple[int, int], ...]
    program: Callable[[str], str]
    tests: str = ""
    preload: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Arm:
    """The prompt's variant, and whether the group's adapter is on."""

    name: str
    prompt: str
    adapted: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One arm on one task. `bits` are bits per byte of the whole reference, `name_bits` of the names in it (None where
    it has none). `adapter` is '' for the bare base, also where nothing could be learned for an adapted arm."""

    arm: str
    task: str
    group: str
    passed: bool
    error: str
    answer: str
    bits: float | None
    name_bits: float | None
    adapter: str


def run_task(task: Task, answer: str, limits: Limits, runtime: Runtime) -> Verdict:
    """Run an answer to the plain prompt with the task's tests."""
    runtime = replace(runtime, preload=(*runtime.preload, *task.preload))
    return run_program(task.program(answer), tests=task.tests, limits=limits, runtime=runtime)


def measure(
    tasks: Sequence[Task],
    arms: Sequence[Arm],
    model: LanguageModel,
    adapters: Mapping[str, str],
    run: Callable[[Task, str], Verdict],
    *,
    max_tokens: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Row]:
    """A row for each arm and task. `adapters` gives the digest of a group's loaded adapter."""
    rows: list[Row] = []
    for arm in arms:
        for adapter, some in _by_adapter(tasks, arm, adapters).items():
            for start in range(0, len(some), BATCH):
                rows += _rows(arm, some[start : start + BATCH], model, adapter, run, max_tokens)
                progress(len(rows), len(arms) * len(tasks))
    return rows


def _by_adapter(tasks: Sequence[Task], arm: Arm, adapters: Mapping[str, str]) -> dict[str | None, list[Task]]:
    grouped: dict[str | None, list[Task]] = defaultdict(list)
    for task in tasks:
        grouped[adapters.get(task.group) if arm.adapted else None].append(task)
    return grouped


def _rows(
    arm: Arm,
    tasks: Sequence[Task],
    model: LanguageModel,
    adapter: str | None,
    run: Callable[[Task, str], Verdict],
    max_tokens: int,
) -> list[Row]:
    prompts = [task.prompts[arm.prompt] for task in tasks]
    costs = [_costs(model, task, prompt, adapter) for task, prompt in zip(tasks, prompts, strict=True)]
    written = model.generate(prompts, max_tokens=max_tokens, stop=_STOPS, adapter=adapter)
    rows = []
    for task, (bits, name_bits), text in zip(tasks, costs, written, strict=True):
        answer = cut(task.prompts["plain"], text.text)
        verdict = run(task, answer)
        rows.append(
            Row(
                arm=arm.name,
                task=task.id,
                group=task.group,
                passed=verdict.passed,
                error=verdict.error,
                answer=answer,
                bits=bits,
                name_bits=name_bits,
                adapter=adapter or "",
            )
        )
    return rows


def _costs(model: LanguageModel, task: Task, prompt: str, adapter: str | None) -> tuple[float | None, float | None]:
    """Bits per byte of the whole reference, and of the names in it."""
    whole = [(0, len(task.reference))]
    return tuple(_bits(model, prompt, spans, task.reference, adapter) for spans in (whole, task.names[:_MOST_NAMES]))


def _bits(
    model: LanguageModel, prompt: str, spans: Sequence[tuple[int, int]], reference: str, adapter: str | None
) -> float | None:
    """Bits per byte of some spans of the reference, each after all that stands before it; None without a span.

    Asked as single candidates: a model that keeps the prefix of its last question reads the prompt once.
    """
    if not spans:
        return None
    nats = sum(model.rank(prompt + reference[:a], [reference[a:b]], adapter=adapter)[0] for a, b in spans)
    return -nats / math.log(2) / sum(len(reference[a:b].encode()) for a, b in spans)


def cut(prompt: str, text: str) -> str:
    """What belongs to the answer: the rest of the block that the prompt is in, else of its statement."""
    lines = text.split("\n")
    if prompt.endswith("\n") and _inside_block(prompt):
        kept = []
        for line in lines:
            if line.strip() and not line[0].isspace():
                break
            kept.append(line)
        return "\n".join(kept).rstrip() + "\n"
    for upto in range(1, len(lines) + 1):
        answer = "\n".join(lines[:upto])
        if answer.strip() and _parses(prompt + answer):
            return answer.rstrip() + "\n"
    return lines[0] + "\n"


def _inside_block(prompt: str) -> bool:
    """The prompt is the beginning of a function's body (its signature, a docstring, comments)."""
    last = [line for line in prompt.split("\n") if line.strip()][-1:]
    return bool(last) and (last[0][0].isspace() or last[0].rstrip().endswith(":"))


def _parses(source: str) -> bool:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    return True


METRICS: dict[str, Callable[[Row], float | None]] = {
    "pass@1": lambda row: float(row.passed),
    "bits": lambda row: row.bits,
    "name_bits": lambda row: row.name_bits,
}
"""Whether the answer passes its tests; bits per byte of the reference, and of the names in it."""
LARGER_IS_BETTER = ("pass@1",)


def summaries(rows: Sequence[Row], arms: Sequence[Arm]) -> list[dict]:
    """One entry an arm: how many tasks, how many of them under an adapter, and the mean of each metric over tasks."""
    made = []
    for arm in arms:
        own = [row for row in rows if row.arm == arm.name]
        entry: dict = {"arm": arm.name, "tasks": len(own), "adapted": sum(bool(row.adapter) for row in own)}
        for name, metric in METRICS.items():
            values = [value for row in own if (value := metric(row)) is not None]
            entry[name] = round(fmean(values), 4) if values else None
        made.append(entry)
    return made


def differences(rows: Sequence[Row], pairs: Sequence[tuple[str, str]]) -> list[dict]:
    """For each (arm, against) that was measured: the gain in each metric, positive is better, with its 95 % interval.

    Groups are resampled where there are several (tasks of one update stand or fall together), else tasks.
    """
    by_group = len({row.group for row in rows}) > 1
    made = []
    for arm, against in pairs:
        own, other = ([row for row in rows if row.arm == name] for name in (arm, against))
        if own and other:
            gains = {name: _gain(other, own, metric, name, by_group=by_group) for name, metric in METRICS.items()}
            told = {name: gain.as_dict() if gain.n else None for name, gain in gains.items()}
            made.append({"arm": arm, "against": against, "resampled": "groups" if by_group else "tasks"} | told)
    return made


def _gain(
    before: Sequence[Row],
    after: Sequence[Row],
    metric: Callable[[Row], float | None],
    name: str,
    *,
    by_group: bool,
) -> Interval:
    old, new = _units(before, metric, by_group), _units(after, metric, by_group)
    shared = sorted(old.keys() & new.keys())
    pair = [old[unit] for unit in shared], [new[unit] for unit in shared]
    return paired(*(reversed(pair) if name in LARGER_IS_BETTER else pair))


def _units(rows: Sequence[Row], metric: Callable[[Row], float | None], by_group: bool) -> dict[str, float]:
    found: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        value = metric(row)
        if value is not None:
            found[row.group if by_group else row.task].append(value)
    return {unit: fmean(values) for unit, values in found.items()}


def as_records(rows: Sequence[Row]) -> list[dict]:
    return [asdict(row) for row in rows]
