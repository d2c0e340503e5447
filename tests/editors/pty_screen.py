"""A program in a terminal of its own: keys go in, its screen is read, and can be kept as a picture (SVG).

Knows terminals, and nothing of the program in it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from screen_svg import Look, svg

if TYPE_CHECKING:
    from pyte.screens import Char

FOREGROUND, BACKGROUND = "#24292f", "#ffffff"
NAMED = {
    "black": "#24292f", "red": "#c62828", "green": "#2e7d32", "brown": "#9a6700", "blue": "#0550ae",
    "magenta": "#8250df", "cyan": "#1b7c83", "white": "#d0d7de", "brightblack": "#6e7781", "brightred": "#e5534b",
    "brightgreen": "#57ab5a", "brightbrown": "#c69026", "brightblue": "#539bf5", "brightmagenta": "#b083f0",
    "brightcyan": "#39c5cf", "brightwhite": "#ffffff",
}  # fmt: skip


class Terminal:
    """`command` in a terminal of `columns` times `rows`; reading goes on in the background until it ends."""

    def __init__(self, command: list[str], environ: dict[str, str], cwd: Path, columns=96, rows=26) -> None:
        import pyte

        self._screen = pyte.Screen(columns, rows)
        self._screen.report_device_status = lambda *mode, private=False: None  # pyte fails where it is a private one
        self._stream = pyte.ByteStream(self._screen)
        self._lock = threading.Lock()
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        environ = {**environ, "TERM": "xterm-256color", "COLUMNS": str(columns), "LINES": str(rows)}
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environ, cwd=cwd, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        os.close(slave)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while data := os.read(self._master, 65536):
                with self._lock:
                    self._stream.feed(data)

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def lines(self) -> list[str]:
        with self._lock:
            return list(self._screen.display)

    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines())

    def shows(self, words: str | Callable[[str], object], seconds: float = 60) -> str:
        """The screen, once it has those words, or is as that function wants it."""
        end = time.monotonic() + seconds
        while True:
            text = self.text()
            if words in text if isinstance(words, str) else words(text):
                return text
            assert self.process.poll() is None, f"it ended with {self.process.returncode}:\n{text}"
            assert time.monotonic() < end, f"{words} never came:\n{text}"
            time.sleep(0.05)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join(5)
        os.close(self._master)

    def picture(self, file: Path) -> None:
        """The screen as it is, as an SVG file."""
        with self._lock:
            screen, cursor = self._screen, self._screen.cursor
            rows = [[(screen.buffer[y][x].data, _look(screen.buffer[y][x])) for x in range(screen.columns)]
                    for y in range(screen.lines)]  # fmt: skip
            at = None if cursor.hidden else (cursor.y, cursor.x)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(svg(rows, at, Look(FOREGROUND, BACKGROUND)), encoding="utf-8")


def _look(cell: Char) -> Look:
    front, back = _colour(cell.fg, FOREGROUND), _colour(cell.bg, BACKGROUND)
    if cell.reverse:
        front, back = back, front
    return Look(front, back, cell.bold, cell.italics, cell.underscore)


def _colour(name: str, default: str) -> str:
    if name == "default":
        return default
    return NAMED.get(name, f"#{name}")  # the others are six digits
