"""`seal-lsp eval forgetting`: what learned adapters cost elsewhere (M6), and what stays when more are learned.

Routing is the product's: its analysis names the libraries at a place, the engine's router takes the first that has a
live adapter. Adapters are those of the same folder's `eval`, or learned here.
"""

from __future__ import annotations

from typing import Annotated

import typer

from seal_lsp.cli import eval_options as given
from seal_lsp.cli.output import Json, note, show


def command(
    files: given.Cases,
    report: given.Report,
    python: given.Python = None,
    site: given.Sites = None,
    adapter: given.Adapters = None,
    set_: given.Set = None,
    characters: Annotated[int, typer.Option(min=500, help="How much of each generic corpus.")] = 16_000,
    seed: given.Seed = 0,
    limit: given.Limit = None,
    model: given.Model = "",
    device: given.Device = "auto",
    runtime: given.Runtime = "auto",
    threads: given.Threads = None,
    ignore_gate: given.IgnoreGate = False,
    results: given.Results = None,
    json: Json = False,
) -> None:
    """Generic text under each adapter, and every library's places after each further library is learned."""
    from seal_lsp.cli.eval_documents import check_extras, write_html, write_results
    from seal_lsp.cli.eval_forgetting_run import run
    from seal_lsp.cli.eval_forgetting_sheets import forgetting_sheets
    from seal_lsp.cli.eval_progress import Watch, resumable
    from seal_lsp.cli.eval_setup import Options
    from seal_lsp.cli.eval_sheets import print_sheets

    options = Options(
        cases=tuple(files),
        report=report.absolute(),
        python=python,
        sites=tuple(site or ()),
        adapters=tuple(adapter or ()),
        overrides=given.overrides_from(set_ or ()),
        seed=seed,
        limit=limit,
        model=model,
        device=device,
        runtime=runtime,
        threads=threads,
        ignore_gate=ignore_gate,
        characters=characters,
    )
    check_extras()
    with Watch() as watch, resumable():
        found = run(options, watch)
    page = write_html(options.report)
    if results is not None:
        write_results(options.report, results)
    show(found, json, lambda console: print_sheets(console, forgetting_sheets(found)))
    for said in found["failures"]:
        note(said)
    note(f"report: {page}")
