"""JupyterLab as its users have it, in a browser that a test drives: a server with a fresh home, and a notebook's page.

Knows cells, the completer, the tooltip and the status bar, and nothing of what the tests are about.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from browsing import SLOW_MS, free_port, middle_of
from client_readme import README, block

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

CONFIGURATION = ".jupyter/jupyter_server_config.d/seal-lsp.json"
SETTINGS = ".jupyter/lab/user-settings"
QUIET = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
    "@jupyterlab/completer-extension/manager": {"providerTimeout": 9_000},  # a second is not enough on a busy machine
}
PATIENCE_MS = 10_000  # then Tab is pressed again
READY_MS = 180_000  # a kernel and a language server start


def newcomers_file() -> str:
    """The configuration that the README tells of."""
    assert f"~/{CONFIGURATION}" in README.read_text(encoding="utf-8")
    found = block("JupyterLab", "json")
    assert "LanguageServerManager" in found
    assert len(found.splitlines()) <= 5
    return found


def notebook(*cells: str) -> str:
    """A notebook's file, with code cells."""
    blank = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    written = [blank | {"id": f"cell-{place}", "source": text} for place, text in enumerate(cells)]
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    return json.dumps({"cells": written, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5})


@contextlib.contextmanager
def served(lab: Path, home: Path, folder: Path, environ: dict[str, str]) -> Iterator[str]:
    """JupyterLab in that folder, with that home and nothing of this machine's Jupyter; its address."""
    write(home / CONFIGURATION, newcomers_file())
    for name, values in QUIET.items():
        write_settings(home, name, values)
    environ = {name: value for name, value in environ.items() if not name.startswith(("JUPYTER", "JP_", "IPYTHON"))}
    port = free_port()
    command = [
        *(str(lab / "venv/bin/python"), "-m", "jupyterlab", "--no-browser", "--allow-root"),
        *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
        *("--IdentityProvider.token=", "--ServerApp.password=", f"--ServerApp.root_dir={folder}"),
    ]
    with (home / "jupyter.log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=environ | {"HOME": str(home)}, stdout=log, stderr=log)
        try:
            _wait(process, f"http://127.0.0.1:{port}/lsp/status")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(60)


def write_settings(home: Path, name: str, values: dict) -> None:
    write(home / SETTINGS / f"{name}.jupyterlab-settings", json.dumps(values))


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _wait(process: subprocess.Popen, url: str) -> None:
    end = time.monotonic() + SLOW_MS / 1000
    while process.poll() is None and time.monotonic() < end:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2):
            return
        time.sleep(0.2)
    raise RuntimeError(f"JupyterLab ended with {process.poll()}, or does not answer: see jupyter.log")


class Lab:
    """A page with one notebook."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open_notebook(self, address: str, name: str) -> None:
        self.page.goto(f"{address}/lab/tree/{quote(name)}", wait_until="domcontentloaded")
        self._ready()

    def reload(self) -> None:
        self.page.reload(wait_until="domcontentloaded")
        self._ready()

    def _ready(self) -> None:
        """The cells are there and the notebook's language server has answered."""
        self.page.locator(".jp-Notebook .jp-CodeCell .cm-content").first.wait_for(timeout=READY_MS)
        self.page.locator(".lsp-statusbar-item", has_text="Fully initialized").wait_for(timeout=READY_MS)

    def cell(self, number: int) -> Locator:
        """A cell's text, counted from 1."""
        return self.page.locator(".jp-Notebook .jp-CodeCell").nth(number - 1).locator(".cm-content")

    def edit(self, number: int) -> None:
        """The cursor at a cell's end."""
        self.cell(number).click()
        self.page.keyboard.press("Control+End")

    def type(self, text: str) -> None:
        self.page.keyboard.type(text, delay=40)

    def menu(self) -> Locator:
        """The rows of the completer. Tab opens it, if there is anything to show yet: a library may still be read."""
        from playwright.sync_api import TimeoutError as TooLate

        rows = self.page.locator(".jp-Completer:visible .jp-Completer-item")
        end = time.monotonic() + SLOW_MS / 1000
        while not rows.count():
            assert time.monotonic() < end, "no menu"
            self.page.keyboard.press("Tab")
            with contextlib.suppress(TooLate):
                rows.first.wait_for(timeout=PATIENCE_MS)
        return rows

    def menu_labels(self) -> list[str]:
        return [text.strip() for text in self.menu().locator(".jp-Completer-match").all_inner_texts()]

    def take(self, label: str) -> None:
        """Go down the open menu to an entry, and take it."""
        for _ in self.page.locator(".jp-Completer:visible .jp-Completer-item").all():
            active = self.page.locator(".jp-Completer:visible .jp-mod-active .jp-Completer-match").inner_text()
            if active.strip() == label:
                break
            self.page.keyboard.press("ArrowDown")
        self.page.keyboard.press("Enter")
        self.page.locator(".jp-Completer:visible").wait_for(state="hidden", timeout=SLOW_MS)

    def close_menu(self) -> None:
        """Not by Escape: without a menu it would leave the cell."""
        self.page.keyboard.press("Escape")
        self.page.locator(".jp-Completer:visible").wait_for(state="hidden", timeout=SLOW_MS)

    def hover_over(self, number: int, word: str, says: str) -> str:
        """The tooltip over a cell's word, which Control shows, once it says so."""
        place = middle_of(word, self.cell(number))
        self.page.mouse.move(5, 5)
        self.page.mouse.move(*place, steps=3)
        self.page.keyboard.down("Control")
        try:
            tooltip = self.page.locator(".lsp-hover:visible", has_text=says).first
            end = time.monotonic() + SLOW_MS / 1000
            while not tooltip.count():
                assert time.monotonic() < end, "no tooltip"
                for step in (3, 0):  # it is asked for when the mouse moves
                    self.page.mouse.move(place[0] + step, place[1])
                    self.page.wait_for_timeout(300)
            return tooltip.inner_text()
        finally:
            self.page.keyboard.up("Control")

    def save(self) -> None:
        self.page.keyboard.press("Control+s")
        self.page.locator(".lm-DockPanel-tabBar .lm-TabBar-tab.jp-mod-current:not(.jp-mod-dirty)").wait_for(
            timeout=SLOW_MS
        )

    def screenshot(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=str(file))


def sources(file: Path) -> list[str]:
    """The text of a saved notebook's cells."""
    return ["".join(cell["source"]) for cell in json.loads(file.read_text(encoding="utf-8"))["cells"]]
