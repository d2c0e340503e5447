"""The session of a user of Emacs, with one of the two clients: its keys and commands, its pictures."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from emacs import Emacs
from farm import SCREENSHOTS, eventually, make_project

ACCEPT = {"eglot": "\t", "lsp-mode": "\x1b[27;5;13~"}  # C-<return>, as a terminal sends it
ASK = {"eglot": "seal-lsp-ghost-ask", "lsp-mode": "lsp-inline-completion-display"}
HOVER = {"eglot": ("eldoc-doc-buffer", "*eldoc*"), "lsp-mode": ("lsp-describe-thing-at-point", "*lsp-help*")}
CHOOSE = "\x1b[1;3B", "\x1b\r"  # M-<down>, M-RET: the first entry


@dataclass
class Session:
    client: str
    emacs: Emacs
    home: Path
    work: Path
    farm: Path

    def open_project(self, name: str) -> Path:
        folder = make_project(self.work / name)
        self.emacs.open_file(folder / "main.py", new_project=self.client == "lsp-mode")
        return folder

    def hover_at_climb(self, says: str) -> str:
        """The documentation of `climb` in main.py, once it says so."""
        command, buffer = HOVER[self.client]
        self.emacs.open_file(self.farm / "main.py")
        self.emacs.type("\x1b<")
        self.emacs.eval('(progn (search-forward "ladder.cli") (set-window-point nil (point)))')
        text = f'(and (get-buffer "{buffer}") (with-current-buffer "{buffer}" (buffer-string)))'

        def shown() -> str:
            self.emacs.command(command)
            time.sleep(0.5)
            return (now := self.emacs.eval(text)) and says in now and now

        return eventually(shown)

    def picture(self, name: str) -> None:
        if os.environ.get("SEAL_SCREENSHOTS") and self.client == "eglot":
            self.emacs.terminal.picture(SCREENSHOTS / f"emacs-{name}.svg")
