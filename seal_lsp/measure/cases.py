"""Case files: held-out places where real code names an API. Reads the schema that LEARNING.md gives, writes it too."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, fields
from pathlib import Path

from seal_lsp.core.errors import UsageError
from seal_lsp.core.learning import Case, digest_of

_REQUIRED = {"library", "version", "kind", "gold", "copyable", "candidates", "prefix"}
_KNOWN = {f.name for f in fields(Case)}
_KINDS = ("import", "member", "keyword", "call")


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
    problem = _problem(row)
    if problem:
        raise UsageError(f"{where}: {problem}", hint="see the case schema in the README")
    row["candidates"] = tuple(row["candidates"])
    return Case(**row)


def _problem(row: dict) -> str:
    """What is wrong with a row that has all its fields, '' when nothing is."""
    for name in sorted(_KNOWN - {"copyable", "candidates"}):
        if not isinstance(row[name], str):
            return f"{name} is not a text: {row[name]!r}"
    for name in ("library", "version", "gold"):
        if not row[name].strip():
            return f"{name} is empty"
    if not isinstance(row["copyable"], bool):
        return f"copyable is neither true nor false: {row['copyable']!r}"
    if row["kind"] not in _KINDS:
        return f"kind is {row['kind']!r}, not one of {', '.join(_KINDS)}"
    names = row["candidates"]
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        return "candidates is not a list of names"
    return "" if row["gold"] in names else f"the gold name {row['gold']!r} is not among the candidates"


def case_digest(case: Case) -> str:
    """Identity of a case by its content: 16 hex digits."""
    return digest_of(asdict(case))[:16]


def sample(cases: Iterable[Case], limit: int | None, *, seed: int) -> list[Case]:
    """At most `limit` cases of each library, chosen by seed and content alone, in their order; all without a limit."""
    cases = list(cases)
    if limit is None:
        return cases
    by_library: dict[tuple[str, str], list[Case]] = defaultdict(list)
    for case in cases:
        by_library[case.library, case.version].append(case)
    kept = {
        case_digest(case)
        for some in by_library.values()
        for case in sorted(some, key=lambda one: digest_of([seed, case_digest(one)]))[:limit]
    }
    return [case for case in cases if case_digest(case) in kept]


def dump_cases(cases: Iterable[Case]) -> str:
    return "".join(json.dumps(asdict(case), ensure_ascii=False) + "\n" for case in cases)
