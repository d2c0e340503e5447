"""Positions on the wire and offsets inside, converted here and nowhere else.

Inside, a place is a character offset (code points) into the document's text. On the wire it is a line and a character
counted in the code units that client and server agreed on (utf-8, utf-16 or utf-32). Lines end at \\n, \\r\\n or \\r as
LSP says, not where `str.splitlines` ends them (form feeds and U+2028 are ordinary characters here).
Knows nothing of documents or features.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from lsprotocol import types

_LINE_END = re.compile(r"\r\n|\n|\r")
UTF8, UTF16, UTF32 = "utf-8", "utf-16", "utf-32"


def units(text: str, encoding: str) -> int:
    """How many code units `text` takes."""
    if encoding == UTF32 or text.isascii():
        return len(text)
    if encoding == UTF8:
        return len(text.encode("utf-8", "surrogatepass"))
    return len(text) + sum(1 for c in text if c > "\uffff")


def characters(text: str, count: int, encoding: str) -> int:
    """How many characters of `text` the first `count` code units cover; a count inside a character ends before it."""
    if encoding == UTF32 or text.isascii():
        return min(count, len(text))
    used = 0
    for i, c in enumerate(text):
        used += units(c, encoding)
        if used > count:
            return i
    return len(text)


class LineIndex:
    """The line starts of one text. Positions beyond a line's or the text's end mean that end, as LSP says."""

    __slots__ = ("_starts", "encoding", "text")

    def __init__(self, text: str, encoding: str = UTF16) -> None:
        self.text = text
        self.encoding = encoding
        self._starts = [0, *(m.end() for m in _LINE_END.finditer(text))]

    @property
    def lines(self) -> int:
        return len(self._starts)

    def line_of(self, offset: int) -> int:
        return bisect_right(self._starts, offset) - 1

    def line_start(self, line: int) -> int:
        return self._starts[line]

    def line_end(self, line: int) -> int:
        """Offset of the line's end, its line break excluded."""
        end = self._starts[line + 1] if line + 1 < len(self._starts) else len(self.text)
        while end > self._starts[line] and self.text[end - 1] in "\r\n":
            end -= 1
        return end

    def offset(self, position: types.Position) -> int:
        if position.line >= len(self._starts):
            return len(self.text)
        start = self._starts[position.line]
        line = self.text[start : self.line_end(position.line)]
        return start + characters(line, position.character, self.encoding)

    def position(self, offset: int) -> types.Position:
        offset = max(0, min(offset, len(self.text)))
        line = self.line_of(offset)
        return types.Position(line, units(self.text[self._starts[line] : offset], self.encoding))

    def range(self, start: int, end: int) -> types.Range:
        return types.Range(self.position(start), self.position(end))

    def offsets(self, range_: types.Range) -> tuple[int, int]:
        start, end = self.offset(range_.start), self.offset(range_.end)
        return min(start, end), max(start, end)
