"""Emacs as its users have it: a fresh home, the package installed from its folder, an init file, and a terminal.

Knows Emacs (keys, buffers, the mode line), and nothing of what the tests are about.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from farm import SERVER, eventually
from pty_screen import Terminal

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "editor-clients" / "emacs"
DRIVE = Path(__file__).with_name("drive.el")


def new_home(installed: Path, home: Path) -> str:
    """A home with the package, installed as the README says, and with `seal-lsp` on PATH; what Emacs said meanwhile."""
    folder = home / ".emacs.d"
    folder.mkdir(parents=True)
    early = folder / "early-init.el"
    early.write_text(f"(setq package-directory-list '({json.dumps(str(installed / 'elpa'))}))\n")
    form = f"(progn (load {json.dumps(str(early))}) (package-install-file {json.dumps(str(PACKAGE))}))"
    done = batch(installed, ["--eval", form], home)
    assert done.returncode == 0, done.stderr
    program = home / "bin" / "seal-lsp"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexport PYTHONPATH={ROOT}\nexec {shlex.join(SERVER)} "$@"\n')
    program.chmod(0o755)
    return done.stderr


def batch(installed: Path, arguments: list[str], home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    environ = {"HOME": str(home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **more}
    command = [str(installed / "emacs"), "--batch", "-q", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environ, timeout=300)


class Emacs:
    """A running Emacs: what is typed goes to its terminal, what is asked goes to its server."""

    def __init__(self, installed: Path, folder: Path, terminal: Terminal) -> None:
        self._client = [str(installed / "emacsclient"), "-s", str(folder / "drive"), "--eval"]
        self._answer = folder / "answer"
        self.terminal = terminal

    def eval(self, form: str):
        """The value of a form in the buffer of the selected window."""
        self._answer.unlink(missing_ok=True)
        inside = f"(drive-answer (with-current-buffer (window-buffer (selected-window)) {form}))"
        done = subprocess.run([*self._client, inside], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"{form}: {done.stdout}{done.stderr}\n{self.terminal.text()}"
        return json.loads(self._answer.read_text())

    def type(self, *keys: str) -> None:
        for key in keys:
            self.terminal.type(key)

    def menu(self, holds: str) -> list[str]:
        """The names in the completion menu, once it is open and has this one. C-M-i, as a user does it."""

        def opened() -> list[str]:
            self.type("\x1b\t")
            with contextlib.suppress(AssertionError):
                eventually(lambda: self.eval("(drive-menu)"), 10)
            found = self.eval("(drive-menu)") or []
            if holds not in found:
                self.control_g()
                return []
            return found

        return eventually(opened)

    def control_g(self) -> None:
        """Alone: Emacs throws away what was typed before it looked at it. Again while there is ghost text: lsp-mode
        shows what it had asked for before."""

        def gone() -> bool:
            self.terminal.type("\x07")
            with contextlib.suppress(AssertionError):
                eventually(lambda: self.eval("(drive-ghost)") is None, 5)
            time.sleep(0.3)
            return self.eval("(drive-ghost)") is None

        eventually(gone)

    def command(self, name: str) -> None:
        """M-x, as a user does it."""
        self.type("\x1bx")
        self.terminal.shows("M-x")
        self.type(f"{name}\r")

    def answer(self, prompt: str, text: str) -> None:
        """Answer what the minibuffer asks."""
        self.terminal.shows(prompt)
        self.type(f"{text}\r")

    def open_file(self, file: Path, *, new_project: bool = False) -> None:
        """Visit a file, point at its end. lsp-mode asks what to do with a `new_project`."""
        self.type(f"\x18\x06\x01\x0b{file}\r")  # C-x C-f C-a C-k
        if new_project:
            self.terminal.shows("Select action")
            self.type("i")
        eventually(lambda: self.eval("buffer-file-name") == str(file))
        self.type("\x1b>")

    def line(self) -> str:
        return self.eval("(buffer-substring-no-properties (line-beginning-position) (line-end-position))")

    def quit(self) -> None:
        """C-x C-c, leaving unsaved what is."""
        self.eval("(progn (dolist (buffer (buffer-list)) (with-current-buffer buffer (set-buffer-modified-p nil))) t)")
        self.type("\x18\x03")
        eventually(lambda: self.terminal.process.poll() is not None)

    def save(self) -> None:
        self.type("\x18\x13")
        eventually(lambda: not self.eval("(buffer-modified-p)"))

    def ghost(self, seconds: float = 90) -> str:
        """Ghost text, once there is some; it is on the screen."""
        found = eventually(lambda: self.eval("(drive-ghost)"), seconds)
        self.terminal.shows(found.split("\n")[0])
        return found

    def lighter(self, *words: str, seconds: float = 90) -> str:
        """The mode line's word of seal-lsp, once it has one of these."""
        return eventually(
            lambda: (now := self.eval("(drive-lighter)")) and any(w in now for w in words) and now, seconds
        )

    def said(self, words: str, seconds: float = 90) -> str:
        """All that was said, once these words were."""
        return eventually(lambda: (now := self.eval("(drive-messages)")) and words in now and now, seconds)


@contextlib.contextmanager
def started(installed: Path, home: Path, init: str, environ: dict[str, str], folder: Path) -> Iterator[Emacs]:
    """Emacs with that init file in that home, in `folder`."""
    program = home / "bin"
    environ = {**environ, "PATH": f"{program}{os.pathsep}{environ['PATH']}"} if program.exists() else environ
    scratch = home / "drive"
    scratch.mkdir(mode=0o700, exist_ok=True)  # Emacs takes no other for its socket
    (home / ".emacs.d" / "init.el").write_text(init)
    environ = {**environ, "HOME": str(home), "DRIVE_FOLDER": str(scratch), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
    terminal = Terminal([str(installed / "emacs"), "-nw", "-l", str(DRIVE)], environ, folder)
    emacs = Emacs(installed, scratch, terminal)
    try:
        eventually((scratch / "drive").exists)
        yield emacs
    finally:
        (home / "last.txt").write_text(terminal.text())
        terminal.close()
