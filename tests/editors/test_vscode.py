"""VS Code, the real one, with the extension as it is packaged, against the real server on the default weights.

One window is used from top to bottom, as a session is: the tests follow one another, each compares what it changed.
`make test-vscode` runs them; screenshots for the README are written as they pass.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import orchard
import psutil
import pytest
import vscode

from seal_lsp.cli.private_home import private_home

pytestmark = [pytest.mark.editors, pytest.mark.weights, pytest.mark.timeout(900)]

SCREENSHOTS = Path(__file__).parents[2] / "editor-clients" / "screenshots"
SERVER = [sys.executable, "-m", "seal_lsp.cli.entry"]
LIBRARY = "orchard-tools 1.2.0"
MAIN = """from orchard import Basket, Ladder, Press

ladder = Ladder(height=4.0)
ladder.climb(rungs=3)
basket = Basket(capacity=30)
press = Press(mesh=8)
"""
SETTINGS = {
    "seal.server.command": SERVER,
    "seal.learn.auto": False,
    "seal.learn.max_tokens": 8000,
    "seal.inline.first_ms": 20_000,
    "seal.inline.deadline_ms": 20_000,
    "seal.engine.idle_exit_s": 600,
}


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """The user's weights, and nothing else of theirs."""
    return private_home(tmp_path_factory.mktemp("home")).data.parent


@pytest.fixture(scope="module")
def farm(tmp_path_factory) -> Path:
    return make_project(tmp_path_factory.mktemp("work") / "farm")


def make_project(folder: Path) -> Path:
    folder.mkdir(parents=True)
    orchard.install(folder / ".venv")
    manifest = '[project]\nname = "farm"\nversion = "1"\ndependencies = ["orchard-tools"]\n'
    (folder / "pyproject.toml").write_text(manifest)
    (folder / "main.py").write_bytes(MAIN.encode())
    (folder / "windows.py").write_bytes(MAIN.replace("\n", "\r\n").encode())
    return folder


def environ(home: Path) -> dict[str, str]:
    """Nothing of this machine's settings, environments or servers."""
    dropped = ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SEAL_") and name not in dropped}
    folders = [folder for folder in kept["PATH"].split(os.pathsep) if not (Path(folder) / "seal-lsp").exists()]
    return {**kept, "PATH": os.pathsep.join(folders), "SEAL_HOME": str(home), "XDG_CONFIG_HOME": str(home / "config")}


@pytest.fixture(scope="module")
def browser(chromium):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=vscode.BROWSER)
        yield started
        started.close()


@pytest.fixture
def open_window(browser, code_server, vsix, tmp_path, home):
    """`open_window(folder, settings)`: a window of a code-server of the test's own; both end with the test."""
    stack = contextlib.ExitStack()

    def start(folder: Path, settings: dict, **options) -> vscode.Window:
        served = vscode.served(code_server, vsix, tmp_path / "profile", settings, environ(home), **options)
        window = vscode.Window(stack.enter_context(vscode.page_of(browser)))
        window.open_folder(stack.enter_context(served), folder)
        return window

    with stack:
        yield start


@pytest.fixture(scope="module")
def window(browser, code_server, vsix, tmp_path_factory, home, farm) -> Iterator[vscode.Window]:
    """The session's window, on the farm, its server running and the model loaded."""
    profile = tmp_path_factory.mktemp("vscode")
    with (
        vscode.served(code_server, vsix, profile, SETTINGS, environ(home)) as address,
        vscode.page_of(browser) as page,
    ):
        opened = vscode.Window(page)
        opened.open_folder(address, farm)
        yield opened
        opened.screenshot(profile / "last.png")


def server_of(home: Path) -> psutil.Process:
    """The one server that runs in this home."""
    for process in psutil.process_iter():
        try:
            if process.cmdline()[-3:] == SERVER and process.environ().get("SEAL_HOME") == str(home):
                return process
        except psutil.Error:
            continue
    raise AssertionError("no server is running")


def eventually(holds, seconds: float = 60):
    end = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.2)
    return found


def test_a_file_is_opened_and_the_model_gets_ready(window):
    window.open_file("main.py")
    window.status("0 libraries learned")


def test_the_menu_has_the_names_that_exist(window, farm):
    window.type("\nladder.")
    labels = window.menu_labels()
    assert set(labels) == {"climb", "fold", "height", "folding"}
    window.screenshot(SCREENSHOTS / "vscode-menu.png")
    window.close_menu()
    window.press("Control+Shift+K")
    window.save()
    assert (farm / "main.py").read_bytes() == MAIN.encode()


@pytest.mark.parametrize(
    ("file", "before", "end"),
    [("main.py", "\nbasket.", "\n"), ("main.py", "\ns = '😋漢字é'; press.", "\n"), ("windows.py", "\nbasket.", "\r\n")],
    ids=["plain", "emoji and CJK before the cursor", "CRLF"],
)
def test_ghost_text_is_taken_byte_for_byte(window, farm, file, before, end):
    window.open_file(file)
    was = (farm / file).read_bytes()
    window.insert(before)
    window.close_menu()
    window.press("Alt+\\")
    ghost = window.ghost_text()
    assert re.match(r"(put|weigh|tip_out|capacity|label|squeeze|rinse|pressure|mesh)\b", ghost), ghost
    if file == "main.py":
        window.screenshot(SCREENSHOTS / "vscode-ghost-text.png")
    window.press("Tab")
    window.save()
    assert (farm / file).read_bytes() == was + (before + ghost).replace("\n", end).encode()


def test_the_rest_of_a_line_by_itself_word_by_word(window, farm):
    """Unasked, while typing; and VS Code's own command for a part of it."""
    window.open_file("main.py")
    was = (farm / "main.py").read_bytes().decode()
    window.type("\nladder.cli")
    window.close_menu()
    window.type("m")
    ghost = window.ghost_text()
    assert ghost.startswith("b(")
    window.press("Control+ArrowRight")
    window.save()
    now = (farm / "main.py").read_bytes().decode()
    assert now.startswith(was + "\nladder.climb")
    assert (was + "\nladder.clim" + ghost).startswith(now)
    window.press("Escape")


def test_why_this_suggestion(window):
    window.command("Seal: Why This Suggestion?")
    said = window.notification("% sure").inner_text()
    assert "the base model, no adapter" in said
    window.command("Notifications: Clear All Notifications")


def test_a_hover_has_version_and_learned_state(window):
    window.open_file("windows.py")
    said = window.hover_over("climb", "orchard-tools 1.2.0")
    assert "climb(rungs: int = 4)" in said
    assert "not learned" in said
    window.screenshot(SCREENSHOTS / "vscode-hover.png")


def test_learning_shows_progress(window, home):
    window.command("Seal: Learn a Library")
    window.choose(LIBRARY)
    window.notification(f"Learning {LIBRARY}")
    seen = window.status("learning", timeout=120_000).inner_text()
    assert re.search(r"learning \d+ %", seen)
    window.screenshot(SCREENSHOTS / "vscode-learning.png")
    said = window.notification("bits/byte", timeout=800_000).inner_text()
    assert "learned (adapter" in said, said
    window.status("1 library learned")
    window.command("Notifications: Clear All Notifications")


def test_the_tree_view_shows_it(window):
    (row,) = window.tree("Learned Libraries")
    assert re.search(r"orchard-tools.*1\.2\.0 · [+-]\d\.\d\d bits/byte · \d{4}-\d\d-\d\d", row.inner_text(), re.DOTALL)
    row.hover()
    window.screenshot(SCREENSHOTS / "vscode-learned-libraries.png")


def test_what_was_learned_speaks(window):
    window.open_file("windows.py")
    window.hover_over("climb", "learned (adapter")
    window.press("Escape")
    window.type("\nladder.")
    window.close_menu()
    window.press("Alt+\\")
    window.ghost_text()
    window.press("Alt+/")
    said = window.notification("% sure")
    assert f"what was learned of {LIBRARY}" in said.inner_text()
    said.get_by_text("Show what was learned").click()
    window.page.locator(".tab.active", has_text="orchard-tools@1.2.0.md").wait_for(timeout=vscode.SLOW_MS)


def test_forgetting(window):
    (row,) = window.tree("Learned Libraries")
    row.hover()
    row.get_by_label("Forget a Library").click()
    window.page.locator(".monaco-dialog-box").get_by_text("Forget", exact=True).click()
    window.status("0 libraries learned")
    eventually(lambda: "not learned" in window.tree("Learned Libraries")[0].inner_text())


def test_a_server_that_is_killed_comes_back(window, home):
    before = server_of(home)
    before.send_signal(signal.SIGKILL)
    eventually(lambda: not before.is_running())
    eventually(lambda: server_of(home).pid != before.pid)
    window.status("0 libraries learned")
    window.open_file("windows.py")
    window.type("\npress.")
    assert "squeeze" in window.menu_labels()


def test_the_status_menu(window):
    window.status("0 libraries learned").click()
    window.choose("Pause Learning")
    window.status("learning is paused").click()
    window.choose("Resume Learning")
    window.status("0 libraries learned")


def test_a_server_that_cannot_start_is_not_started_for_ever(open_window, tmp_path):
    folder = make_project(tmp_path / "farm")
    command = [sys.executable, "-c", "import sys; sys.exit('out of cider')"]
    window = open_window(folder, {"seal.server.command": command})
    window.open_file("main.py")
    window.status("restarting")
    said = window.notification("is not started again").inner_text()
    assert "ended 5 times" in said
    assert "out of cider" in said
    window.status("stopped")


def test_without_a_server_it_offers_one(open_window, tmp_path):
    window = open_window(make_project(tmp_path / "farm"), {})
    window.open_file("main.py")
    window.status("not installed")
    window.notification("Create an Environment")


def test_no_server_in_a_workspace_that_is_not_trusted(open_window, tmp_path, home):
    marker = tmp_path / "started"
    command = [sys.executable, "-c", f"open({str(marker)!r}, 'w')"]
    window = open_window(make_project(tmp_path / "farm"), {"seal.server.command": command}, trust=False)
    window.page.locator(".monaco-dialog-box").get_by_text("No, I don't trust the authors").click()
    window.open_file("main.py")
    window.page.locator(".statusbar-item", has_text="Restricted Mode").wait_for(timeout=vscode.SLOW_MS)
    time.sleep(3)
    assert not marker.exists()
    window.command("Workspaces: Manage Workspace Trust")
    window.page.get_by_role("button", name="Trust", exact=True).click()
    eventually(marker.exists)
