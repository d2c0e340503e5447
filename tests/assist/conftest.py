from __future__ import annotations

import orchard
import pytest

from seal_lsp.assist import tasks
from seal_lsp.assist.facts import Place


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Place:
    """A file in a workspace that has orchard-tools installed; the worker's tasks are ready to be called here."""
    root = tmp_path_factory.mktemp("workspace")
    environment = orchard.install(root / ".venv")
    tasks.start(str(root / "index.db"))
    return Place(str(root / "main.py"), str(root), environment)
