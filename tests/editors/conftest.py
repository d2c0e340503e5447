"""What the editors' tests need of this machine. What is not there is installed below build/editors; what cannot be is
a skip that says why.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import browsing
import pytest
import vscode
from farm import environ

ROOT = Path(__file__).parents[2]
EDITORS = Path(os.environ.get("SEAL_EDITORS", ROOT / "build" / "editors"))
EXTENSION = ROOT / "editor-clients" / "vscode"


@pytest.fixture(scope="session")
def code_server() -> Path:
    """The folder where VS Code is installed as code-server."""
    return installed("code-server", "get_code_server.sh", needs="npm and PyPI")


@pytest.fixture(scope="session")
def emacs_folder() -> Path:
    """The folder where Emacs 30, lsp-mode 10 and package-lint are unpacked."""
    pytest.importorskip("pyte", reason="no pyte in this environment (pip install '.[editors]')")
    return installed("emacs", "get_emacs.sh", needs="Debian's package sources, with apt-get")


@pytest.fixture(scope="session")
def lab_folder() -> Path:
    """The folder where JupyterLab and jupyterlab-lsp are installed."""
    return installed("jupyterlab", "get_jupyterlab.sh", needs="JupyterLab and jupyterlab-lsp from PyPI")


@pytest.fixture(scope="session")
def helix_folder() -> Path:
    """The folder where Helix is unpacked."""
    pytest.importorskip("pyte", reason="no pyte in this environment (pip install '.[editors]')")
    return installed("helix", "get_helix.sh", needs="Debian's package sources, with apt-get, and PyPI")


@pytest.fixture(scope="session")
def chromium() -> str:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None and shutil.which("apt-get") and os.geteuid() == 0:
        command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"no Chromium, and apt-get could not install it: {_last(done)}")
        found = shutil.which("chromium")
    if found is None:
        pytest.skip("no Chromium on this machine (Debian: apt install chromium)")
    return found


@pytest.fixture(scope="session")
def vsix() -> Path:
    """The extension as `make vscode` builds it: built by the make target that runs these tests."""
    package = EXTENSION / "seal-lsp.vsix"
    if not package.exists():
        if shutil.which("npm") is None:
            pytest.skip("the extension cannot be built: no npm on this machine (Node 20 or newer)")
        pytest.fail(f"{package} is not there: make vscode")
    return package


@pytest.fixture(scope="session")
def browser(chromium: str):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=browsing.OPTIONS)
        yield started
        started.close()


@pytest.fixture
def open_window(browser, code_server, vsix, tmp_path):
    """`open_window(folder, settings, NAME=value)`: a window of a code-server of the test's own; both end with it."""
    with contextlib.ExitStack() as stack:

        def start(folder: Path, settings: dict, *, trust: bool = True, **variables: str) -> vscode.Window:
            seen = environ(tmp_path / "home", **variables)
            address = stack.enter_context(
                vscode.served(code_server, vsix, tmp_path / "profile", settings, seen, trust=trust)
            )
            window = vscode.Window(stack.enter_context(browsing.page_of(browser, tmp_path / "last.png")))
            window.open_folder(address, folder)
            return window

        yield start


@pytest.fixture(scope="module", params=["0.12", "0.11"])
def nvim(request) -> Path:
    """Neovim's executable; each test runs with both versions."""
    folder = installed(f"neovim-{request.param}", "get_neovim.sh", request.param, needs="apt's mirror and PyPI")
    found = (folder / "complete").read_text().split()[1].removeprefix("v")
    if not found.startswith(request.param):
        pytest.skip(f"asked for Neovim {request.param}, the package index has {found}")
    return folder / "nvim"


def installed(name: str, script: str, *arguments: str, needs: str) -> Path:
    """The folder of that name where a script beside this file has put an editor; a skip when it cannot."""
    folder = EDITORS / name
    if not (folder / "complete").exists():
        command = ["bash", str(Path(__file__).with_name(script)), str(folder), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHON": sys.executable})
        if done.returncode:
            pytest.skip(f"{name} could not be installed ({needs} are needed): {_last(done)}")
    return folder


def _last(done: subprocess.CompletedProcess[str]) -> str:
    words = (done.stderr or done.stdout).strip().splitlines()
    return words[-1] if words else f"exit {done.returncode}"
