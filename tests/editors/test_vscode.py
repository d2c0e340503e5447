"""VS Code, the real one, with the extension as it is packaged, against the real server on the default weights.

One window is used from top to bottom, as a session is: the tests follow one another, each compares what it changed.
`make test-vscode` runs them; screenshots for the README are written as they pass.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import browsing
import prepared
import pytest
import vscode
from farm import (
    LIBRARY,
    MAIN,
    SCREENSHOTS,
    SERVER,
    engines_of,
    environ,
    eventually,
    make_project,
    servers_of,
)

pytestmark = [pytest.mark.editors, pytest.mark.weights, pytest.mark.timeout(900)]

SETTINGS = {
    "seal.server.command": SERVER,
    "seal.learn.auto": False,
    "seal.learn.max_tokens": 1000,
    "seal.inline.first_ms": 20_000,
    "seal.inline.deadline_ms": 20_000,
    "seal.engine.idle_exit_s": 600,
}


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Iterator[Path]:
    with prepared.home(tmp_path_factory) as home:
        yield home


@pytest.fixture(scope="module")
def farm(tmp_path_factory) -> Path:
    return make_project(tmp_path_factory.mktemp("work") / "farm")


@pytest.fixture(scope="module")
def address(code_server, vsix, tmp_path_factory, home) -> Iterator[str]:
    with vscode.served(code_server, vsix, tmp_path_factory.mktemp("vscode"), SETTINGS, environ(home)) as served:
        yield served


@pytest.fixture(scope="module")
def window(browser, address, tmp_path_factory, farm) -> Iterator[vscode.Window]:
    """The session's window, on the farm, its server running and the model loaded."""
    with browsing.page_of(browser, tmp_path_factory.mktemp("window") / "last.png") as page:
        opened = vscode.Window(page)
        opened.open_folder(address, farm)
        yield opened


def test_a_file_is_opened_and_the_model_gets_ready(window):
    window.open_file("main.py")
    window.status("1 library learned", timeout=300_000)
    assert not window.said("there is no setting"), "what only the client reads was sent"


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
    window.screenshot(SCREENSHOTS / "vscode-ghost-text.png")
    window.press("Control+ArrowRight")
    window.save()
    now = (farm / "main.py").read_bytes().decode()
    assert now.startswith(was + "\nladder.climb")
    assert (was + "\nladder.clim" + ghost).startswith(now)
    window.press("Escape")


def test_why_this_suggestion(window):
    window.open_file("windows.py")
    window.type("\nladder.")
    window.close_menu()
    window.press("Alt+\\")
    window.ghost_text()
    window.press("Alt+/")
    said = window.notification("% sure")
    assert f"what was learned of {LIBRARY}" in said.inner_text()
    assert f"{prepared.GAIN:+.2f} bits/byte" in said.inner_text()
    window.screenshot(SCREENSHOTS / "vscode-why.png")
    said.get_by_text("Show what was learned").click()
    window.page.locator(".tab.active", has_text="orchard-tools@1.2.0.md").wait_for(timeout=browsing.SLOW_MS)
    window.clear_notifications()


def test_a_hover_has_version_and_learned_state(window):
    window.open_file("windows.py")
    said = window.hover_over("climb", "orchard-tools@1.2.0")
    assert "climb(rungs: int = 4)" in said
    assert "learned (adapter" in said
    window.screenshot(SCREENSHOTS / "vscode-hover.png")


def test_the_tree_view_shows_version_gain_and_day(window):
    (row,) = window.tree("Learned Libraries")
    assert row.inner_text().split("\n")[-1].endswith(f"1.2.0 · {prepared.GAIN:+.2f} bits/byte · 2026-11-26")
    window.page.mouse.move(5, 5)
    window.screenshot(SCREENSHOTS / "vscode-learned-libraries.png")


def test_forgetting(window):
    (row,) = window.tree("Learned Libraries")
    row.hover()
    row.get_by_label("Forget a Library").click()
    window.page.locator(".monaco-dialog-box").get_by_text("Forget", exact=True).click()
    window.status("0 libraries learned")
    eventually(lambda: "not learned" in window.tree("Learned Libraries")[0].inner_text())
    window.open_file("windows.py")
    window.hover_over("climb", "not learned")


def test_a_server_that_is_killed_comes_back(window, home):
    (before,) = servers_of(home)
    before.kill()
    eventually(lambda: (now := servers_of(home)) and now[0].pid != before.pid)
    window.status("learned")
    window.open_file("windows.py")
    window.type("\npress.")
    assert "squeeze" in window.menu_labels()
    window.close_menu()


@pytest.mark.parametrize("project", ["the same", "another"])
def test_a_second_window_has_its_own_server_and_the_same_engine(
    browser, address, window, home, farm, tmp_path_factory, project
):
    folder = tmp_path_factory.mktemp("second")
    servers = {server.pid for server in servers_of(home)}
    with browsing.page_of(browser, folder / "last.png") as page:
        second = vscode.Window(page)
        second.open_folder(address, farm if project == "the same" else make_project(folder / "farm"))
        second.open_file("main.py")
        second.status("learned", timeout=300_000)
        second.type("\npress.")
        assert "squeeze" in second.menu_labels()
        second.press("Escape", "Control+Shift+K")
        second.save()
    assert len({server.pid for server in servers_of(home)} - servers) == 1
    assert len(engines_of(home)) == 1
    window.open_file("windows.py")
    window.hover_over("climb", "orchard-tools@1.2.0")


def test_the_status_menu(window):
    window.status("learned").click()
    window.choose("Pause Learning")
    window.status("learning is paused").click()
    window.choose("Resume Learning")
    window.status("learned")


def test_learning_shows_progress_and_how_it_ended(window):
    """On a tiny budget the gate has the last word, whichever it is."""
    window.command("Seal: Learn a Library")
    window.choose(LIBRARY)
    window.notification(f"Learning {LIBRARY}")
    window.status("learning")
    window.screenshot(SCREENSHOTS / "vscode-learning.png")
    seen = set()
    while window.said(f"Learning {LIBRARY}"):
        seen.add(window.status("seal-lsp").inner_text())
        time.sleep(0.2)
    assert len(seen) > 1, "the percentage stood still"
    said = window.notification(f"{LIBRARY}: ").inner_text()
    assert re.search(r"learned \(adapter|the gate rejected it", said), said
    window.clear_notifications()
