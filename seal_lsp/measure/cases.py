"""Case files: held-out places where real code names an API. Reads the schema that LEARNING.md gives, writes it too."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, fields
from pathlib import Path

from seal_lsp.core.errors import UsageError
from seal_lsp.core.learning import Case

_REQUIRED = {"library", "version", "kind", "gold", "copyable", "candidates", "prefix"}
_KNOWN = {f.name for f in fields(Case)}


def load_cases(path: Path) -> list[Case]:
    """Cases of a JSONL file. Raises UsageError naming the line that is wrong."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"cannot read the case file {path}: {error}", hint="give a JSONL file, one case a line"
        ) from error
    cases = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            cases.append(_case(line, f"{path}:{number}"))
    if not cases:
        raise UsageError(f"no case in {path}", hint="give a JSONL file, one case a line")
    return cases


def _case(line: str, where: str) -> Case:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise UsageError(f"{where} is not JSON: {error}") from error
    missing = _REQUIRED - set(row) if isinstance(row, dict) else _REQUIRED
    if missing:
        raise UsageError(f"{where} lacks {', '.join(sorted(missing))}", hint="see the case schema in the README")
    row = {"package": "", "path": "", "suffix": "", "id": ""} | {k: v for k, v in row.items() if k in _KNOWN}
    row["candidates"] = tuple(row["candidates"])
    return Case(**row)


def dump_cases(cases: Iterable[Case]) -> str:
    return "".join(json.dumps(asdict(case), ensure_ascii=False) + "\n" for case in cases)
