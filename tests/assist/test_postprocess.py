"""Golden table: model text in, suggestion out."""

from __future__ import annotations

import pytest

from seal_lsp.assist.postprocess import Around, drop_half_name, finish, open_brackets

# (id, before, model text, after, expected)
CASES = [
    ("rest of the line", "x = cl", "ient.get(url)\nprint(x)\n", "", "ient.get(url)"),
    ("a second line only where a bracket is open", "x = f(", "a,\n      b)\ny = 2\n", "", "a,\n      b)"),
    ("an open bracket that never closes keeps one line", "x = f(", "a,\n  b,\n  c,\n", "", "a,"),
    ("a block that is due", "def f(x):", "\n    return x\n\nprint(f(1))", "", "\n    return x"),
    (
        "a line that opens a block brings its body",
        "for a in ",
        "range(3):\n    print(a)\nprint(2)",
        "",
        "range(3):\n    print(a)",
    ),
    ("a dedent ends the body", "    if x:", "\n        go()\n    else:\n        stop()", "", "\n        go()"),
    ("a colon in a string opens nothing", "x = ", "'a:'\n    y = 1", "", "'a:'"),
    ("the closing bracket is there", "f(", "a, b)", ")", "a, b"),
    ("both closing brackets are there", "g(f(", "ab))", "))", "ab"),
    ("one of two is there", "g(f(", "a))", ")", "a)"),
    ("a call inside keeps its own bracket", "f(", "g(1))", ")", "g(1)"),
    ("the rest of the line is there", "x = f(a", ", b) # end", " # end", ", b)"),
    ("repetition is trimmed", "x = [", "10, 10, 10, 10, 10", "]", "10"),
    ("a line said twice is said once", "def f():", "\n    go()\n    go()\n    go()", "", "\n    go()"),
    ("brackets alone are nothing", "f(a", ")", "", ""),
    ("one character is nothing", "x = ", "1", "", ""),
    ("white space is nothing", "x = 1", "   \n\n", "", ""),
    ("windows line ends", "x = ", "f()\r\ny = 2", "", "f()"),
    ("tabs become spaces", "def f():", "\n\treturn 1", "", "\n    return 1"),
]


@pytest.mark.parametrize(
    ("before", "text", "after", "expected"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_finish(before, text, after, expected):
    assert finish(text, Around(before, after)) == expected


def test_the_line_above_is_not_repeated():
    assert finish("go(1)", Around("", above="go(1)\n")) == ""
    assert finish("go(2)", Around("", above="go(1)\n")) == "go(2)"


def test_the_line_below_is_not_repeated():
    assert finish("lose(x)", Around("c", below="\nclose(x)\n")) == ""
    assert finish("\n    a()\n    b()", Around("def f():", below="    b()\n")) == "\n    a()"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("f(a, timeou", "f(a,"), ("client.get_us", "client"), ("f(a)", "f(a)"), ("1234", ""), ("x = ", "x = ")],
)
def test_half_names_are_dropped(text, expected):
    assert drop_half_name(text) == expected


def test_a_cut_text_loses_its_half_name():
    assert finish("client.get(timeou", Around("x = "), complete=False) == "client.get("


@pytest.mark.parametrize(
    ("code", "expected"), [("f(a, [1", ["(", "["]), ("f('(')", []), ("f(x) # (", []), ('"""(\n(', []), ("f(')", ["("])]
)
def test_open_brackets(code, expected):
    assert open_brackets(code) == expected
