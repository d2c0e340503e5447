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
    from pathspec import GitIgnoreSpec

    from seal_lsp.languages.readable_files import is_within, looks_secret

    if looks_secret(path):
        return False
    root = max((r for r in roots if path.is_relative_to(r)), key=lambda r: len(r.parts), default=None)
    if root is None:
        if roots:
            return False
        root = path.parent
    elif path.exists() and not is_within(path, roots):
        return False  # a link that leads out
    if GitIgnoreSpec.from_lines(exclude).match_file(path.relative_to(root).as_posix()):
        return False
    return not _ignored_by_git(path)


def _ignored_by_git(path: Path) -> bool:
    """The deepest ignore file that says anything about the path, or about a folder it is in, decides."""
    from pathspec import GitIgnoreSpec

    top = next((folder for folder in path.parents if (folder / ".git").exists()), None)
    if top is None:
        return False
    inner = [folder for folder in path.parents if folder.is_relative_to(top)]
    specs = []
    for folder in inner:  # deepest first
        specs += [(folder, GitIgnoreSpec.from_lines(_lines(folder / ".gitignore")))]
    specs.append((top, GitIgnoreSpec.from_lines(_lines(top / ".git" / "info" / "exclude"))))
    for part in (*reversed([folder for folder in inner if folder != top]), path):
        said = None
        for folder, spec in specs:
            if part != folder and part.is_relative_to(folder):
                ending = "/" if part != path else ""
                said = spec.check_file(part.relative_to(folder).as_posix() + ending).include
                if said is not None:
                    break
        if said:
            return True  # what lies in an ignored folder cannot be taken back
    return False


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
