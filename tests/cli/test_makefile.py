"""`make` on a machine that lacks something says what, before it makes anything."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def _make(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", "-C", str(folder), *words], capture_output=True, text=True, timeout=60, check=False)


def test_without_python(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    done = _make(tmp_path, "test", "PYTHON=python-that-is-not-there")
    assert done.returncode != 0
    assert "missing on this machine" in done.stderr
    assert "python-that-is-not-there" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_an_old_python_is_as_good_as_none(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    old = tmp_path / "python3.8"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    assert "missing on this machine" in _make(tmp_path, "demo", f"PYTHON={old}").stderr


def test_help_names_the_targets() -> None:
    done = _make(ROOT)
    assert done.returncode == 0
    assert {"make demo", "make test", "make lint"} <= {line[:9].strip() for line in done.stdout.splitlines()}
