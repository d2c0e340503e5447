"""Libraries that the user never wants to be asked about again, by project name: a JSON file, so that it can be read and
edited by hand.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

from seal_lsp.store.disk import write_atomic

log = logging.getLogger(__name__)


class Declined:
    """Read anew each time: another window may have written it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def names(self) -> list[str]:
        """A file that cannot be read declines nothing: then the user is asked again."""
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as error:
            log.warning("%s cannot be read: %s", self._path, error)
            return []
        return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []

    def add(self, name: str) -> None:
        """Raises NoSpaceLeft."""
        self._write([*self.names(), name])

    def remove(self, name: str) -> None:
        """Raises NoSpaceLeft."""
        names = self.names()
        if name in names:
            self._write([other for other in names if other != name])

    def _write(self, names: list[str]) -> None:
        write_atomic(self._path, json.dumps(sorted(set(names)), indent=1) + "\n")
