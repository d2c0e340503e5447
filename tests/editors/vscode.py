"""VS Code as its users have it, in a browser that a test drives: code-server with a fresh profile, and its window.

Knows the workbench (quick input, status bar, explorer, hovers), and nothing of what the tests are about.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO
from urllib.parse import quote

from browsing import SLOW_MS, free_port, middle_of

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

QUIET = {
    "workbench.startupEditor": "none",
    "workbench.enableExperiments": False,
    "telemetry.telemetryLevel": "off",
    "update.mode": "none",
    "extensions.autoCheckUpdates": False,
    "chat.disableAIFeatures": True,
    "editor.hover.delay": 100,
    "editor.minimap.enabled": False,
    "editor.autoClosingBrackets": "never",  # the bytes in a file are what was typed and taken
    "editor.autoIndent": "none",
    "editor.wordBasedSuggestions": "off",
    "files.autoSave": "off",
    "files.eol": "\n",
    "git.enabled": False,
    "workbench.secondarySideBar.defaultVisibility": "hidden",
}


@contextlib.contextmanager
def served(
    code_server: Path, vsix: Path, profile: Path, settings: dict, environ: dict[str, str], *, trust: bool = True
) -> Iterator[str]:
    """code-server with the extension in it; its address."""
    for place in ("User", "Machine"):  # settings of machine scope are read in the latter only
        (profile / "user" / place).mkdir(parents=True)
        (profile / "user" / place / "settings.json").write_text(json.dumps(QUIET | settings))
    environ = environ | {"PATH": f"{code_server / 'bin'}{os.pathsep}{environ['PATH']}"}
    command = [
        str(code_server / "node_modules/.bin/code-server"),
        *("--user-data-dir", str(profile / "user"), "--extensions-dir", str(profile / "extensions")),
        *("--config", str(profile / "none.yaml")),
    ]
    (profile / "none.yaml").write_text("")
    subprocess.run([*command, "--install-extension", str(vsix)], env=environ, check=True, capture_output=True)
    port = free_port()
    command += ["--auth", "none", "--bind-addr", f"127.0.0.1:{port}", "--disable-telemetry", "--disable-update-check"]
    command += ["--disable-workspace-trust"] if trust else []
    with (profile / "code-server.log").open("w") as log:
        process = _started(command, environ, log, f"http://127.0.0.1:{port}/healthz")
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)


def _started(command: list[str], environ: dict[str, str], log: TextIO, url: str) -> subprocess.Popen:
    """Once it answers. On a busy machine it gives up on its own child process after ten seconds, and is tried again."""
    for _ in range(5):
        process = subprocess.Popen(command, env=environ, stdout=log, stderr=log)
        while process.poll() is None:
            with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2):
                return process
            time.sleep(0.2)
    raise RuntimeError(f"code-server ended with {process.returncode}: see {log.name}")


class Window:
    """One window of the workbench, on a folder."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open_folder(self, address: str, folder: Path) -> None:
        self.page.goto(f"{address}/?folder={quote(str(folder))}", wait_until="domcontentloaded")
        self.page.wait_for_selector(".monaco-workbench .part.statusbar", timeout=SLOW_MS)
        self.page.wait_for_selector(".explorer-folders-view .monaco-list-row", timeout=SLOW_MS)

    def command(self, title: str) -> None:
        """Run a command from the palette."""
        self.page.keyboard.press("F1")
        self.page.locator(".quick-input-widget input").first.wait_for(timeout=SLOW_MS)
        self.page.keyboard.type(title)
        self.choose(title)

    def choose(self, text: str) -> None:
        """Pick the entry of the open quick input."""
        row = self.page.locator(".quick-input-list .monaco-list-row", has_text=text).first
        row.wait_for(timeout=SLOW_MS)
        row.click()

    def open_file(self, name: str) -> None:
        row = self.page.locator(".explorer-folders-view .monaco-list-row", has_text=name).first
        row.dblclick()
        self.page.locator(".tab.active", has_text=name).wait_for(timeout=SLOW_MS)
        self.page.wait_for_selector(".editor-instance .view-line", timeout=SLOW_MS)
        self.focus_editor()

    def focus_editor(self) -> None:
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("Control+1")
        self.page.keyboard.press("Control+End")

    def type(self, text: str, delay: int = 40) -> None:
        self.page.keyboard.type(text, delay=delay)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def insert(self, text: str) -> None:
        """As an input method does, for what no key gives."""
        self.page.keyboard.insert_text(text)

    def save(self) -> None:
        self.press("Control+s")
        self.page.locator(".tab.active:not(.dirty)").wait_for(timeout=SLOW_MS)

    def status(self, text: str, timeout: float = SLOW_MS) -> Locator:
        """The extension's status bar item once it, or its tooltip, says `text`."""
        item = self.page.locator(f'.statusbar-item[id$="seal-lsp.status"] [aria-label*="{text}"]')
        item.wait_for(timeout=timeout)
        return item

    def menu_labels(self) -> list[str]:
        """What the completion menu shows."""
        rows = self.page.locator(".suggest-widget.visible .monaco-list-row")
        rows.first.wait_for(timeout=SLOW_MS)
        return [row.split("\n")[0].strip() for row in rows.all_inner_texts()]

    def close_menu(self) -> None:
        """Once it is there: it hides ghost text, and closing what is not open yet does nothing."""
        menu = self.page.locator(".suggest-widget.visible")
        menu.wait_for(timeout=SLOW_MS)
        self.press("Escape")
        menu.wait_for(state="hidden", timeout=SLOW_MS)

    def ghost_text(self, timeout: float = SLOW_MS) -> str:
        """Ghost text, once there is some."""
        ghost = self.page.locator('.editor-instance [class*="ghost-text"]')
        ghost.first.wait_for(timeout=timeout)
        return "".join(ghost.all_inner_texts()).replace("\u00a0", " ")

    def hover_over(self, word: str, says: str) -> str:
        """The hover over the word's first occurrence in the editor, once it says so (at first it is "Loading...")."""
        self.page.mouse.move(5, 5)
        text = self.page.locator(".editor-instance .view-lines").first
        self.page.mouse.move(*middle_of(word, text), steps=3)
        hover = self.page.locator(".monaco-hover:visible", has_text=says).first
        hover.wait_for(timeout=SLOW_MS)
        return hover.inner_text().replace("\u00a0", " ")

    def tree(self, title: str) -> list[Locator]:
        """The rows of a tree view in the explorer, which is opened."""
        header = self.page.locator(".pane-header", has_text=title)
        if header.get_attribute("aria-expanded") != "true":
            header.click()
        rows = self.page.locator(".pane", has=header).locator(".monaco-list-row")
        rows.first.wait_for(timeout=SLOW_MS)
        return rows.all()

    def notification(self, text: str, timeout: float = SLOW_MS) -> Locator:
        found = self.page.locator(".notification-toast", has_text=text).first
        found.wait_for(timeout=timeout)
        return found

    def said(self, text: str) -> bool:
        """Whether such a notification is there now."""
        return self.page.locator(".notification-toast", has_text=text).count() > 0

    def clear_notifications(self) -> None:
        self.command("Notifications: Clear All Notifications")

    def screenshot(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=str(file))
