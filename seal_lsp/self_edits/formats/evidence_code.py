"""Formats `usage` and `source`: real code as it stands, cut to a length that a small context holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seal_lsp.core.language import LanguageSupport
from seal_lsp.core.learning import Evidence, SelfEdit
from seal_lsp.core.library import LibraryId

LONGEST = 1800


def write(evidence: Sequence[Evidence], library: LibraryId, language: LanguageSupport) -> Iterator[SelfEdit]:
    """One self-edit a piece of evidence; long ones are cut at a line that still parses."""
    for item in evidence:
        text = _cut(item.text, language)
        if text:
            yield SelfEdit(item.kind, "", text, library, item.symbols, (item.provenance,), f"template:{item.kind}")


def _cut(text: str, language: LanguageSupport) -> str:
    if len(text) <= LONGEST:
        return text if text.endswith("\n") else text + "\n"
    lines = text[:LONGEST].split("\n")[:-1]
    while len(lines) > 2:
        shorter = "\n".join(lines) + "\n"
        if not language.syntax_problem(shorter):
            return shorter
        lines.pop()
    return ""
