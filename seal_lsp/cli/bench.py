"""`seal-lsp bench`: how fast this machine does it. `bench train` measures training against what the machine can do and
against TRL's SFTTrainer on the same snippets; `bench typing` measures suggestions, key by key, beside plain
transformers and llama.cpp on the same text; `bench soak` whether anything is lost, stale or kept; `bench growth` what
suggestions cost as work grows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seal_lsp.cli import eval_options as given
from seal_lsp.cli.output import EPILOG, Json, note, show
from seal_lsp.core.errors import UsageError

app = typer.Typer(
    name="bench",
    help="Measure speed: `bench train` of learning, `bench typing` of suggestions, `bench soak`, `bench growth`.",
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command(epilog=EPILOG)
def train(
    lib: Annotated[str, typer.Option(help="The library to prepare snippets of: name, name==version.")] = "",
    site: given.Sites = None,
    python: given.Python = None,
    cycle: Annotated[
        Path | None, typer.Option(help="Take the snippets of this finished learning cycle's folder instead.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Folder for bench_train.json, bench_train.md and all that was measured.")
    ] = None,
    contenders: Annotated[str, typer.Option(help="Which, with commas between; ours is always there.")] = "",
    every: Annotated[int, typer.Option(min=1, help="Ask the probes after so many trained tokens.")] = 2000,
    cap: Annotated[float, typer.Option(min=0.1, help="A contender gives up after so many times our seconds.")] = 4.0,
    set_: given.Set = None,
    seed: given.Seed = 0,
    model: given.Model = "",
    threads: given.Threads = None,
    json: Json = False,
) -> None:
    """Tokens a second, memory and the machine's limit, and the time to the same probe score beside SFTTrainer."""
    from tempfile import TemporaryDirectory

    from seal_lsp.cli.bench_train_run import Options, chosen, run
    from seal_lsp.cli.bench_train_sheets import bench_sheets, write_markdown
    from seal_lsp.cli.eval_progress import Watch, resumable
    from seal_lsp.cli.eval_sheets import print_sheets

    with TemporaryDirectory(prefix="seal-bench-") as temporary, Watch() as watch, resumable():
        folder = report.absolute() if report is not None else Path(temporary)
        options = Options(
            library=lib,
            sites=tuple(site or ()),
            python=python,
            cycle=cycle,
            report=folder,
            contenders=chosen(contenders),
            every=every,
            cap=cap,
            overrides=given.overrides_from(set_ or ()),
            seed=seed,
            model=model,
            threads=threads,
        )
        found = run(options, watch)
        if report is not None:
            note(f"report: {write_markdown(found, folder)}")
    show(found, json, lambda console: print_sheets(console, bench_sheets(found)))
    for said in found["failures"]:
        note(said)


@app.command(epilog=EPILOG)
def typing(
    cases: given.Cases,
    report: given.Report,
    python: given.Python = None,
    site: given.Sites = None,
    adapter: given.Adapters = None,
    keys: Annotated[int, typer.Option(min=1, help="Keys typed for each library.")] = 300,
    wpm: Annotated[float, typer.Option(min=5, max=200, help="Words (five keys) a minute, pauses included.")] = 40.0,
    contenders: Annotated[
        str | None, typer.Option(help="Who else, with commas between; '' for nobody; all when left out.")
    ] = None,
    compared: Annotated[int, typer.Option(min=1, help="Keys that the others are asked too.")] = 24,
    while_learning: Annotated[
        int, typer.Option(min=0, help="Also learn the first library with so many tokens, alone and while typing.")
    ] = 0,
    adapters: Annotated[int, typer.Option(min=1, help="So many are registered: copies, where it is more.")] = 1,
    libraries: Annotated[int, typer.Option(min=1, help="Every file imports so many libraries that were learned.")] = 1,
    clients: Annotated[int, typer.Option(min=1, help="Windows that type at once, on one engine.")] = 1,
    llama: Annotated[Path | None, typer.Option(help="Folder with npm's node-llama-cpp, for llama.cpp.")] = None,
    gguf: Annotated[Path | None, typer.Option(help="The same weights as GGUF, for llama.cpp.")] = None,
    set_: given.Set = None,
    seed: given.Seed = 0,
    model: given.Model = "",
    threads: given.Threads = None,
    ignore_gate: given.IgnoreGate = False,
    json: Json = False,
) -> None:
    """Milliseconds from key to suggestion in the editor's hands, by where it came from, and others on the same text."""
    from seal_lsp.cli.bench_typing_run import CONTENDERS, Plan, run
    from seal_lsp.cli.bench_typing_sheets import typing_sheets, write_markdown
    from seal_lsp.cli.eval_progress import Watch, resumable
    from seal_lsp.cli.eval_setup import Options
    from seal_lsp.cli.eval_sheets import print_sheets

    asked = contenders.split(",") if contenders is not None else CONTENDERS
    chosen = tuple(name.strip() for name in asked if name.strip())
    if unknown := [name for name in chosen if name not in CONTENDERS]:
        raise UsageError(f"no such contender: {', '.join(unknown)}", hint=f"there are {', '.join(CONTENDERS)}")
    options = Options(
        cases=tuple(cases),
        report=report.absolute(),
        python=python,
        sites=tuple(site or ()),
        adapters=tuple(adapter or ()),
        overrides=given.overrides_from(set_ or ()),
        seed=seed,
        model=model,
        device="cpu",
        threads=threads,
        ignore_gate=ignore_gate,
    )
    with Watch() as watch, resumable():
        plan = Plan(keys, wpm, chosen, compared, llama, gguf, while_learning, adapters, libraries, clients)
        found = run(options, plan, watch)
        note(f"report: {write_markdown(found, options.report)}")
    show(found, json, lambda console: print_sheets(console, typing_sheets(found)))
    for said in found["failures"]:
        note(said)


@app.command(epilog=EPILOG)
def soak(
    cases: given.Cases,
    report: given.Report,
    python: given.Python = None,
    site: given.Sites = None,
    adapter: given.Adapters = None,
    keys: Annotated[int, typer.Option(min=1, help="Keys typed into the first library's files.")] = 10_000,
    wpm: Annotated[float, typer.Option(min=5, max=2000, help="Words (five keys) a minute.")] = 400.0,
    withdrawn: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of requests that are cancelled at a random moment.")
    ] = 0.4,
    set_: given.Set = None,
    seed: given.Seed = 0,
    model: given.Model = "",
    threads: given.Threads = None,
    ignore_gate: given.IgnoreGate = False,
    json: Json = False,
) -> None:
    """Thousands of keys, answers withdrawn at random: what became of every request, and whether memory grows."""
    from seal_lsp.cli.bench_soak_run import Plan, run
    from seal_lsp.cli.bench_soak_sheets import soak_sheets, write_markdown
    from seal_lsp.cli.eval_progress import Watch, resumable
    from seal_lsp.cli.eval_setup import Options
    from seal_lsp.cli.eval_sheets import print_sheets

    options = Options(
        cases=tuple(cases),
        report=report.absolute(),
        python=python,
        sites=tuple(site or ()),
        adapters=tuple(adapter or ()),
        overrides=given.overrides_from(set_ or ()),
        seed=seed,
        model=model,
        device="cpu",
        threads=threads,
        ignore_gate=ignore_gate,
    )
    with Watch() as watch, resumable():
        found = run(options, Plan(keys, wpm, withdrawn), watch)
        note(f"report: {write_markdown(found, options.report)}")
    show(found, json, lambda console: print_sheets(console, soak_sheets(found)))
    for said in found["failures"]:
        note(said)


@app.command(epilog=EPILOG)
def growth(
    adapter: Annotated[Path, typer.Option(help="A learned adapter's folder, copied under many names.")],
    report: given.Report,
    grown: Annotated[str, typer.Option(help="What grows, with commas between; everything when left out.")] = "",
    asks: Annotated[int, typer.Option(min=2, help="Questions a size.")] = 20,
    quick: Annotated[bool, typer.Option("--quick", help="Only the two smallest sizes.")] = False,
    model: given.Model = "",
    threads: given.Threads = None,
    json: Json = False,
) -> None:
    """What a menu and a ghost text cost as adapters, libraries, windows, the file and the index grow."""
    from seal_lsp.cli.bench_growth_run import Plan, chosen, run
    from seal_lsp.cli.bench_growth_sheets import growth_sheets, write_markdown
    from seal_lsp.cli.eval_documents import check_extras
    from seal_lsp.cli.eval_progress import Watch, resumable
    from seal_lsp.cli.eval_setup import Options
    from seal_lsp.cli.eval_sheets import print_sheets

    options = Options(cases=(), report=report.absolute(), model=model, device="cpu", threads=threads)
    check_extras()
    with Watch() as watch, resumable():
        found = run(options, Plan(adapter.absolute(), chosen(grown, quick=quick), asks, quick), watch)
        note(f"report: {write_markdown(found, options.report)}")
    show(found, json, lambda console: print_sheets(console, growth_sheets(found)))
