"""Jupyter notebooks as Python: code cells with magics blanked. Reads JSON only; outputs are never looked at."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Notebook:
    """`cells` are the code cells' sources, line counts kept. `problem` says why there are none, '' if all is well."""

    cells: tuple[str, ...]
    problem: str = ""


def read_notebook(text: str) -> Notebook:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        return Notebook((), f"not a notebook: {error}")
    raw_cells = data.get("cells") if isinstance(data, dict) else None
    if not isinstance(raw_cells, list):
        return Notebook((), "not a notebook: it has no cells")
    if not _is_python(data.get("metadata")):
        return Notebook((), "a notebook of another language than Python")
    return Notebook(tuple(
        blank_magics(_source(cell)) for cell in raw_cells if isinstance(cell, dict) and cell.get("cell_type") == "code"
    ))  # fmt: skip


def cells(text: str) -> list[str]:
    """The code cells of a notebook; none when it cannot be read (`read_notebook` says why)."""
    return list(read_notebook(text).cells)


def blank_magics(source: str) -> str:
    """`%magic`, `!shell` and `?help` lines emptied, a `%%cell magic` of another language emptied whole."""
    lines = source.split("\n")
    first = next((line.strip() for line in lines if line.strip()), "")
    if first.startswith("%%") and first.split()[0] not in ("%%time", "%%timeit", "%%capture", "%%prun", "%%python3"):
        return "\n" * (len(lines) - 1)
    return "\n".join(_blank(line) for line in lines)


def _blank(line: str) -> str:
    stripped = line.strip()
    return "" if stripped.startswith(("%", "!", "?")) or (stripped.endswith("?") and "#" not in stripped) else line


def _source(cell: dict) -> str:
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    return source if isinstance(source, str) else ""


def _is_python(metadata: object) -> bool:
    if not isinstance(metadata, dict):
        return True
    for group, key in (("language_info", "name"), ("kernelspec", "language")):
        part = metadata.get(group)
        if isinstance(part, dict) and isinstance(part.get(key), str):
            return "python" in part[key].lower()
    return True
