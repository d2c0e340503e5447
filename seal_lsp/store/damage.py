"""Setting a damaged SQLite file aside and putting a fresh one in its place, in one step for everybody who looks.

Knows names and bytes, not SQL. The caller holds a lock over the file.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from seal_lsp.store.disk import sha256_of, sync_folder


@dataclass(frozen=True, slots=True)
class SetAside:
    """A damaged file under its new name."""

    file: Path
    sha256: str
    size: int
    reason: str

    @property
    def message(self) -> str:
        return f"{self.file.name}: damaged ({self.reason}); set aside in {self.file.parent}, a fresh one was made"


def swap_in_fresh(path: Path, reason: str, make_fresh: Callable[[Path, SetAside], None]) -> SetAside:
    """Rename `path` to `<name>.damaged-<UTC time>` and put what `make_fresh(elsewhere, set_aside)` made in its place.

    Nobody finds the place empty and writes there first; a kill at any instant leaves the damaged file, or both.
    """
    target = _free_name(path)
    set_aside = SetAside(target, sha256_of(path), path.stat().st_size, reason)
    fresh = path.with_name(f"{path.name}.fresh")
    for leftover in (fresh, *_sidecars(fresh)):
        leftover.unlink(missing_ok=True)
    make_fresh(fresh, set_aside)
    # The journals go with their file: left behind, they would be played into the fresh one.
    for old, new in zip(_sidecars(path), _sidecars(target), strict=True):
        with contextlib.suppress(FileNotFoundError):
            old.rename(new)
    try:
        os.link(path, target)
    except OSError:  # a file system without hard links: for an instant there is no file in the place
        os.replace(path, target)
    os.replace(fresh, path)
    sync_folder(path.parent)
    return set_aside


def _sidecars(path: Path) -> tuple[Path, ...]:
    return tuple(path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal"))


def _free_name(path: Path) -> Path:
    stem = f"{path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    names = (stem if number == 1 else f"{stem}-{number}" for number in itertools.count(1))
    return next(found for name in names if not (found := path.with_name(name)).exists())
