"""The options that measurements share: what is measured, with which weights, where it is written."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from seal_lsp.core.errors import UsageError

Cases = Annotated[
    list[Path], typer.Argument(help="Case files (JSONL; schema in the README).", show_default=False, metavar="CASES...")
]
Report = Annotated[Path, typer.Option(help="Folder for the report and all that can be resumed.", show_default=False)]
Python = Annotated[Path | None, typer.Option("--python", help="Interpreter whose environment has the libraries.")]
Sites = Annotated[list[Path] | None, typer.Option(help="A folder of `pip install --target`; may be repeated.")]
Adapters = Annotated[
    list[Path] | None, typer.Option("--adapter", help="Take this adapter instead of learning its library; repeatable.")
]
Set = Annotated[
    list[str] | None, typer.Option("--set", help="key=value: a field of the recipe, gate.* or collect.*; repeatable.")
]
Seed = Annotated[int, typer.Option(help="Of learning, of samples and of the intervals.")]
Limit = Annotated[int | None, typer.Option(min=1, help="At most so many cases of each library.")]
Model = Annotated[str, typer.Option(help="A pulled model; the one in use when left out.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")]
Runtime = Annotated[str, typer.Option(help="What answers: auto (as it is served), torch or onnx. Learning is torch's.")]
Threads = Annotated[int | None, typer.Option(min=1, help="Processor threads of the model.")]
IgnoreGate = Annotated[
    bool, typer.Option("--ignore-gate", help="Adapters that the gate rejected are served like the others.")
]
Results = Annotated[Path | None, typer.Option(help="Also write all that is in the folder as Markdown into this file.")]


def overrides_from(words: Sequence[str]) -> dict[str, object]:
    """`key=value` pairs; a value is JSON where it reads as JSON, else a text. Raises UsageError."""
    found: dict[str, object] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"not key=value: {word!r}", hint="for example --set tokens=20000")
        try:
            found[key.strip()] = json.loads(value)
        except ValueError:
            found[key.strip()] = value
    return found
