"""Libraries that the user never wants to be asked about again, by project name: a JSON file, so that it can be read and
edited by hand.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

from seal_lsp.store.damage import swap_in_fresh
from seal_lsp.store.disk import write_atomic

log = logging.getLogger(__name__)


class Declined:
    """Read anew each time: another window may have written it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def names(self) -> list[str]:
        """A file that cannot be read declines nothing: then the user is asked again."""
        try:
            return self._read()
        except (OSError, ValueError) as error:
            log.warning("%s cannot be read: %s", self._path, error)
            return []

    def add(self, name: str) -> None:
        """A damaged file is set aside first. Raises NoSpaceLeft, OSError when the file may not be read."""
        try:
            names = self._read()
        except ValueError as error:
            set_aside = swap_in_fresh(self._path, str(error), lambda fresh, _: _write(fresh, [name]))
            log.warning("%s", set_aside.message)
        else:
            _write(self._path, [*names, name])

    def remove(self, name: str) -> None:
        """Raises NoSpaceLeft."""
        names = self.names()
        if name in names:
            _write(self._path, [other for other in names if other != name])

    def _read(self) -> list[str]:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return []
        if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
            raise ValueError("not a list of names")
        return found


def _write(path: Path, names: list[str]) -> None:
    write_atomic(path, json.dumps(sorted(set(names)), indent=1) + "\n")
