"""Parsing, unfinished sources, offsets in characters."""

from __future__ import annotations

import pytest

from seal_lsp.languages.python.grammar import parse, parse_tolerant, syntax_problem
from seal_lsp.languages.python.imports import imports
from seal_lsp.languages.python.receiver import receiver_at


@pytest.mark.parametrize(
    "source",
    [
        "app.",
        "foo(",
        "foo(a=1, b",
        "x = [a.b(c.",
        "x = {**a.",
        "from a import ",
        "from a.",
        "from a import (\n  b as c,\n",
        "import a.",
        "@app.",
        "@app.command(",
        "class A(b.",
        "def f(x: a.",
        "with A() as ",
        "async def f():\n  async with a.b(c=1, ",
        "for x in a.",
        "if x.y(",
        "lambda x: x.",
        "match x:\n  case a.",
        "def f():\n  try:\n    x = 1\n    if True:\n      x.",
        "try:\n  x\nexcept a.",
        "class A(B):\n  x: int = 3\n  def f(self): self.",
    ],
)
def test_an_unfinished_end_is_closed(source: str) -> None:
    parsed = parse_tolerant(source)
    assert not parsed.root.has_error
    assert parsed.source.startswith(source)
    assert parsed.end == len(source)


def test_a_finished_source_is_left_alone() -> None:
    assert parse_tolerant("x = 1\n").source == "x = 1\n"


def test_what_cannot_be_closed_is_still_parsed() -> None:
    assert parse_tolerant("x = = 1\ny = 2\n").root.has_error


@pytest.mark.parametrize("text", ["x", "é", "漢字", "😀", "a😀b漢c", "e\u0301"])
def test_byte_and_character_offsets_agree(text: str) -> None:
    source = f"a = '{text}'\nb = '{text}' + c\n"
    parsed = parse(source)
    for char in range(len(source) + 1):
        byte = len(source[:char].encode())
        assert parsed.byte(char) == byte
        assert parsed.char(byte) == char


@pytest.mark.parametrize(
    "source", ["\x00\x01\x02", "\ud800 = '\udfff'\nimport a", "\ufeffimport a", "a\r\nb.\r\n", "\x0c\t."]
)
def test_odd_characters_break_nothing(source: str) -> None:
    parsed = parse_tolerant(source)
    for node in parsed.root.children:
        start, end = parsed.span(node)
        assert 0 <= start <= end <= len(parsed.source)
    assert isinstance(imports(source), tuple)
    assert isinstance(syntax_problem(source), str)
    assert receiver_at(source, len(source), []).owner == ""


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("x = 1\n", ""),
        ("", ""),
        ("x = (1\n", "line 1"),
        ("x = 1\ndef f(:\n  pass\n", "line 2"),
        ("if x\n  y\n", "line 1"),
    ],
)
def test_syntax_problem(source: str, problem: str) -> None:
    assert syntax_problem(source).startswith(problem)
    assert bool(syntax_problem(source)) == bool(problem)
