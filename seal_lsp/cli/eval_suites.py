"""`seal-lsp eval --suite NAME`: benchmarks of others, with their own unit tests, run in a sandbox.

code-update-arena: functions of Python's library that were updated; beatnum: numpy under invented names. Learned is
their documentation, never a task. The data is the user's: nothing is downloaded.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seal_lsp.cli import eval_options as given
from seal_lsp.cli.output import Json, note, show
from seal_lsp.core.errors import UsageError


def command(
    suite: Annotated[str, typer.Argument(help="code-update-arena or beatnum.", metavar="SUITE", show_default=False)],
    data: Annotated[
        Path | None, typer.Option(help="Folder with the suite's files; nothing is downloaded.", show_default=False)
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Folder for the report and all that can be resumed.", show_default=False)
    ] = None,
    sample: Annotated[int, typer.Option(min=1, help="code-update-arena: so many updates, chosen by seed.")] = 10,
    full: Annotated[
        bool, typer.Option("--full", help="All updates, those of numpy, torch and sympy too (--python must have them).")
    ] = False,
    check_references: Annotated[
        bool, typer.Option("--check-references", help="Only tell how many of the suite's own solutions pass here.")
    ] = False,
    python: Annotated[Path | None, typer.Option("--python", help="Interpreter that runs the tests; else ours.")] = None,
    site: Annotated[
        list[Path] | None, typer.Option(help="A folder of `pip install --target` for the tests (numpy); repeatable.")
    ] = None,
    arms: Annotated[str, typer.Option(help="Which arms, with commas between; all when left out.")] = "",
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="key=value: a field of the recipe; repeatable.")
    ] = None,
    seed: given.Seed = 0,
    max_tokens: Annotated[int, typer.Option(min=1, help="Longest answer.")] = 192,
    model: given.Model = "",
    device: given.Device = "auto",
    runtime: given.Runtime = "auto",
    threads: given.Threads = None,
    results: given.Results = None,
    json: Json = False,
) -> None:
    """Learn a suite's documentation, then compare arms on its tasks: pass@1 and likelihood of the reference."""
    from seal_lsp.cli.eval_progress import Watch, resumable
    from seal_lsp.cli.eval_suite_run import SUITES, SuiteOptions, run

    if suite not in SUITES:
        raise UsageError(f"there is no suite {suite!r}", hint=f"choose from {', '.join(SUITES)}")
    if data is None:
        raise UsageError(f"where is the data of {suite}?", hint="give its folder with --data; nothing is downloaded")
    if report is None and not check_references:
        raise UsageError("where should the report go?", hint="give a folder with --report")
    options = SuiteOptions(
        suite=suite,
        data=data,
        report=(report or Path()).absolute(),
        sample=sample,
        full=full,
        python=python,
        sites=tuple(site or ()),
        arms=tuple(name.strip() for name in arms.split(",") if name.strip()),
        overrides=given.overrides_from(set_ or ()),
        seed=seed,
        model=model,
        device=device,
        runtime=runtime,
        threads=threads,
        max_tokens=max_tokens,
    )
    if check_references:
        _references(options, json)
        return
    from seal_lsp.cli.eval_documents import check_extras, write_html, write_results
    from seal_lsp.cli.eval_sheets import print_sheets
    from seal_lsp.cli.eval_suite_sheets import suite_sheets

    check_extras()
    with Watch() as watch, resumable():
        found = run(options, watch)
    page = write_html(options.report)
    if results is not None:
        write_results(options.report, results)
    show(found, json, lambda console: print_sheets(console, suite_sheets(found)))
    for said in found["failures"]:
        note(said)
    note(f"report: {page}")


def _references(options, json: bool) -> None:
    from seal_lsp.cli.eval_progress import Watch, resumable
    from seal_lsp.cli.eval_suite_references import check_references

    with Watch() as watch, resumable():
        found = check_references(options, watch)

    def told(console) -> None:
        console.print(f"{found['passed']} of {found['references']} reference solutions pass", markup=False)
        if found["passed_without_update"] is not None:
            console.print(f"{found['passed_without_update']} pass without the update", markup=False)
        for task, error in found["failed"].items():
            console.print(f"  {task}: {error.partition(chr(10))[0]}", markup=False)
        console.print(f"sandbox: {', '.join(found['layers'])}", markup=False)

    show(found, json, told)
