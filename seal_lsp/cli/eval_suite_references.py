"""`seal-lsp eval --suite NAME --check-references`: do a suite's own solutions pass here? A task whose reference fails
says nothing about a model."""

from __future__ import annotations

import tempfile
from pathlib import Path

from seal_lsp.cli.eval_progress import Watch
from seal_lsp.cli.eval_suite_run import LIMITS, SuiteOptions, subjects_of
from seal_lsp.measure.suites import code_update_arena
from seal_lsp.measure.suites.sandbox import run_program


def check_references(options: SuiteOptions, watch: Watch) -> dict:
    """How many references of the suite pass, and why the others do not; no sample is taken. For CodeUpdateArena also
    how many pass without the update: those tasks would not ask for it."""
    runtime = options.runtime()
    failed: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="seal-suite-") as scratch:
        subjects, _ = subjects_of(options, Path(scratch), whole=True)
    tasks = [task for subject in subjects for task in subject.tasks]
    with watch.task("running the references", len(tasks)) as step:
        for task in tasks:
            verdict = run_program(task.program(task.reference), tests=task.tests, limits=LIMITS, runtime=runtime)
            if not verdict.passed:
                failed[task.id] = verdict.error
            step()
    found = {
        "suite": options.suite,
        "references": len(tasks),
        "passed": len(tasks) - len(failed),
        "passed_without_update": None,
        "failed": failed,
        "layers": list(run_program("", runtime=runtime).layers),
    }
    return found | (_without_update(options, watch) if options.suite == "code-update-arena" else {})


def _without_update(options: SuiteOptions, watch: Watch) -> dict:
    packages = None if options.full else code_update_arena.STANDARD
    examples = [e for update in code_update_arena.load(options.data, packages=packages) for e in update.tasks]
    passed = 0
    with watch.task("the same without the update", len(examples)) as step:
        for example in examples:
            program = code_update_arena.without_update(example)
            verdict = run_program(program, tests=code_update_arena.TESTS, limits=LIMITS, runtime=options.runtime())
            passed += verdict.passed
            step()
    return {"passed_without_update": passed}
