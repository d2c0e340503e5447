"""Every form of import."""

from __future__ import annotations

import pytest

from seal_lsp.languages.python.imports import imports


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import a", [("a", "", "", "a")]),
        ("import a.b.c", [("a.b.c", "", "", "a")]),
        ("import a.b as c, d", [("a.b", "", "c", "c"), ("d", "", "", "d")]),
        ("from a.b import c", [("a.b", "c", "", "c")]),
        ("from a import (b as c,\n  d)", [("a", "b", "c", "c"), ("a", "d", "", "d")]),
        ("from a import *", [("a", "*", "", "*")]),
        ("from . import a", [(".", "a", "", "a")]),
        ("from ..a.b import c", [("..a.b", "c", "", "c")]),
        ("def f():\n  import a", [("a", "", "", "a")]),
        ("try:\n  import a\nexcept ImportError:\n  import b", [("a", "", "", "a"), ("b", "", "", "b")]),
        ("if TYPE_CHECKING:\n  from a import b", [("a", "b", "", "b")]),
        ("from __future__ import annotations", []),
        ("import a; import b", [("a", "", "", "a"), ("b", "", "", "b")]),
        ("import a \\\n  .b", [("a.b", "", "", "a")]),
        ("x = 'import a'\n# import b\n", []),
        ("from a import b, ", [("a", "b", "", "b")]),
        ("import a\nfrom b import ", [("a", "", "", "a")]),
        ("import a\nx = a.", [("a", "", "", "a")]),
    ],
)
def test_imports(source: str, expected: list[tuple[str, str, str, str]]) -> None:
    assert [(use.module, use.name, use.alias, use.bound) for use in imports(source)] == expected


def test_places_are_characters_and_lines_from_zero() -> None:
    source = "s = '😀漢'\nfrom a import (\n    b as c,\n    d,\n)\n"
    first, second = imports(source)
    assert (source[first.start : first.end], first.line) == ("b", 2)
    assert (source[second.start : second.end], second.line) == ("d", 3)
