"""What the source around a name says about it; `|` is the place."""

from __future__ import annotations

import pytest

from seal_lsp.languages.python.receiver import receiver_in_reading
from seal_lsp.languages.python.surroundings import Given, Surroundings, surroundings, words


def around(marked: str) -> Surroundings:
    before, _, after = marked.partition("|")
    source = before + after
    receiver, reading = receiver_in_reading(source, len(before), [])
    start = len(before) - len(receiver.partial)
    return surroundings(source, start, len(before), receiver.kind, reading)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("RateLimiterType", ("rate", "limiter", "type")),
        ("rate_limiters", ("rate", "limiter")),
        ("HTTPServer2", ("http", "server", "2")),
        ("class_", ("class",)),
        ("_", ()),
    ],
)
def test_words(name: str, found: tuple) -> None:
    assert words(name) == found


@pytest.mark.parametrize(
    ("marked", "role"),
    [
        ("@app.|\ndef f(): ...\n", "decorator"),
        ("@app.|()\ndef f(): ...\n", "decorator"),
        ("def f(x: lib.|): ...\n", "annotation"),
        ("def f() -> list[lib.|]: ...\n", "annotation"),
        ("class A(lib.|):\n    pass\n", "base"),
        ("try:\n    f()\nexcept lib.|:\n    pass\n", "except"),
        ("try:\n    f()\nexcept (OSError, lib.|):\n    pass\n", "except"),
        ("raise lib.|()\n", "raise"),
        ("app.| = 1\n", "target"),
        ("x = app.|\n", "value"),
        ("f(app.|)\n", "value"),
    ],
)
def test_role(marked: str, role: str) -> None:
    assert around(marked).role == role


@pytest.mark.parametrize(
    ("marked", "called", "then"),
    [
        ("a.|(1, b=2)", Given(1, ("b",)), ""),
        ("a.|()", Given(), ""),
        ("a.|(*x)", Given(0, (), True), ""),
        ("a.|(...)", Given(0, (), True), ""),
        ("a.|(1).go()", Given(1), "().go"),
        ("a.|.value", None, "value"),
        ("a.|", None, ""),
        ("a.| + (1)", None, ""),
    ],
)
def test_what_is_done_with_a_member(marked: str, called: Given | None, then: str) -> None:
    found = around(marked)
    assert (found.called, found.then) == (called, then)


@pytest.mark.parametrize(
    ("marked", "call", "after", "equals", "kind"),
    [
        ("f(1, |", Given(1), (), "", ""),
        ("f(1, a=2, |=3)", Given(1, ("a",)), (), "3", "integer"),
        ("f(|=x, b=1)", Given(), ("b",), "x", "identifier"),
        ("f(\n    a=1,\n    |='s',\n    b=2,\n)", Given(0, ("a",)), ("b",), "'s'", "string"),
        ("f(|=True)", Given(), (), "True", "true"),
    ],
)
def test_the_call_around_a_keyword(marked: str, call: Given, after: tuple, equals: str, kind: str) -> None:
    found = around(marked)
    assert (found.call, found.after, found.equals, found.equals_kind) == (call, after, equals, kind)


@pytest.mark.parametrize(
    ("marked", "before", "behind"),
    [
        ("from m import |", (), ()),
        ("from m import a, |, c\nd, e", ("a",), ("c",)),
        ("from m import (\n    a,  # one, two\n    |,\n    c as d,\n)\n", ("a",), ("c",)),
        ("from m import a as b, |\n", ("a",), ()),
        ("from m import | as x, c\n", (), ("c",)),
    ],
)
def test_the_names_of_an_import(marked: str, before: tuple, behind: tuple) -> None:
    found = around(marked)
    assert (found.before, found.behind) == (before, behind)


@pytest.mark.parametrize(
    ("marked", "where", "found"),
    [
        ("new_strip = strip.|", "target", {"new", "strip"}),
        ("with app.| as docs:\n    pass\n", "target", {"doc"}),
        ("f(key=store.|)", "target", {"key"}),
        ("def test_color_lighten():\n    x.|\n", "function", {"test", "color", "lighten"}),
        ("f(|=temp_dir)", "tail", {"temp", "dir"}),
        ("x.|", "target", set()),
    ],
)
def test_words_around(marked: str, where: str, found: set) -> None:
    assert around(marked).words[where] == found


def test_mentions() -> None:
    found = around("lib.a\nf(key=1)  # lib.z\nlib.|\nlib.b\ng(other=lib.b, key == 2)\n")
    assert found.attributes_before == {"a": 1}
    assert found.attributes_after == {"b": 2}
    assert (found.keywords_before, found.keywords_after) == ({"key": 1}, {"other": 1})
    assert found.names_before["z"] == 0
