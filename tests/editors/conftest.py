"""What the editors' tests need of this machine. What is not there is installed below build/editors; what cannot be is
a skip that says why.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EDITORS = Path(os.environ.get("SEAL_EDITORS", ROOT / "build" / "editors"))
EXTENSION = ROOT / "editor-clients" / "vscode"


@pytest.fixture(scope="session")
def code_server() -> Path:
    """The folder where VS Code is installed as code-server."""
    folder = EDITORS / "code-server"
    if not (folder / "complete").exists():
        script = Path(__file__).with_name("get_code_server.sh")
        done = subprocess.run(["bash", str(script), str(folder)], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"code-server could not be installed (npm and PyPI are needed): {_last(done)}")
    return folder


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


def _last(done: subprocess.CompletedProcess[str]) -> str:
    words = (done.stderr or done.stdout).strip().splitlines()
    return words[-1] if words else f"exit {done.returncode}"
