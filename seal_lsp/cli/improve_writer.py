"""`seal-lsp improve-writer`: SEAL's outer loop in the small. Which mix of self-edits teaches each library best,
measured by short trainings, and a writer that learns from the self-edits that did.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seal_lsp.cli import eval_options as given
from seal_lsp.cli.output import Json, note, show, table
from seal_lsp.core.errors import UsageError


def command(
    what: Annotated[
        list[str],
        typer.Argument(
            help="Case files, whose places are never trained on, or libraries as name==version. The last library is"
            " held out from the writer's training.",
            show_default=False,
            metavar="CASES|LIB==VERSION...",
        ),
    ],
    report: given.Report,
    python: given.Python = None,
    site: given.Sites = None,
    libraries: Annotated[int, typer.Option(min=2, help="So many of the libraries, the first ones.")] = 2,
    mixes: Annotated[int, typer.Option(min=2, help="Mixes to try on each library; the first is the default.")] = 3,
    tokens: Annotated[int, typer.Option(min=256, help="Tokens that each trial trains on.")] = 2_500,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of trials and teaching.")] = 1,
    model_share: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="The model's share of a trial's self-edits; 0: only mixes.")
    ] = 0.4,
    set_: given.Set = None,
    seed: given.Seed = 0,
    model: given.Model = "",
    device: given.Device = "auto",
    threads: given.Threads = None,
    cost: Annotated[bool, typer.Option("--cost", help="Only say what it would cost.")] = False,
    json: Json = False,
) -> None:
    """Try mixes, keep the best of each library for its next learning, and teach the model to write self-edits."""
    from seal_lsp.cli.eval_progress import Watch, resumable
    from seal_lsp.cli.eval_setup import Options
    from seal_lsp.cli.improve_writer_run import Plan, run

    files, named = _split(what)
    options = Options(
        cases=files,
        libraries=named,
        report=report.absolute(),
        python=python,
        sites=tuple(site or ()),
        overrides={"tokens": tokens} | given.overrides_from(set_ or ()),
        seed=seed,
        model=model,
        device=device,
        threads=threads,
    )
    with Watch() as watch, resumable():
        found = run(options, Plan(libraries, mixes, rounds, model_share, cost), watch)
    show(found, json, lambda console: _print(console, found))
    note(f"report: {options.report / 'improve-writer.json'}")


def _split(words: list[str]) -> tuple[tuple[Path, ...], tuple]:
    """(case files, libraries named outright)."""
    from seal_lsp.core.library import LibraryId

    files = tuple(Path(word) for word in words if Path(word).is_file() or word.endswith(".jsonl"))
    named = tuple(LibraryId.parse(word) for word in words if Path(word) not in files)
    if missing := [str(file) for file in files if not file.is_file()]:
        raise UsageError(f"no such case file: {', '.join(missing)}", hint="or name a library: name==version")
    return files, named


def _print(console, found: dict) -> None:
    console.print(found["cost"]["words"], markup=False)
    if "rounds" not in found:
        return
    for number, one in enumerate(found["rounds"], 1):
        rows = [
            (t["library"], t["set"], t["model_share"], f"{t['passed']} of {t['read']} read, {t['dropped']} dropped",
             t["kept"], t["tokens"], "{mean:+.3f} [{low:+.3f}, {high:+.3f}]".format(**t["gain"]))
            for t in one["trials"]
        ]  # fmt: skip
        columns = ("library", "set", "model share", "model's that passed", "kept", "tokens", "gain, bits/byte [95 %]")
        console.print(table(columns, rows, title=f"round {number}"))
        if one["why"]:
            console.print(f"no writer was taught: {one['why']}", markup=False)
        else:
            pairs = [(key, one["before"][key], one["after"][key]) for key in one["before"]]
            title = f"the writer on {found['held_out']}, from {one['pairs']} answers"
            console.print(table(("", "before", "after"), pairs, title=title))
    rows = [
        (library, one["set"], "yes" if one["recorded"] else "no", "{mean:+.3f} [{low:+.3f}, {high:+.3f}]".format(
            **one["over_default"]))
        for library, one in found["best"].items()
    ]  # fmt: skip
    console.print(table(("library", "best set", "recorded", "gain over the default mix"), rows, title="mixes"))
    console.print(found["writer"]["words"], markup=False)
