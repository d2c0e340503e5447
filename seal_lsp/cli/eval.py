"""`seal-lsp eval CASES.jsonl...`: what a model has learned of libraries, measured side by side in several arms.

`seal-lsp eval forgetting` is eval_forgetting.py's. The first word decides: what is no sub-command is a case file.
"""

from __future__ import annotations

import json as jsonlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup

from seal_lsp.cli.output import EPILOG, Json, note, show
from seal_lsp.core.errors import UsageError

DEFAULT = "cases"


class _CasesByDefault(TyperGroup):
    """`eval x.jsonl` is `eval cases x.jsonl`."""

    def parse_args(self, ctx, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("--help", "-h"):
            args = [DEFAULT, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    name="eval",
    cls=_CasesByDefault,
    help="Measure what was learned: `eval CASES.jsonl...` compares arms, `eval forgetting` looks for damage.",
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode=None,
)

Cases = Annotated[
    list[Path], typer.Argument(help="Case files (JSONL; schema in the README).", show_default=False, metavar="CASES...")
]
Report = Annotated[Path, typer.Option(help="Folder for the report and all that can be resumed.", show_default=False)]
Python = Annotated[Path | None, typer.Option("--python", help="Interpreter whose environment has the libraries.")]
Sites = Annotated[list[Path] | None, typer.Option(help="A folder of `pip install --target`; may be repeated.")]
Adapters = Annotated[
    list[Path] | None,
    typer.Option("--adapter", help="Measure this adapter instead of learning its library; repeatable."),
]
Set = Annotated[
    list[str] | None, typer.Option("--set", help="key=value: a field of the recipe, gate.* or collect.*; repeatable.")
]
Seed = Annotated[int, typer.Option(help="Of learning, of --limit and of the intervals.")]
Limit = Annotated[int | None, typer.Option(min=1, help="At most so many cases of each library.")]
Model = Annotated[str, typer.Option(help="A pulled model; the one in use when left out.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")]
Threads = Annotated[int | None, typer.Option(min=1, help="Processor threads of the model.")]
Results = Annotated[Path | None, typer.Option(help="Also write the report as Markdown into this file.")]


@app.command(DEFAULT, epilog=EPILOG)
def cases(
    files: Cases,
    report: Report,
    python: Python = None,
    site: Sites = None,
    arms: Annotated[str, typer.Option(help="Which arms, with commas between; all that can run when left out.")] = "",
    adapter: Adapters = None,
    wrong_adapter: Annotated[
        Path | None, typer.Option(help="The wrong-library control; else the adapter of the run's next library.")
    ] = None,
    set_: Set = None,
    seed: Seed = 0,
    limit: Limit = None,
    model: Model = "",
    device: Device = "auto",
    threads: Threads = None,
    ignore_gate: Annotated[
        bool, typer.Option("--ignore-gate", help="The product arm also serves adapters that the gate rejected.")
    ] = False,
    typed: Annotated[
        bool, typer.Option("--typed", help="Leave the rest of the cursor's line out of the product's document.")
    ] = False,
    results: Results = None,
    json: Json = False,
) -> None:
    """Learn the libraries of the case files, then measure every arm at the same places."""
    from seal_lsp.cli.eval_documents import write_html, write_results
    from seal_lsp.cli.eval_progress import Watch
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
        overrides=overrides_from(set_ or ()),
        seed=seed,
        limit=limit,
        model=model,
        device=device,
        threads=threads,
        ignore_gate=ignore_gate,
        typed=typed,
    )
    with Watch() as watch:
        found = run(options, watch, asked=bool(arms))
    page = write_html(options.report)
    if results is not None:
        write_results(options.report, results)
    show(found, json, lambda console: print_sheets(console, sheets(found)))
    for said in found["failures"]:
        note(said)
    note(f"report: {page}")


def overrides_from(words: Sequence[str]) -> dict[str, object]:
    """`key=value` pairs; a value is JSON where it reads as JSON, else a text. Raises UsageError."""
    found: dict[str, object] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"not key=value: {word!r}", hint="for example --set tokens=20000")
        try:
            found[key.strip()] = jsonlib.loads(value)
        except ValueError:
            found[key.strip()] = value
    return found
