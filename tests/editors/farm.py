"""A small project that uses orchard-tools, and the environment in which an editor and its server see nothing else."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import sys
import time
from pathlib import Path

import orchard
import psutil

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "editor-clients" / "screenshots"
SERVER = [sys.executable, "-m", "seal_lsp.cli.entry"]
ENGINE = [sys.executable, "-m", "seal_lsp.cli.engine"]
LIBRARY = "orchard-tools 1.2.0"
MAIN = """from orchard import Basket, Ladder, Press

ladder = Ladder(height=4.0)
ladder.climb(rungs=3)
basket = Basket(capacity=30)
press = Press(mesh=8)
"""


def make_project(folder: Path) -> Path:
    folder.mkdir(parents=True)
    orchard.install(folder / ".venv")
    manifest = '[project]\nname = "farm"\nversion = "1"\ndependencies = ["orchard-tools"]\n'
    (folder / "pyproject.toml").write_text(manifest)
    (folder / "main.py").write_bytes(MAIN.encode())
    (folder / "windows.py").write_bytes(MAIN.replace("\n", "\r\n").encode())
    return folder


def environ(home: Path, **more: str) -> dict[str, str]:
    """Nothing of this machine's settings, environments or servers."""
    dropped = ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SEAL_") and name not in dropped}
    folders = [folder for folder in kept["PATH"].split(os.pathsep) if not (Path(folder) / "seal-lsp").exists()]
    own = {"PATH": os.pathsep.join(folders), "SEAL_HOME": str(home), "XDG_CONFIG_HOME": str(home / "config")}
    return {**kept, **own, **more}


def eventually(holds, seconds: float = 60):
    end = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.2)
    return found


def end_engine(runtime: Path) -> None:
    """It outlives the editor that started it."""
    known = runtime / "engine.json"
    if known.exists():
        with contextlib.suppress(psutil.NoSuchProcess):
            psutil.Process(json.loads(known.read_text())["pid"]).terminate()


def server_on_path(folder: Path) -> Path:
    """A folder for PATH whose seal-lsp is this checkout's."""
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "seal-lsp"
    script.write_text(f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(ROOT))} exec {shlex.join(SERVER)} "$@"\n')
    script.chmod(0o755)
    return folder


def servers_of(home: Path) -> list[psutil.Process]:
    """The servers that run in this home."""
    return _running(home, SERVER)


def engines_of(home: Path) -> list[psutil.Process]:
    return _running(home, ENGINE)


def _running(home: Path, command: list[str]) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.cmdline()[:3] == command and process.environ().get("SEAL_HOME") == str(home):
                found.append(process)
    return found
