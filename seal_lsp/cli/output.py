"""What commands print and how they end. With `--json` one JSON object on stdout and nothing else there; without it,
results for reading on stdout. Progress, notes and errors always go to stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from seal_lsp.core.errors import SealError

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else there.")]

EXIT_CODES: tuple[tuple[int, str], ...] = (
    (0, "done"),
    (1, "failed for a reason that has no code of its own"),
    (2, "usage: unknown library, bad position, bad setting, bad option"),
    (3, "the gate rejected the adapter"),
    (4, "nothing to learn: no evidence survived, or the base model knows the library"),
    (5, "no engine answers and none could be started"),
    (6, "model weights missing, broken, unsupported, or no room for them"),
    (7, "the workspace's Python environment is missing or broken"),
    (8, "a database or an adapter on disk is damaged"),
    (9, "no space left on the disk"),
    (75, "stopped on request; the same command takes it up again"),
    (130, "interrupted"),
)
EPILOG = "Exit codes: " + " · ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES)


PIPED_WIDTH = 160  # rich takes 80 where there is no terminal, and folds names that grep is meant to find


def out() -> Console:
    return _console(sys.stdout)


def err() -> Console:
    return _console(sys.stderr)


def _console(stream: TextIO) -> Console:
    return Console(file=stream, highlight=False, soft_wrap=True, width=None if stream.isatty() else PIPED_WIDTH)


def show(value: object, as_json: bool, human: Callable[[Console], None]) -> None:
    """The result of a command, in the form that was asked for."""
    if as_json:
        sys.stdout.write(json.dumps(plain(value), ensure_ascii=False, indent=2) + "\n")
        sys.stdout.flush()
    else:
        human(out())


def note(text: str) -> None:
    err().print(text, style="dim", markup=False)


def plain(value: Any) -> Any:
    """JSON-friendly: dataclasses, paths, tuples and sets all become what JSON has."""
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, (set, frozenset)):
        return sorted(plain(v) for v in value)
    return str(value) if isinstance(value, Path) else value


def table(columns: Iterable[str], rows: Iterable[Iterable[object]], *, title: str = "") -> Table:
    made = Table(title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*map(_cell, row))
    return made


def _cell(value: object) -> Text:
    """Brackets are text: `seal-lsp[bench]` is no markup. What shall be coloured comes as Text."""
    return value if isinstance(value, Text) else Text("" if value is None else str(value))


def report(kind: str, message: str, hint: str, exit_code: int, as_json: bool) -> int:
    """Tell of a failure: on stderr for people, and as the one object on stdout with `--json`. Returns the exit code."""
    if as_json:
        problem = {"type": kind, "message": message, "hint": hint, "exit_code": exit_code}
        sys.stdout.write(json.dumps({"error": problem}, ensure_ascii=False, indent=2) + "\n")
        return exit_code
    console = err()
    console.print(f"error: {message}", style="red", markup=False)
    if hint:
        console.print(f"  {hint}", markup=False)
    return exit_code


def report_error(error: SealError, as_json: bool) -> int:
    return report(type(error).__name__, error.message, error.hint, error.exit_code, as_json)
