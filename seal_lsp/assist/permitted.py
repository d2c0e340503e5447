"""May the text of an open file leave this process for the engine? No I/O beyond ignore files; nothing of it is kept
longer than a few seconds.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

FRESH_S = 10


def permitted(path: Path, roots: Sequence[Path], exclude: Sequence[str]) -> bool:
    """Not what is ignored by git or `files.exclude`, looks secret by its name, or lies outside the workspace (where
    there is one). A file opened without any workspace is the user's own choice."""
    return _permitted(path, tuple(roots), tuple(exclude), int(time.monotonic() / FRESH_S))


@lru_cache(maxsize=256)
def _permitted(path: Path, roots: tuple[Path, ...], exclude: tuple[str, ...], _moment: int) -> bool:
    from seal_lsp.languages.readable_files import is_ignored, is_within, looks_secret

    if looks_secret(path):
        return False
    root = max((r for r in roots if path.is_relative_to(r)), key=lambda r: len(r.parts), default=None)
    if root is None:
        if roots:
            return False
        root = path.parent
    elif path.exists() and not is_within(path, roots):
        return False  # a link that leads out
    return not is_ignored(path, root, exclude)
