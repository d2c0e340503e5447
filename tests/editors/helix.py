"""Helix as its users have it: a fresh home with their languages.toml, and a terminal.

Knows Helix (keys, the prompt, popups, the status line), and nothing of what the tests are about. Helix has no remote
control: what it does is read from its screen.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from pty_screen import Terminal

KINDS = "class|field|function|method|module|property|variable"
ENTRY = re.compile(rf"^ +(?:(?:~|\d+) +)?(\w+=?) +(?:{KINDS})(?: |$)", re.MULTILINE)
PICKED = re.compile(r"^│ [> ] ([\w.]+) +│$", re.MULTILINE)
ESCAPE = "\x1b"


class Helix:
    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.type = terminal.type
        self.shows = terminal.shows

    def normal(self) -> None:
        """Normal mode. Escape goes alone: with a key behind it, it would be Alt. A hover needs none."""
        if " NOR " not in self.terminal.text():
            self.type(ESCAPE)
            self.shows(lambda text: " NOR " in text and not ENTRY.search(text))

    def again(self, keys: str, holds: str | Callable[[str], object], patience: float = 10, seconds: float = 60) -> str:
        """The screen as it should be; the keys are typed again while it is not."""
        end = time.monotonic() + seconds
        while True:
            self.type(keys)
            with contextlib.suppress(AssertionError):
                return self.shows(holds, patience)
            assert time.monotonic() < end, f"{keys!r} did not help:\n{self.terminal.text()}"

    def open_file(self, file: Path) -> None:
        self.normal()
        self.type(f":open {file}\r")
        self.shows(lambda text: re.search(rf" NOR +(\S +)?{re.escape(file.name)} ", text))  # the spinner may turn

    def line_below(self, text: str, behind: str = "") -> None:
        """Type a line below the last one; `behind` is what Helix closes by itself."""
        self.type("geo")
        self.shows(" INS ")
        self.type(text)
        self.line(text + behind)

    def line(self, text: str) -> None:
        """Wait until a line is this."""
        self.shows(lambda screen: re.search(rf"^ *\d+ +{re.escape(text)}$", screen, re.MULTILINE))

    def menu(self, names: set[str]) -> list[str]:
        """The completion menu from the top, once these are its names."""
        return ENTRY.findall(self.shows(lambda text: set(ENTRY.findall(text)) == names))

    def command(self, line: str) -> None:
        self.normal()
        self.type(f":{line}\r")

    def commands(self) -> list[str]:
        """What the server can be told to do, as Helix lists it once the server is there."""

        def listed(text: str) -> bool:
            counts = re.search(r" ([1-9]\d*)/\1 │", text)
            return bool(counts) and len(PICKED.findall(text)) == int(counts[1])

        self.normal()
        found = PICKED.findall(self.again(":lsp-workspace-command\r", listed, 2))
        self.type(ESCAPE)
        self.shows(lambda text: not PICKED.search(text))
        return found

    def save(self, file: Path) -> bytes:
        """What is in the file then."""
        self.command("w")
        self.shows(lambda text: f"'{file.name}' written" in text and "[+]" not in text)
        return file.read_bytes()

    def quit(self) -> None:
        """Leaving unsaved what is."""
        self.command("quit-all!")
        self.terminal.process.wait(30)


@contextlib.contextmanager
def started(installed: Path, home: Path, languages: str, environ: dict[str, str], file: Path) -> Iterator[Helix]:
    """Helix with that languages.toml in that home, on a file."""
    config = home / ".config" / "helix"
    config.mkdir(parents=True)
    (config / "languages.toml").write_text(languages)
    own = {"HOME": str(home), "XDG_CONFIG_HOME": str(config.parent), "XDG_CACHE_HOME": str(home / ".cache")}
    environ = {**environ, **own, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "COLORTERM": "truecolor"}
    terminal = Terminal([str(installed / "hx"), str(file)], environ, file.parent)
    try:
        terminal.shows(" NOR ")
        yield Helix(terminal)
    finally:
        (home / "last.txt").write_text(terminal.text())
        terminal.close()
