"""Neovim as its users have it: a fresh home with an init.lua, a screen, keys that are typed; by msgpack-RPC."""

from __future__ import annotations

import contextlib
import itertools
import os
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from screen import HEIGHT, WIDTH, Screen

T = TypeVar("T")

SLOW_S = 90.0
FOLDERS = {"HOME": ".", "XDG_CONFIG_HOME": "config", "XDG_DATA_HOME": "data", "XDG_STATE_HOME": "state"}


class Neovim:
    """One Neovim with a UI attached: what `screen` holds is what a person would see."""

    def __init__(self, process: subprocess.Popen) -> None:
        import msgpack  # make test-neovim installs it

        self._packed, self._unpacker = msgpack.packb, msgpack.Unpacker(ext_hook=lambda code, data: data)
        self.screen = Screen()
        self._process = process
        self._entered = 0.0
        self._numbers = itertools.count()
        self._messages: queue.Queue = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.call("nvim_ui_attach", WIDTH, HEIGHT, {"rgb": True, "ext_linegrid": True, "ext_hlstate": True})

    def call(self, method: str, *arguments: Any) -> Any:
        number = next(self._numbers)
        self._send([0, number, method, arguments])
        end = time.monotonic() + SLOW_S
        while time.monotonic() < end:
            message = self._next(0.5)
            if message is not None and message[:2] == [1, number]:
                assert message[2] is None, f"{method}: {message[2]}"
                return message[3]
        raise AssertionError(f"Neovim does not answer {method}; it shows:\n{self.screen.text()}")

    def quit(self) -> None:
        self._send([2, "nvim_command", ["qall!"]])

    def _send(self, message: list) -> None:
        self._process.stdin.write(self._packed(message))
        self._process.stdin.flush()

    def lua(self, code: str, *arguments: Any) -> Any:
        return self.call("nvim_exec_lua", code, arguments)

    def command(self, command: str) -> None:
        self.lua("vim.cmd(...)", command)

    def output(self, command: str) -> str:
        return self.lua("return vim.api.nvim_exec2(..., { output = true }).output", command)

    def keys(self, keys: str) -> None:
        """Typed, in the notation of mappings: <Tab>, <Esc>, <lt>."""
        self.call("nvim_input", keys)

    def type(self, text: str, pause_s: float = 0.04) -> None:
        """Key by key."""
        for key in text:
            self.keys({"<": "<lt>", "\n": "<CR>"}.get(key, key))
            time.sleep(pause_s)

    def until(self, holds: Callable[[], T], what: str = "", seconds: float = SLOW_S) -> T:
        """What `holds` gives once it is true."""
        end = time.monotonic() + seconds
        while not (found := holds()):
            assert time.monotonic() < end, f"it never came: {what}\n{self.screen.text()}"
            self._next(0.05)
        return found

    def seen(self, text: str, seconds: float = SLOW_S) -> str:
        """The line of the screen that shows `text`, once one does."""
        return self.until(lambda: next((line for line in self.look() if text in line), ""), f"{text!r}", seconds)

    def look(self) -> list[str]:
        """The screen's lines now."""
        self.call("nvim_get_mode")  # what was drawn before its answer has arrived with it
        return self.screen.lines()

    def look_again(self, seconds: float) -> list[str]:
        """The screen's lines after a while, for what should not come."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._next(0.05)
        return self.look()

    def floating(self) -> list[str]:
        """The lines of the floating window, once there is one with any."""
        code = """for _, window in ipairs(vim.api.nvim_list_wins()) do
          if vim.api.nvim_win_get_config(window).relative ~= '' then
            return vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, false)
          end
        end
        return {}"""
        return self.until(lambda: self.lua(code), "floating window")

    def buffer(self) -> list[str]:
        return self.lua("return vim.api.nvim_buf_get_lines(0, 0, -1, false)")

    def ghost_text(self, seconds: float = SLOW_S) -> str:
        """What is shown as ghost text, once something is."""
        return self.until(self.ghost_text_now, "ghost text", seconds)

    def ghost_text_now(self) -> str:
        self.look()
        return "\n".join(self.screen.shown_as("ComplHint"))

    def menu(self, seconds: float = SLOW_S) -> list[str]:
        """The words of the completion menu, once it is open."""

        def words() -> list[str]:
            self.look()
            return [line.split()[0] for line in self.screen.shown_as("Pmenu", "PmenuSel") if line.strip()]

        return self.until(words, "completion menu", seconds)

    def edit(self, file: Path) -> None:
        """Open a file and wait for its server."""
        self.command(f"edit {file}")
        self.until(self.client, "a client for the buffer")

    def client(self) -> int:
        """The number of the client at the buffer, 0 while there is none."""
        return self.lua("local client = require('seal').client() return client and client.id or 0")

    def save(self) -> bytes:
        """The file's bytes after `:write`."""
        self.command("silent write")
        return Path(self.lua("return vim.api.nvim_buf_get_name(0)")).read_bytes()

    def status(self, text: str, seconds: float = SLOW_S) -> None:
        """Until the status line's function says so."""
        self.until(lambda: self.lua("return require('seal').statusline()") == text, f"status {text!r}", seconds)

    def messages(self) -> str:
        return self.output("messages")

    def notified(self, text: str, seconds: float = SLOW_S) -> str:
        """All messages, once one has `text`."""
        return self.until(lambda: text in (said := self.messages()) and said, f"message {text!r}", seconds)

    def _next(self, seconds: float) -> list | None:
        """The next message, None when none comes in time; redraws are taken in.

        A message on the screen that waits for ENTER gets it, as from a person: nothing goes on before.
        """
        try:
            message = self._messages.get(timeout=max(0.0, seconds))
        except queue.Empty:
            if "Press ENTER" in self.screen.text() and time.monotonic() - self._entered > 1:
                self._entered = time.monotonic()
                self._send([2, "nvim_input", ["<CR>"]])
            return None
        assert message is not None, "Neovim has ended"
        if message[0] == 2 and message[1] == "redraw":
            self.screen.redraw(message[2])
        return message

    def _read(self) -> None:
        while data := os.read(self._process.stdout.fileno(), 65536):
            self._unpacker.feed(data)
            for message in self._unpacker:
                self._messages.put(message)
        self._messages.put(None)


@contextlib.contextmanager
def started(executable: Path, home: Path, init: str, environ: dict[str, str], cwd: Path) -> Iterator[Neovim]:
    """A Neovim whose user has this init.lua and nothing else, in the folder `cwd`."""
    own = {name: str(home / folder) for name, folder in FOLDERS.items()}
    (home / "config" / "nvim").mkdir(parents=True, exist_ok=True)
    (home / "config" / "nvim" / "init.lua").write_text(init)
    command = [str(executable), "--embed", "-n", "-i", "NONE"]
    with (home / "stderr").open("w") as errors:
        process = subprocess.Popen(
            command, env=environ | own, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
        )
    nvim = None
    try:
        nvim = Neovim(process)
        yield nvim
    finally:
        if nvim is not None:
            (home / "last-screen.txt").write_text(nvim.screen.text())
        with contextlib.suppress(OSError):
            if nvim is not None:
                nvim.quit()
            process.stdin.close()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
