"""`FILE:LINE:COL` as grep and compilers write it (both counted from 1, in characters), and the editor that is asked
there: shared by `complete` and `hover`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from seal_lsp.cli.lsp_client import Editor
from seal_lsp.core.errors import UsageError

T = TypeVar("T")
HELP = "FILE:LINE:COL, both counted from 1"


def parse(words: str) -> tuple[Path, str, int, int]:
    """(file, its text, 0-based line, UTF-16 offset in it). Raises UsageError when there is no such place."""
    path, line, column = _split(words)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {error}", hint="give a text file in UTF-8") from error
    lines = text.splitlines() or [""]
    if text.endswith("\n"):
        lines.append("")
    if not 1 <= line <= len(lines) or not 1 <= column <= len(lines[line - 1]) + 1:
        raise UsageError(f"{path} has no place {line}:{column}", hint=f"it has {len(lines)} lines; columns start at 1")
    return path.absolute(), text, line - 1, utf16(lines[line - 1], column - 1)


def utf16(text: str, characters: int) -> int:
    return len(text[:characters].encode("utf-16-le", "surrogatepass")) // 2


def ask_editor(words: str, work: Callable[[Editor, str, int, int], Awaitable[T]]) -> T:
    """Open the file in an editor without a screen and do `work(editor, uri, line, character)` there."""
    path, text, line, character = parse(words)

    async def run() -> T:
        editor = Editor(configuration={"learn": {"auto": False}})  # a look at one place must not start a learning
        try:
            await editor.open_window(workspace_of(path))
            uri = editor.open_file(path, text)
            return await work(editor, uri, line, character)
        finally:
            await editor.close_window()

    return asyncio.run(run())


def workspace_of(path: Path) -> Path:
    """The nearest folder above with a project's marks; the file's own folder where there is none."""
    for folder in path.parents:
        if any((folder / mark).exists() for mark in ("pyproject.toml", "setup.py", ".venv", "venv", ".git")):
            return folder
    return path.parent


def _split(words: str) -> tuple[Path, int, int]:
    name, _, rest = words.rpartition(":")
    name, _, line = name.rpartition(":")
    if not name or not line.isdecimal() or not rest.isdecimal():
        raise UsageError(f"not a place in a file: {words!r}", hint=f"write it as {HELP}")
    return Path(name), int(line), int(rest)
