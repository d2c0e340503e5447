"""Shared by all rooms' tests: `tests/` on the path (for `orchard`), and a home of their own for every test."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def seal_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "seal"
    monkeypatch.setenv("SEAL_HOME", str(home))
    return home
