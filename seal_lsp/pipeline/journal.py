"""What a cycle has finished, on disk: one JSON file a step, written atomically, read instead of doing the step again.

A learner killed at any instant finds here what was done. Does not know what the steps mean.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from seal_lsp.core.errors import StoreDamaged
from seal_lsp.store.disk import write_atomic


class Journal:
    """The folder of one learning cycle."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """The recorded JSON value of step `name`; made and recorded first if there is none."""
        path = self.folder / f"{name}.json"
        if path.is_file():
            return self.read(name)
        value = make()
        write_atomic(path, json.dumps(value, ensure_ascii=False))
        return json.loads(json.dumps(value, ensure_ascii=False))

    def read(self, name: str) -> Any:
        path = self.folder / f"{name}.json"
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise StoreDamaged(f"{path} cannot be read: {error}", hint="remove the folder and learn again") from error
