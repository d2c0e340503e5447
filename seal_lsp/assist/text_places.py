"""Places in a text: names, lines and columns. Characters only, no encodings."""

from __future__ import annotations

import re

_LINE_END = re.compile(r"\r\n|\n|\r")


def name_at(text: str, offset: int) -> tuple[int, int] | None:
    """The identifier that covers or ends at the offset."""
    start = end = offset
    while start > 0 and (text[start - 1] == "_" or text[start - 1].isalnum()):
        start -= 1
    while end < len(text) and (text[end] == "_" or text[end].isalnum()):
        end += 1
    return (start, end) if start < end and not text[start].isdigit() else None


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """1-based line and 0-based column in characters, as jedi counts."""
    line, start = 1, 0
    for match in _LINE_END.finditer(text, 0, offset):
        line, start = line + 1, match.end()
    return line, offset - start
