"""`seal-lsp eval CASES.jsonl...`: what a model has learned of libraries, measured side by side in several arms.

Its sub-commands are in files of their own: `forgetting`, `suite` (also `eval --suite NAME`), `mine` and `fit-ranking`.
The first word decides: what is no sub-command is a case file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup

from seal_lsp.cli import eval_forgetting, eval_mine, eval_ranking, eval_suites
from seal_lsp.cli import eval_options as given
from seal_lsp.cli.output import EPILOG, Json, note, show

DEFAULT = "cases"


class _CasesByDefault(TyperGroup):
    """`eval x.jsonl` is `eval cases x.jsonl`, `eval --suite x` is `eval suite x`."""

    def parse_args(self, ctx, args: list[str]) -> list[str]:
        if args and args[0].partition("=")[0] == "--suite":
            args = ["suite", *args[0].split("=", 1)[1:], *args[1:]]
        elif args and args[0] not in self.commands and args[0] not in ("--help", "-h"):
            args = [DEFAULT, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    name="eval",
    cls=_CasesByDefault,
    help="Measure what was learned: `eval CASES.jsonl...` compares arms, `eval forgetting` looks for damage, "
    "`eval --suite NAME` runs a benchmark, `eval mine` makes case files, `eval fit-ranking` weighs the menu's signs.",
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command(DEFAULT, epilog=EPILOG)
def cases(
    files: given.Cases,
    report: given.Report,
    python: given.Python = None,
    site: given.Sites = None,
    arms: Annotated[str, typer.Option(help="Which arms, with commas between; all that can run when left out.")] = "",
    adapter: given.Adapters = None,
    wrong_adapter: Annotated[
        Path | None, typer.Option(help="The wrong-library control; else the adapter of the run's next library.")
    ] = None,
    set_: given.Set = None,
    seed: given.Seed = 0,
    limit: given.Limit = None,
    model: given.Model = "",
    device: given.Device = "auto",
    runtime: given.Runtime = "auto",
    threads: given.Threads = None,
    ignore_gate: given.IgnoreGate = False,
    typed: Annotated[
        bool, typer.Option("--typed", help="Leave the rest of the cursor's line out of the product's document.")
    ] = False,
    hovers: Annotated[
        int, typer.Option(min=0, help="Usage lines for hovers of so many symbols of each library, base and adapter.")
    ] = 20,
    results: given.Results = None,
    json: Json = False,
) -> None:
    """Learn the libraries of the case files, then measure every arm at the same places."""
    from seal_lsp.cli.eval_documents import check_extras, write_html, write_results
    from seal_lsp.cli.eval_progress import Watch, resumable
    from seal_lsp.cli.eval_run import run
    from seal_lsp.cli.eval_setup import Options
    from seal_lsp.cli.eval_sheets import print_sheets, sheets
    from seal_lsp.measure.arms import ARMS, chosen

    options = Options(
        cases=tuple(files),
        report=report.absolute(),
        python=python,
        sites=tuple(site or ()),
        arms=chosen(arms) if arms else ARMS,
        adapters=tuple(adapter or ()),
        wrong_adapter=wrong_adapter,
        overrides=given.overrides_from(set_ or ()),
        seed=seed,
        limit=limit,
        model=model,
        device=device,
        runtime=runtime,
        threads=threads,
        ignore_gate=ignore_gate,
        typed=typed,
        hovers=hovers,
    )
    check_extras()
    with Watch() as watch, resumable():
        found = run(options, watch, asked=bool(arms))
    page = write_html(options.report)
    if results is not None:
        write_results(options.report, results)
    show(found, json, lambda console: print_sheets(console, sheets(found)))
    for said in found["failures"]:
        note(said)
    note(f"report: {page}")


app.command("forgetting", epilog=EPILOG)(eval_forgetting.command)
app.command("suite", epilog=EPILOG)(eval_suites.command)
app.command("mine", epilog=EPILOG)(eval_mine.command)
app.command("fit-ranking", epilog=EPILOG)(eval_ranking.command)
