"""`seal-lsp eval --suite NAME --check-references`: do a suite's own solutions pass here? A task whose reference fails
says nothing about a model."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from seal_lsp.cli.eval_progress import Watch
from seal_lsp.cli.eval_suite_run import LIMITS, SuiteOptions, subjects_of
from seal_lsp.measure.suites import code_update_arena
from seal_lsp.measure.suites.sandbox import run_program
from seal_lsp.measure.suites.tasks import run_task


def check_references(options: SuiteOptions, watch: Watch) -> dict:
    """How many references of the suite pass, and why the others do not; no sample is taken. For CodeUpdateArena also
    how many pass without the update: those tasks would not ask for it."""
    runtime = options.sandboxed()
    failed: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="seal-suite-") as scratch:
        subjects, _ = subjects_of(options, Path(scratch), whole=True)
    tasks = [task for subject in subjects for task in subject.tasks]
    with watch.task("running the references", len(tasks)) as step:
        for task in tasks:
            verdict = run_task(task, task.reference, LIMITS, runtime)
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
    updates = code_update_arena.load(options.data, packages=None if options.full else code_update_arena.STANDARD)
    passed = 0
    with watch.task("the same without the update", sum(len(update.tasks) for update in updates)) as step:
        for update in updates:
            runtime = replace(options.sandboxed(), preload=update.preload)
            for example in update.tasks:
                program = code_update_arena.without_update(example)
                passed += run_program(program, tests=code_update_arena.TESTS, limits=LIMITS, runtime=runtime).passed
                step()
    return {"passed_without_update": passed}
