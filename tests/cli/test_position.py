"""FILE:LINE:COL to LSP's place, and the workspace that a file belongs to."""

from __future__ import annotations

from pathlib import Path

import pytest

from seal_lsp.cli.position import parse, workspace_of

TEXT = "a = 1\n# 🪣 b\nx.\n"


@pytest.mark.parametrize(
    ("line", "column", "expected"),
    [
        (1, 1, (0, 0)),
        (1, 6, (0, 5)),
        (2, 4, (1, 4)),  # after the bucket, which is two UTF-16 units
        (2, 6, (1, 6)),
        (3, 3, (2, 2)),
        (4, 1, (3, 0)),  # the empty line after the last newline
    ],
)
def test_places(tmp_path: Path, line: int, column: int, expected: tuple[int, int]) -> None:
    file = tmp_path / "a:b.py"
    file.write_text(TEXT, encoding="utf-8")
    path, text, at_line, at_character = parse(f"{file}:{line}:{column}")
    assert (path, text, at_line, at_character) == (file, TEXT, *expected)


def test_an_empty_file_has_one_place(tmp_path: Path) -> None:
    (tmp_path / "e.py").touch()
    assert parse(f"{tmp_path / 'e.py'}:1:1")[2:] == (0, 0)


def test_the_nearest_project_is_the_workspace(tmp_path: Path) -> None:
    inner = tmp_path / "outer" / "inner" / "src"
    inner.mkdir(parents=True)
    (tmp_path / "outer" / ".git").mkdir()
    assert workspace_of(inner / "m.py") == tmp_path / "outer"
    (inner.parent / "pyproject.toml").touch()
    assert workspace_of(inner / "m.py") == inner.parent
