"""A home of its own for every test, and the command line run in this process as the shell would run it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from seal_lsp.cli.app import run


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> dict:
        """The one object on stdout; fails when there is anything else."""
        return json.loads(self.out)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("SEAL_HOME", str(folder))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    monkeypatch.delenv("CONDA_PREFIX", raising=False)
    return folder


@pytest.fixture
def seal(home: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    def call(*words: object) -> Ran:
        capsys.readouterr()
        code = run([str(word) for word in words])
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return call


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A project whose environment is laid out as venv does it, without running anything."""
    root = tmp_path / "project"
    make_environment(root / ".venv")
    (root / "pyproject.toml").write_text('[project]\nname = "p"\nversion = "0"\ndependencies = ["acme"]\n')
    (root / "main.py").write_text("import acme\n\nacme.greet('x')\n")
    return root


def make_environment(prefix: Path, home: str = "/usr/bin") -> Path:
    (prefix / "bin").mkdir(parents=True)
    python = prefix / "bin" / "python"
    python.write_bytes(b"\x7fELF")
    python.chmod(0o755)
    site = prefix / "lib" / "python3.11" / "site-packages"
    package = site / "acme"
    package.mkdir(parents=True)
    package.joinpath("__init__.py").write_text('def greet(name: str) -> str:\n    """Say hello."""\n    return name\n')
    info = site / "acme-1.2.dist-info"
    info.mkdir()
    info.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.2\n\nGreets.\n")
    info.joinpath("RECORD").write_text(
        "acme/__init__.py,,\nacme-1.2.dist-info/METADATA,,\nacme-1.2.dist-info/RECORD,,\n"
    )
    prefix.joinpath("pyvenv.cfg").write_text(f"home = {home}\nversion = 3.11.7\n")
    return prefix
