"""One run of a suite, from its data to the numbers of its report. Composition: what is measured is in measure/suites/.

Adapters, answers and verdicts are kept below the report's folder, so that the same command goes on.
"""

from __future__ import annotations

import json
import shlex
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from seal_lsp.cli.eval_progress import Step, Watch
from seal_lsp.cli.eval_report import provenance
from seal_lsp.cli.eval_suite_learn import Learning, Stub, StubLearned, learn_stub, stub_in
from seal_lsp.cli.private_home import private_home, weights_in
from seal_lsp.core.errors import UsageError
from seal_lsp.languages.python.support import Python
from seal_lsp.lm.registry import ModelFolder
from seal_lsp.measure.remembered import Memory, RememberedModel
from seal_lsp.measure.suites import beatnum, code_update_arena
from seal_lsp.measure.suites.sandbox import Limits, Runtime, Verdict, run_program
from seal_lsp.measure.suites.tasks import BATCH, Arm, Row, Task, as_records, differences, measure, run_task, summaries
from seal_lsp.store.disk import write_atomic
from seal_lsp.store.paths import Paths

SUITES = ("code-update-arena", "beatnum")
TOKENS = {"code-update-arena": 3000, "beatnum": 12_000}
"""Trained tokens of one adapter: an update documents one function, BeatNum's lines some fifty."""
PAIRS = {"code-update-arena": code_update_arena.PAIRS, "beatnum": beatnum.PAIRS}
LIMITS = Limits(seconds=15, memory_mb=1024)


@dataclass(frozen=True)
class SuiteOptions:
    """What the command line asked for. `full` takes all of a suite, packages outside of Python's library too."""

    suite: str
    data: Path
    report: Path
    sample: int = 10
    full: bool = False
    python: Path | None = None
    sites: tuple[Path, ...] = ()
    arms: tuple[str, ...] = ()
    overrides: Mapping[str, object] = field(default_factory=dict)
    seed: int = 0
    model: str = ""
    device: str = "auto"
    runtime: str = "auto"
    threads: int | None = None
    max_tokens: int = 192

    def command_line(self, name: str = "eval") -> str:
        words: list[object] = ["seal-lsp", name, "--suite", self.suite, "--data", self.data, "--report", self.report]
        if self.suite == "code-update-arena":
            words += ["--full"] if self.full else ["--sample", self.sample]
        words += ["--arms", ",".join(self.arms)] if self.arms else []
        words += ["--python", self.python] if self.python else []
        words += [word for site in self.sites for word in ("--site", site)]
        words += [w for key, value in self.overrides.items() for w in ("--set", f"{key}={json.dumps(value)}")]
        words += ["--seed", self.seed, "--max-tokens", self.max_tokens]
        words += ["--model", self.model] if self.model else []
        words += ["--device", self.device] if self.device != "auto" else []
        words += ["--runtime", self.runtime] if self.runtime != "auto" else []
        words += ["--threads", self.threads] if self.threads else []
        return shlex.join(map(str, words))

    def sandboxed(self) -> Runtime:
        return Runtime(self.python or Path(sys.executable), self.sites)


@dataclass(frozen=True)
class Subject:
    """What is learned together, and the tasks that ask for it."""

    stub: Stub
    tasks: tuple[Task, ...]

    @property
    def group(self) -> str:
        return self.stub.group


def subjects_of(options: SuiteOptions, scratch: Path, *, whole: bool = False) -> tuple[list[Subject], tuple[Arm, ...]]:
    """The suite's groups with their tasks, and its arms; documentation is written below `scratch` as installed
    libraries, which has to stay while they are learned. `whole` does without a sample. Raises UsageError when the data
    is missing."""
    if options.suite == "beatnum":
        benchmark = beatnum.load(options.data)
        tasks = tuple(beatnum.tasks_of(benchmark))
        stub = stub_in(tasks[0].group, beatnum.write_stub(benchmark, scratch), benchmark.held_out)
        return [Subject(stub, tasks)], beatnum.ARMS
    updates = code_update_arena.load(options.data, packages=None if options.full else code_update_arena.STANDARD)
    if not (options.full or whole):
        updates = code_update_arena.sample(updates, options.sample, seed=options.seed)
    found = []
    for update in updates:
        environment = code_update_arena.write_stub(update, scratch / str(update.library))
        stub = stub_in(update.id, environment, code_update_arena.held_out(update))
        found.append(Subject(stub, tuple(code_update_arena.tasks_of(update, stub.surface, Python()))))
    return found, code_update_arena.ARMS


def chosen_arms(options: SuiteOptions, arms: Sequence[Arm]) -> tuple[Arm, ...]:
    """Raises UsageError on an unknown one, or when the first, against which the others are measured, is missing."""
    if not options.arms:
        return tuple(arms)
    unknown = set(options.arms) - {arm.name for arm in arms}
    if unknown or arms[0].name not in options.arms:
        what = f"unknown arms: {', '.join(sorted(unknown))}" if unknown else f"{arms[0].name} is missing"
        raise UsageError(what, hint=f"choose from {','.join(arm.name for arm in arms)}; {arms[0].name} is always one")
    return tuple(arm for arm in arms if arm.name in options.arms)


def run(options: SuiteOptions, watch: Watch) -> dict:
    """Measure, write DIR/SUITE.json and DIR/SUITE.jsonl, and return the report."""
    began = time.monotonic()
    base = weights_in(private_home(options.report / "home"), options.model)
    memory = Memory(options.report / "answers.jsonl")
    runtime = options.sandboxed()
    try:
        with tempfile.TemporaryDirectory(prefix="seal-suite-") as scratch:
            subjects, arms = subjects_of(options, Path(scratch))
            arms = chosen_arms(options, arms)
            judge = _judge(memory, runtime)
            usable, broken = _checked(subjects, judge, watch)
            learned = _learn(usable, options, base, watch) if _adapted(arms) else {}
            rows = _measured(usable, arms, learned, options, base, memory, judge, watch)
    finally:
        memory.close()
    report = provenance(options, base) | {
        "suite": options.suite,
        "settings": settings_of(options) | {"python": str(runtime.python)},
        "layers": list(run_program("", runtime=runtime).layers),
        "tasks": sum(len(subject.tasks) for subject in subjects),
        "groups": {s.group: len(s.tasks) for s in usable},
        "arms": summaries(rows, arms),
        "differences": differences(rows, PAIRS[options.suite]),
        "learned": {group: {"self_edits": one.self_edits, "train": one.train, "reason": one.reason}
                    for group, one in learned.items()},
        "failures": [*broken, *(f"{g}: nothing was learned: {o.reason}" for g, o in learned.items() if o.reason)],
        "answers": {"asked": memory.asked, "from_earlier_runs": memory.found},
        "seconds": round(time.monotonic() - began, 1),
    }  # fmt: skip
    lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in as_records(rows))
    write_atomic(options.report / f"{options.suite}.jsonl", lines)
    write_atomic(options.report / f"{options.suite}.json", json.dumps(report, ensure_ascii=False, indent=1) + "\n")
    return report


def settings_of(options: SuiteOptions) -> dict:
    return {
        "seed": options.seed,
        "sample": None if options.full else options.sample,
        "max_tokens": options.max_tokens,
        "device": options.device,
        "runtime": options.runtime,
        "overrides": recipe_overrides(options),
        "limits": asdict(LIMITS),
    }


def recipe_overrides(options: SuiteOptions) -> dict[str, object]:
    return {"tokens": TOKENS[options.suite]} | dict(options.overrides)


def _adapted(arms: Sequence[Arm]) -> bool:
    return any(arm.adapted for arm in arms)


def _judge(memory: Memory, runtime: Runtime) -> Callable[[Task, str], Verdict]:
    """Runs an answer, once for each program and interpreter."""
    where = [str(runtime.python), [str(site) for site in runtime.site]]

    def judge(task: Task, answer: str) -> Verdict:
        def ask() -> dict:
            verdict = run_task(task, answer, LIMITS, runtime)
            return {"passed": verdict.passed, "error": verdict.error, "layers": list(verdict.layers)}

        found = memory.once(["verdict", *where, task.program(answer), task.tests], ask)
        return Verdict(found["passed"], found["error"], tuple(found["layers"]))

    return judge


def _checked(
    subjects: Sequence[Subject], judge: Callable[[Task, str], Verdict], watch: Watch
) -> tuple[list[Subject], list[str]]:
    """The subjects with the tasks whose reference passes here, and what is wrong with the others."""
    usable, broken = [], []
    with watch.task("running the references", sum(len(s.tasks) for s in subjects)) as step:
        for subject in subjects:
            passing = []
            for task in subject.tasks:
                verdict = judge(task, task.reference)
                step()
                if verdict.passed:
                    passing.append(task)
                else:
                    broken.append(f"{task.id} is left out, its reference fails: {verdict.error.splitlines()[0]}")
            if passing:
                usable.append(Subject(subject.stub, tuple(passing)))
    if not usable:
        raise UsageError("no reference solution passes here", hint=f"for example {broken[0]}" if broken else "")
    return usable, broken


def _learn(
    subjects: Sequence[Subject], options: SuiteOptions, base: ModelFolder, watch: Watch
) -> dict[str, StubLearned]:
    how = Learning(
        options.report / "learned",
        base,
        recipe_overrides(options),
        options.seed,
        options.device,
        options.threads,
        Paths.default().rehearsals,
    )
    found = {}
    for subject in subjects:
        with watch.task(f"learning {subject.group}", 100) as step:
            found[subject.group] = learn_stub(subject.stub, how, lambda phase, done, said, to=step.to: to(done, said))
    return found


def _measured(
    subjects: Sequence[Subject],
    arms: Sequence[Arm],
    learned: Mapping[str, StubLearned],
    options: SuiteOptions,
    base: ModelFolder,
    memory: Memory,
    judge: Callable[[Task, str], Verdict],
    watch: Watch,
) -> list[Row]:
    from seal_lsp.lm.load import load

    model = RememberedModel(
        load(base, device=options.device, runtime=options.runtime, threads=options.threads, prefixes=BATCH), memory
    )
    tasks = [task for subject in subjects for task in subject.tasks]
    rows: list[Row] = []
    with watch.task("measuring", len(tasks) * len(arms)) as step:
        plain = [arm for arm in arms if not arm.adapted]
        rows += measure(tasks, plain, model, {}, judge, max_tokens=options.max_tokens, progress=_steps(step))
        for subject in subjects if _adapted(arms) else ():
            one = learned[subject.group]
            if one.digest:
                model.load_adapter(one.weights, one.digest)
            adapters = {subject.group: one.digest} if one.digest else {}
            some = [arm for arm in arms if arm.adapted]
            rows += measure(
                subject.tasks, some, model, adapters, judge, max_tokens=options.max_tokens, progress=_steps(step)
            )
            if one.digest:
                model.unload_adapter(one.digest)
    return rows


def _steps(step: Step) -> Callable[[int, int], None]:
    """Calls `step` as often as tasks were finished."""
    before = [0]

    def progress(done: int, total: int) -> None:
        for _ in range(done - before[0]):
            step()
        before[0] = done

    return progress
