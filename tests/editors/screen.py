"""What an attached Neovim shows: its grid of cells, kept by the `redraw` events of its UI protocol, and as an SVG file.

Knows ext_linegrid and ext_hlstate, and nothing of what the cells mean.
"""

from __future__ import annotations

from typing import Any

from screen_svg import Look, svg

WIDTH, HEIGHT = 100, 24


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
        rows = [[(text, self._look(number)) for text, number in row] for row in self.cells]
        return svg(rows, self.cursor, self._look(0))

    def _look(self, number: int) -> Look:
        found = self._default | self._looks[number][0]
        front, back = _colour(found["foreground"]), _colour(found["background"])
        if found.get("reverse"):
            front, back = back, front
        return Look(front, back, bool(found.get("bold")), bool(found.get("italic")))

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
