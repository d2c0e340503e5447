"""`seal-lsp eval fit-ranking`: fit what the signs of a name weigh in the menu, and see what it is worth elsewhere.

Case files are what it is fitted on, library by library left out; `--test` files are only measured. The weights go into
`assist/ranking.json`. Files that judge the product (the listed libraries') belong behind `--test`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seal_lsp.cli import eval_options as given
from seal_lsp.cli.output import Json, note, show


def command(
    files: given.Cases,
    report: given.Report,
    test: Annotated[
        list[Path] | None, typer.Option("--test", help="A case file that is measured only; may be repeated.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where the weights go (JSON).")] = None,
    python: given.Python = None,
    site: given.Sites = None,
    adapter: given.Adapters = None,
    places: Annotated[
        int | None, typer.Option(min=0, help="So many places a library are asked of the model; 0 for none.")
    ] = None,
    penalty: Annotated[float, typer.Option(min=0.0, help="How strongly weights are pulled to nothing.")] = 10.0,
    pull: Annotated[float, typer.Option(min=0.0, help="How strongly those beside a model to those alone.")] = 10.0,
    keep_priors: Annotated[
        bool, typer.Option("--keep-priors", help="Fit only the weights beside a model; those alone stay as they are.")
    ] = False,
    without: Annotated[list[str] | None, typer.Option(help="A sign that is left out; may be repeated.")] = None,
    ablate: Annotated[bool, typer.Option("--ablate", help="Also leave out each sign in turn.")] = False,
    seed: given.Seed = 0,
    limit: given.Limit = None,
    model: given.Model = "",
    device: given.Device = "auto",
    threads: given.Threads = None,
    json: Json = False,
) -> None:
    """Fit the menu's weights on case files, each library judged by the others' weights."""
    from seal_lsp.cli.eval_documents import check_extras
    from seal_lsp.cli.eval_progress import Watch, resumable
    from seal_lsp.cli.eval_ranking_run import Fit, run
    from seal_lsp.cli.eval_ranking_sheets import ranking_sheets
    from seal_lsp.cli.eval_setup import Options
    from seal_lsp.cli.eval_sheets import print_sheets

    options = Options(
        cases=(*files, *(test or ())),
        report=report.absolute(),
        python=python,
        sites=tuple(site or ()),
        adapters=tuple(adapter or ()),
        seed=seed,
        limit=limit,
        model=model,
        device=device,
        threads=threads,
    )
    check_extras()
    fit = Fit(frozenset(test or ()), places, penalty, pull, tuple(without or ()), ablate, keep_priors)
    with Watch() as watch, resumable():
        found = run(options, fit, out, watch)
    show(found, json, lambda console: print_sheets(console, ranking_sheets(found)))
    note(f"weights: {out}" if out is not None else "the weights were not written: no --out")
