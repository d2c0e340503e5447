"""How evidence calls an API decides which keywords, values by position and decorators the writers give."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from seal_lsp.core.api import ApiSurface, Parameter, Symbol
from seal_lsp.core.learning import Evidence, Provenance
from seal_lsp.core.library import LibraryId
from seal_lsp.languages.python.support import Python
from seal_lsp.self_edits.arguments import call
from seal_lsp.self_edits.customs import Customs, customs
from seal_lsp.self_edits.formats.calls import write_calls, write_members
from seal_lsp.self_edits.shelf import by_weight, stock


def given(*names: str) -> tuple[Parameter, ...]:
    """Optional ones where a name ends with `?`."""
    return tuple(
        Parameter(n.rstrip("?"), "positional_or_keyword", default="None" if n.endswith("?") else None) for n in names
    )


SYMBOLS = (
    Symbol("farm", "module", file="/farm/__init__.py"),
    Symbol("farm.Barn", "class", parameters=given("name", "size?", "doors?", "roof?", "paint?")),
    Symbol("farm.Barn.on", "method", parameters=given("event")),
    Symbol("farm.Barn.start", "method", parameters=()),
    Symbol("farm.Barn.open", "method", parameters=()),
    Symbol("farm.rare", "function", parameters=given("x")),
)
SURFACE = ApiSurface(LibraryId("farm", "1"), ("farm",), {symbol.qualname: symbol for symbol in SYMBOLS})
BARN = SURFACE.symbols["farm.Barn"]
HEAD = "from farm import Barn\n"
SHOWN = (
    HEAD + 'barn = Barn("a", roof=1)\n\n\n@barn.on("rain")\ndef wet():\n    pass\n',
    HEAD + 'barn = Barn("b", roof=2, paint=3)\n\n\n@barn.start\ndef begin():\n    pass\n\n\nbarn.open()\n',
)


def evidence() -> list[Evidence]:
    where = Provenance("readme", "farm", "1", "README", 1, "0" * 64)
    uses = Python().uses
    return [
        Evidence("usage", text, f"u{n}", tuple(u.qualname for u in uses(text, [SURFACE])), where)
        for n, text in enumerate(SHOWN)
    ]


def test_counts() -> None:
    found = customs(SURFACE, [(text, 1) for text in SHOWN], Python())
    assert found.keywords["farm.Barn"] == {"roof": 2, "paint": 1}
    assert found.positional["farm.Barn"] == {1: 2}
    assert found.called == {"farm.Barn.on": 1}
    assert found.bare == {"farm.Barn.start": 1}
    assert found.decorates(SURFACE.symbols["farm.Barn.on"])
    assert not found.decorates(SURFACE.symbols["farm.Barn.open"])


@pytest.mark.parametrize(
    ("counted", "first"),
    [
        (Customs(keywords={"farm.Barn": Counter(paint=50)}), "paint"),
        (Customs(), "size"),  # nobody says: the signature's first
    ],
)
def test_the_usual_keyword_comes_first_most_often(counted: Customs, first: str) -> None:
    optional = [p for p in BARN.parameters if p.default is not None]
    rng = random.Random(0)
    firsts = Counter(counted.by_use(BARN, optional, rng)[0].name for _ in range(300))
    assert firsts.most_common(1)[0][0] == first
    assert len(firsts) == len(optional)  # none is left out for good


def test_calls_are_written_as_they_are_shown() -> None:
    shelf = stock(SURFACE, evidence(), Python())
    rng = random.Random(0)
    texts = [call(shelf, BARN, rng, spoken="Barn").text for _ in range(60)]
    assert all(text.startswith("Barn(name, ") or text == "Barn(name)" for text in texts)  # by position, as shown
    assert sum("roof=" in text for text in texts) > sum("doors=" in text for text in texts)


def test_decorators_are_written_as_such() -> None:
    shelf = stock(SURFACE, evidence(), Python())
    writer = write_members(shelf, random.Random(0))
    texts = "".join(next(writer).text for _ in range(60))
    assert "@barn.on(" in texts
    assert "@barn.start\n" in texts
    assert "@barn.open" not in texts


def test_what_is_used_is_written_again_before_everything_was() -> None:
    shelf = stock(SURFACE, evidence() * 20, Python())
    drawn = by_weight(shelf, shelf.of_kind("class", "function"), random.Random(0))
    counts = Counter(next(drawn).qualname for _ in range(200))
    assert counts["farm.Barn"] > 5 * counts["farm.rare"] > 0
    assert next(iter(write_calls(shelf, random.Random(1)))).text


def test_nothing_to_draw_from() -> None:
    empty = stock(ApiSurface(LibraryId("farm", "1"), ("farm",), {}), (), Python())
    assert list(by_weight(empty, [], random.Random(0))) == []
