"""M3 and M4 of written answers, worked out by hand."""

from __future__ import annotations

import orchard
import pytest

from seal_lsp.languages.python.support import Python
from seal_lsp.measure.answers import call_keywords, judge, keyword_f1, without_half_name, written_name

LANGUAGE = Python()
HEAD = "from orchard import Ladder\n\nladder = Ladder()\nladder."
IMPORTABLE = frozenset({"orchard", "os"})


@pytest.fixture(scope="module")
def surface(tmp_path_factory):
    return orchard.surface_of(orchard.install(tmp_path_factory.mktemp("env")))[0]


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("climb(rungs=3)", "member", "climb"),
        (" climb", "member", "climb"),
        ("\nclimb", "member", ""),
        ("(climb)", "member", ""),
        ("", "import", ""),
        ("Ladder,\n    Basket", "import", "Ladder"),
        ("mesh=8", "keyword", "mesh"),
        ("mesh = 8", "keyword", "mesh"),
        ("mesh == 8", "keyword", ""),
        ("mesh, 8", "keyword", ""),
        ("3x", "member", ""),
    ],
)
def test_the_name_that_an_answer_begins_with(text, kind, name):
    assert written_name(text, kind) == name


@pytest.mark.parametrize(
    ("text", "kind", "found"),
    [
        ("mesh=8, pressure=2.0)\nother(a=1)", "keyword", {"mesh", "pressure"}),
        ("mesh=f(inner=1), label='a, b=2')", "keyword", {"mesh", "label"}),
        ("mesh=[x for x in y if x == 2], z={'k': 1}", "keyword", {"mesh", "z"}),
        ("mesh=8,  # not=this\n  pressure=1", "keyword", {"mesh", "pressure"}),
        ("mesh=lambda x=1: x, y=2)", "keyword", {"mesh", "y"}),
        ('mesh="""a, b=1""", c=2)', "keyword", {"mesh", "c"}),
        ("mesh=8, label='cut of", "keyword", {"mesh", "label"}),
        ("mesh=8, lab", "keyword", {"mesh"}),
        ("climb(rungs=4, fast=True)", "member", {"rungs", "fast"}),
        ("climb(4)", "member", set()),
        ("climb.fold(rungs=4)", "member", set()),
        ("climb", "member", set()),
        ("a == b, c=1)", "keyword", {"c"}),
    ],
)
def test_the_keywords_of_the_call(text, kind, found):
    assert call_keywords(text, kind) == found


@pytest.mark.parametrize(
    ("gold", "found", "f1"),
    [
        ({"a", "b"}, {"a", "b"}, 1.0),
        ({"a", "b"}, {"a"}, 2 / 3),
        ({"a"}, {"a", "b", "c"}, 0.5),
        ({"a"}, set(), 0.0),
        (set(), {"a"}, None),
    ],
)
def test_f1_of_keyword_sets(gold, found, f1):
    assert keyword_f1(gold, found) == (None if f1 is None else pytest.approx(f1))


@pytest.mark.parametrize(
    ("text", "finish", "left"),
    [
        ("climb(rungs=3)\nladder.fo", "length", "climb(rungs=3)\nladder."),
        ("climb(rungs=3)\nladder.fo", "stop", "climb(rungs=3)\nladder.fo"),
        ("climb", "length", "climb"),
        ("climb(rungs=3)", "length", "climb(rungs=3)"),
    ],
)
def test_half_a_name_is_not_held_against_an_answer_that_was_cut_off(text, finish, left):
    assert without_half_name(text, finish) == left


@pytest.mark.parametrize(
    ("prefix", "text", "names", "unknown", "deprecated", "valid"),
    [
        (HEAD, "climb(rungs=3)\nladder.fold()\n", 3, (), (), True),
        (HEAD, "climb(steps=3)\n", 2, ("steps",), (), False),
        (HEAD, "jump()\nladder.jump()\n", 2, ("jump",), (), False),
        (HEAD, "climb(3)\nimport nothere.deep\n", 1, ("nothere",), (), False),
        (HEAD, "climb(3)\nimport os\n", 1, (), (), True),
        ("import nothere\n" + HEAD, "climb(3)\nimport nothere\n", 1, (), (), True),
        (HEAD, "climb(3)\nfrom . import beside\n", 1, (), (), True),
        ("from orchard import ", "shake_tree\n\nprint(1)\n", 1, (), ("shake_tree",), True),
        ("from orchard import Ladder\n\n", "print(1)\n", 0, (), (), False),
    ],
)
def test_what_an_answer_names(surface, prefix, text, names, unknown, deprecated, valid):
    found = judge(prefix, text, surface, LANGUAGE, IMPORTABLE)
    assert (found.names, found.unknown, found.deprecated, found.valid) == (names, unknown, deprecated, valid)


@pytest.mark.parametrize(
    ("prefix", "text", "kind", "names", "unknown"),
    [
        ("    handle.", "climb(rungs=3)\n", "member", 1, ()),  # what `handle` is stood above the excerpt
        ("    handle.", "jump()\n", "member", 1, ("jump",)),
        ("    handle.climb(", " rungs=3)\n", "keyword", 1, ()),
        ("    handle.climb(", "rungs)\n", "keyword", 0, ()),  # a value, not a keyword
        (HEAD, "climb(rungs=3)\n", "member", 2, ()),  # known from the prefix: counted once
        ("from orchard import ", "Ladder\n", "import", 1, ()),
    ],
)
def test_the_name_that_is_due_is_judged_by_the_valid_ones(surface, prefix, text, kind, names, unknown):
    found = judge(prefix, text, surface, LANGUAGE, IMPORTABLE, due=(kind, ("climb", "fold", "rungs", "Ladder")))
    assert (found.names, found.unknown) == (names, unknown)
