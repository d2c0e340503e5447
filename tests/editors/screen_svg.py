"""A screen of cells as an SVG file, for the README's pictures of editors in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from typing import NamedTuple

CELL_W, CELL_H, FONT_PX = 9, 20, 15
FONTS = "DejaVu Sans Mono, Menlo, Consolas, monospace"


class Look(NamedTuple):
    """How a cell looks; colours as `#rrggbb`."""

    front: str
    back: str
    bold: bool = False
    italic: bool = False
    underline: bool = False


def svg(rows: Sequence[Sequence[tuple[str, Look]]], cursor: tuple[int, int] | None, screen: Look) -> str:
    """`rows` are cells of one column, (text, look); the second cell of a wide character is empty. `cursor` is (row,
    column), `screen` what an empty cell looks like."""
    width, height = len(rows[0]) * CELL_W, len(rows) * CELL_H
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        f'<rect width="100%" height="100%" fill="{screen.back}"/>',
        f'<g font-family="{FONTS}" font-size="{FONT_PX}">',
    ]
    for number, row in enumerate(rows):
        column = 0
        for look, cells in groupby(row, key=lambda cell: cell[1]):
            texts = [text for text, _ in cells]
            parts += _run(number, column, texts, look, screen)
            column += len(texts)
    if cursor is not None:
        caret = f'x="{cursor[1] * CELL_W}" y="{cursor[0] * CELL_H}" width="2" height="{CELL_H}"'
        parts.append(f'<rect {caret} fill="{screen.front}"/>')
    return "\n".join([*parts, "</g>", "</svg>", ""])


def _run(row: int, column: int, texts: list[str], look: Look, screen: Look) -> Iterator[str]:
    """Cells that look the same: their background, where it is not the screen's, and their text."""
    x, y = column * CELL_W, row * CELL_H
    if look.back != screen.back:
        yield f'<rect x="{x}" y="{y}" width="{len(texts) * CELL_W}" height="{CELL_H}" fill="{look.back}"/>'
    style = ' font-weight="bold"' * look.bold + ' font-style="italic"' * look.italic
    style += ' text-decoration="underline"' * look.underline
    for start, word in _words(texts):
        place = f'x="{x + start * CELL_W}" y="{y + FONT_PX}"'
        yield f'<text {place} fill="{look.front}"{style}>{escape(word)}</text>'


def _words(cells: list[str]) -> Iterator[tuple[int, str]]:
    """Where each word begins, and the word: an SVG's blanks have a width of their own. A wide character is a word."""
    start, word = 0, ""
    for column, text in enumerate([*cells, " "]):
        wide = column + 1 < len(cells) and cells[column + 1] == ""
        if (wide or not text.strip()) and word:
            yield start, word
            word = ""
        if wide:
            yield column, text
        elif text.strip():
            start, word = (start, word + text) if word else (column, text)
