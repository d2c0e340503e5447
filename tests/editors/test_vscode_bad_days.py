"""VS Code when there is no server to be had: it crashes, it is missing, the workspace is not trusted."""

from __future__ import annotations

import os
import sys
import time

import browsing
import pytest
from farm import LIBRARY, end_engine, eventually, make_project

from seal_lsp.cli.private_home import private_home

pytestmark = [pytest.mark.editors, pytest.mark.timeout(900)]


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


@pytest.mark.weights
def test_without_a_server_it_makes_an_environment_for_one(open_window, tmp_path):
    """The wheel in the extension is installed for real; what it needs is lent by this environment, without an index.
    Its server then asks before it learns, as it was told to."""
    paths = private_home(tmp_path / "home")
    lent = [folder for folder in sys.path if folder.endswith("site-packages")]
    settings = {"seal.server.pipArguments": ["--no-deps", "--no-index"], "seal.learn.trust": "ask"}
    window = open_window(make_project(tmp_path / "farm"), settings, PYTHONPATH=os.pathsep.join(lent))
    window.open_file("main.py")
    window.status("not installed")
    window.notification("Create an Environment").get_by_text("Create an Environment").click()
    window.page.locator(".monaco-dialog-box").get_by_text("Create", exact=True).click()
    try:
        window.notification(f"Learn {LIBRARY}?", timeout=300_000).get_by_text("Never").click()
        window.status("learned", timeout=300_000)
        own = list((tmp_path / "profile").rglob("environment/complete"))
        assert len(own) == 1
    finally:
        end_engine(paths.runtime)


def test_a_python_that_is_too_old_is_not_taken(open_window, tmp_path):
    """VS Code's server asks the login shell for PATH: the old one comes first there, as it does for users."""
    old = tmp_path / "old"
    old.mkdir()
    for name in ("python3.13", "python3.12", "python3.11", "python3", "python"):
        (old / name).write_text("#!/bin/sh\nexit 1\n")  # what a Python says to whether it is new enough
        (old / name).chmod(0o755)
    user = tmp_path / "user"
    user.mkdir()
    (user / ".profile").write_text(f'PATH="{old}:$PATH"\n')
    window = open_window(make_project(tmp_path / "farm"), {}, HOME=str(user), SHELL="/bin/sh")
    window.open_file("main.py")
    window.status("not installed")
    window.notification("Create an Environment").get_by_text("Create an Environment").click()
    window.page.locator(".monaco-dialog-box").get_by_text("Create", exact=True).click()
    window.notification("Python 3.11 or newer is needed")
    assert not list((tmp_path / "profile").rglob("environment/complete"))


def test_no_server_in_a_workspace_that_is_not_trusted(open_window, tmp_path):
    marker = tmp_path / "started"
    command = [sys.executable, "-c", f"open({str(marker)!r}, 'w')"]
    window = open_window(make_project(tmp_path / "farm"), {"seal.server.command": command}, trust=False)
    window.page.locator(".statusbar-item", has_text="Restricted Mode").wait_for(timeout=browsing.SLOW_MS)
    window.open_file("main.py")
    time.sleep(3)
    assert not marker.exists()
    window.command("Workspaces: Manage Workspace Trust")
    window.page.get_by_role("button", name="Trust", exact=True).click()
    eventually(marker.exists)
