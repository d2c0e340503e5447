"""What identifies an installed library's content, so that a cached API surface is known to be stale."""

from __future__ import annotations

import hashlib
from pathlib import Path

from seal_lsp.core.library import InstalledLibrary

READER = "3"  # raise when surface.py reads the same files differently


def fingerprint(library: InstalledLibrary) -> str:
    """Version and RECORD for a normal install; sizes and times of the sources where they may change in place."""
    digest = hashlib.sha256(f"{READER}\0{library.id}\0".encode())
    record = library.dist_info / "RECORD" if library.dist_info is not None else None
    if record is not None and not library.editable and record.is_file():
        digest.update(record.read_bytes())
        return digest.hexdigest()
    for root in library.roots:
        for path in _sources(root):
            try:
                status = path.stat()
            except OSError:
                continue
            digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _sources(root: Path) -> list[Path]:
    if root.is_file():
        return [root]
    return sorted(path for pattern in ("*.py", "*.pyi") for path in root.rglob(pattern))
