"""What an attached Neovim shows: its grid of cells, kept by the `redraw` events of its UI protocol, and as an SVG file.

Knows ext_linegrid and ext_hlstate, and nothing of what the cells mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

WIDTH, HEIGHT = 100, 24
CELL_W, CELL_H, FONT_PX = 9, 20, 15
FONTS = "DejaVu Sans Mono, Menlo, Consolas, monospace"


class Screen:
    def __init__(self) -> None:
        self.cells: list[list[tuple[str, int]]] = []
        self.cursor = (0, 0)
        self._looks: dict[int, tuple[dict, frozenset[str]]] = {0: ({}, frozenset())}
        self._default = {"foreground": 0xD0D0D0, "background": 0x101010}

    def redraw(self, batch: list[list[Any]]) -> None:
        for name, *calls in batch:
            work = getattr(self, f"_{name}", None)
            for arguments in calls if work else ():
                work(*arguments)

    def lines(self) -> list[str]:
        return ["".join(text for text, _ in row).rstrip() for row in self.cells]

    def text(self) -> str:
        return "\n".join(self.lines())

    def shown_as(self, *groups: str) -> list[str]:
        """What stands on the screen in one of these highlight groups, a text for each line that has any."""
        found = ["".join(text for text, look in row if self._looks[look][1] & {*groups}) for row in self.cells]
        return [text for text in found if text]

    def svg(self) -> str:
        width, height = len(self.cells[0]) * CELL_W, len(self.cells) * CELL_H
        size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size}>',
            f'<rect width="100%" height="100%" fill="{_colour(self._default["background"])}"/>',
            f'<g font-family="{FONTS}" font-size="{FONT_PX}">',
        ]
        for row, cells in enumerate(self.cells):
            column = 0
            while column < len(cells):
                end = column + 1
                while end < len(cells) and cells[end][1] == cells[column][1]:
                    end += 1
                parts += self._run(row, column, cells[column:end])
                column = end
        at_row, at_column = self.cursor
        caret = f'x="{at_column * CELL_W}" y="{at_row * CELL_H}" width="2" height="{CELL_H}"'
        parts.append(f'<rect {caret} fill="{_colour(self._default["foreground"])}"/>')
        return "\n".join([*parts, "</g>", "</svg>", ""])

    def _run(self, row: int, column: int, cells: list[tuple[str, int]]) -> list[str]:
        """Cells that look the same: their background, where it is not the screen's, and their text."""
        look = self._looks[cells[0][1]][0]
        foreground = look.get("foreground", self._default["foreground"])
        background = look.get("background", self._default["background"])
        if look.get("reverse"):
            foreground, background = background, foreground
        x, width = column * CELL_W, len(cells) * CELL_W
        parts = []
        if background != self._default["background"]:
            box = f'x="{x}" y="{row * CELL_H}" width="{width}" height="{CELL_H}"'
            parts.append(f'<rect {box} fill="{_colour(background)}"/>')
        style = ' font-weight="bold"' * bool(look.get("bold")) + ' font-style="italic"' * bool(look.get("italic"))
        for start, word in _words([text for text, _ in cells]):
            place = f'x="{x + start * CELL_W}" y="{row * CELL_H + FONT_PX}"'
            parts.append(f'<text {place} fill="{_colour(foreground)}"{style}>{escape(word)}</text>')
        return parts

    # -- the events of Neovim's UI protocol

    def _grid_resize(self, grid: int, width: int, height: int) -> None:
        self.cells = [[(" ", 0)] * width for _ in range(height)]

    def _grid_clear(self, grid: int) -> None:
        self.cells = [[(" ", 0)] * len(row) for row in self.cells]

    def _grid_cursor_goto(self, grid: int, row: int, column: int) -> None:
        self.cursor = (row, column)

    def _grid_line(self, grid: int, row: int, column: int, cells: list, wrap: bool = False) -> None:
        look = 0
        for text, *more in cells:
            look = more[0] if more else look
            for _ in range(more[1] if len(more) > 1 else 1):
                self.cells[row][column] = (text, look)
                column += 1

    def _grid_scroll(self, grid: int, top: int, bottom: int, left: int, right: int, rows: int, columns: int) -> None:
        moved = range(top, bottom - rows) if rows > 0 else range(bottom - 1, top - rows - 1, -1)
        for row in moved:
            self.cells[row][left:right] = self.cells[row + rows][left:right]

    def _default_colors_set(self, foreground: int, background: int, *rest: int) -> None:
        if foreground >= 0 and background >= 0:
            self._default = {"foreground": foreground, "background": background}

    def _hl_attr_define(self, number: int, rgb: dict, cterm: dict, info: list[dict]) -> None:
        self._looks[number] = (rgb, frozenset(one.get("hi_name", "") for one in info))


def _colour(number: int) -> str:
    return f"#{number:06x}"


def _words(cells: list[str]) -> Iterator[tuple[int, str]]:
    """Where each word begins, and the word: an SVG's blanks have a width of their own. A wide character is a word: it
    takes two cells, of which the second is empty."""
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
