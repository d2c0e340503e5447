from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import replace
from itertools import islice

import orchard
import pytest

from seal_lsp.collect.gather import gather
from seal_lsp.core.api import ApiSurface, Parameter, Symbol
from seal_lsp.core.library import LibraryId
from seal_lsp.languages.python.support import Python
from seal_lsp.self_edits.formats.calls import write_qualified
from seal_lsp.self_edits.layout import from_import, import_block, variable_for
from seal_lsp.self_edits.shelf import stock
from seal_lsp.self_edits.write import SHARES, write

LANGUAGE = Python()
OPTIONAL = Parameter("times", "positional_or_keyword", default="1")


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    environment = orchard.install(tmp_path_factory.mktemp("env"))
    surface, library = orchard.surface_of(environment)
    return surface, gather(library, surface, environment, language=LANGUAGE).evidence


@pytest.fixture(scope="module")
def edits(shelf):
    surface, evidence = shelf
    return write(evidence, surface, LANGUAGE, seed=0, characters=20_000)


def test_every_format_of_the_mix_is_written(edits):
    assert {edit.format for edit in edits} == set(SHARES) - {"own"}  # it never calls itself


def test_the_budget_is_kept_and_nothing_is_written_twice(edits):
    assert 15_000 < sum(len(edit.text) for edit in edits) < 26_000
    assert len({edit.id for edit in edits}) == len(edits)


def test_code_parses_and_names_only_what_exists(shelf, edits):
    surface, _ = shelf
    for edit in edits:
        if edit.format not in ("qa", "migration"):
            assert LANGUAGE.syntax_problem(edit.text) == "", edit.text
            false = [use.name for use in LANGUAGE.uses(edit.text, [surface]) if use.exists is False]
            assert not false, edit.text


def test_every_self_edit_says_where_it_comes_from(edits):
    for edit in edits:
        assert edit.symbols or edit.format == "source"
        assert edit.writer.startswith("template:")
        assert all(p.distribution == "orchard-tools" and p.version == "1.2.0" and p.sha256 for p in edit.provenance)
        assert edit.provenance


def test_the_same_seed_writes_the_same_and_another_something_else(shelf, edits):
    surface, evidence = shelf
    again = write(evidence, surface, LANGUAGE, seed=0, characters=20_000)
    other = write(evidence, surface, LANGUAGE, seed=1, characters=20_000)
    assert [e.id for e in again] == [e.id for e in edits]
    assert [e.id for e in other] != [e.id for e in edits]


def test_an_enumeration_is_never_called_but_its_members_are_named(shelf):
    surface, evidence = shelf
    texts = [e.text for e in write(evidence, surface, LANGUAGE, seed=0, characters=60_000) if e.format != "source"]
    assert not any(re.search(r"\bRipeness\(", text) for text in texts)
    assert any(re.search(r"\bRipeness\.(UN|OVER)?RIPE\b", text) for text in texts)


def test_every_name_of_a_module_is_spoken_through_it_once_and_then_anew(shelf):
    surface, evidence = shelf
    names = {s.name for q, s in surface.symbols.items() if s.owner == "orchard" and s.public and s.kind != "attribute"}
    spoken: list[str] = []
    for edit in write_qualified(stock(surface, evidence, LANGUAGE), random.Random(0)):
        assert edit.text.startswith("import orchard\n")
        assert LANGUAGE.syntax_problem(edit.text) == ""
        assert len(edit.provenance) <= 6
        spoken += [s.name for q in edit.symbols if (s := surface.resolve(q)).owner == "orchard"]
        if len(set(spoken)) == len(names):
            break
    assert set(spoken) == names
    assert len(spoken) < 1.5 * len(names)  # a nested call may name one again


@pytest.mark.parametrize(
    ("symbols", "expected"),
    [
        ([Symbol("zoo.Kind", "class")], "def NAME() -> zoo.Kind:"),
        ([Symbol("zoo.Kind", "class"), Symbol("zoo.Size", "class")], "def NAME(kind: zoo.Kind) -> zoo.Size:"),
        ([Symbol("zoo.Bite", "class", bases=("builtins.Exception",))], "except zoo.Bite as error:"),
        (
            [Symbol("zoo.Bite", "class", bases=("OSError",)), Symbol("zoo.Lost", "class", bases=("zoo.Bite",))],
            "except (zoo.Bite, zoo.Lost) as error:",
        ),
        ([Symbol("zoo.SIZE", "attribute")], "value = zoo.SIZE"),
        ([Symbol("zoo.feed", "function", parameters=(OPTIONAL,))], "result = zoo.feed("),
        ([Symbol("zoo.Kind", "class", parameters=())], "class CustomKind(zoo.Kind):"),
        ([Symbol("zoo.Kind", "class", parameters=())], "kind = zoo.Kind()"),
    ],
)
def test_a_name_is_used_through_its_module_as_its_kind_is_used(symbols, expected):
    surface = ApiSurface(LibraryId("zoo", "1"), ("zoo",), {s.qualname: s for s in (Symbol("zoo", "module"), *symbols)})
    edits = islice(write_qualified(stock(surface, [], LANGUAGE), random.Random(0)), 40)
    lines = {re.sub(r"def \w+\(", "def NAME(", line).strip() for edit in edits for line in edit.text.splitlines()}
    assert any(line.startswith(expected) for line in lines), lines


def test_a_package_that_offers_nothing_but_modules_has_nothing_to_speak_through():
    symbols = [Symbol("zoo", "module"), Symbol("zoo.cats", "module")]
    surface = ApiSurface(LibraryId("zoo", "1"), ("zoo",), {s.qualname: s for s in symbols})
    shelf = replace(stock(surface, [], LANGUAGE), imported=Counter({"zoo.cats": 3}))
    assert shelf.offered
    assert next(write_qualified(shelf, random.Random(0)), None) is None


@pytest.mark.parametrize(("through", "expected"), [("orchard.Press", True), ("Press", False)])
def test_names_are_imported_or_spoken_through_their_module_as_people_do(shelf, through, expected):
    surface, evidence = shelf
    text = "import orchard\n" if expected else "from orchard import Press\n"
    shown = next(item for item in evidence if item.kind == "usage")
    told = [
        *evidence,
        *(replace(shown, text=f"{text}\npress = {through}(mesh={n})\n", unit=f"u{n}") for n in range(40)),
    ]
    sizes = Counter()
    for edit in write(told, surface, LANGUAGE, seed=0, characters=20_000):
        sizes[edit.format] += len(edit.text)
    assert (sizes["qualified"] > sizes["imports"]) is expected
    assert sizes["qualified"] > 100


def test_composition_hands_one_api_to_another(edits):
    composed = [e for e in edits if e.format == "composition"]
    assert any("Picker(" in e.text and "ladder" in e.text for e in composed)
    assert all(len(set(e.symbols)) >= 2 for e in composed)


def test_a_library_without_documentation_is_still_written_up(shelf):
    surface, _ = shelf
    assert len(write([], surface, LANGUAGE, seed=0, characters=5_000)) > 10


def test_what_people_are_shown_and_the_librarys_own_code_have_shares_of_their_own(shelf):
    """However its helpers call each other: what the library does inside itself is a twenty-fifth."""
    surface, evidence = shelf
    shown = [item for item in evidence if item.kind == "usage"]
    assert all(item.provenance.source != "library" for item in shown)
    own = [
        replace(item, provenance=replace(item.provenance, source="library"), text=f"{item.text}\nassert {n}\n")
        for n, item in enumerate(shown)
    ]
    edits = write([*own, *shown], surface, LANGUAGE, seed=0, characters=10_000, shares={"usage": 0.8, "own": 0.2})
    sizes = Counter()
    for edit in edits:
        sizes[edit.provenance[0].source == "library"] += len(edit.text)
    longest = max(len(item.text) for item in own)
    assert sizes[True] <= 0.2 * 10_000 + longest
    assert sizes[False] == sum(len(item.text) + 1 for item in shown)  # all there is


@pytest.mark.parametrize(("times", "low", "high"), [(0, 0.0, 0.0), (1, 0.02, 0.15), (60, 0.35, 0.45)])
def test_usage_gets_more_than_its_share_only_where_evidence_has_more(shelf, times, low, high):
    surface, evidence = shelf
    shown = [item for item in evidence if item.kind == "usage"]
    more = [replace(item, text=f"{item.text}\nassert {n}\n", unit=f"{n}") for n in range(times) for item in shown]
    sources = [item for item in evidence if item.kind == "source"]
    written = write([*sources, *more], surface, LANGUAGE, seed=0, characters=20_000)
    used = sum(len(edit.text) for edit in written if edit.format == "usage")
    assert low <= used / sum(len(edit.text) for edit in written) <= high


def test_what_says_something_new_comes_before_the_same_again(shelf):
    surface, evidence = shelf
    shown = [item for item in evidence if item.kind == "usage"]
    same = [replace(shown[0], text=shown[0].text + f"# {n}\n", unit=f"again {n}") for n in range(5)]
    edits = write([*same, *shown], surface, LANGUAGE, seed=0, characters=10**6, shares={"usage": 1.0})
    assert len(edits) == len(same) + len(shown)
    assert len({edit.symbols for edit in edits[:6]}) > 2  # six of them say the same


def test_the_top_of_a_package_is_told_for_what_it_offers(shelf):
    surface, evidence = shelf
    source = [item for item in evidence if item.kind == "source"]
    names = "\n".join(f"from .{name.lower()} import {name}" for name in ("Ladder", "Basket", "Press", "Cellar"))
    where = replace(source[0].provenance, file="orchard/__init__.py")
    top, empty = (replace(source[0], text=text, symbols=("orchard",), provenance=where) for text in (names, "a = 1"))
    edits = write([empty, *source, top], surface, LANGUAGE, seed=0, characters=10**6, shares={"source": 1.0})
    texts = [edit.text.strip() for edit in edits]
    assert texts.index(names) < len(source) / 2 < texts.index("a = 1")


def test_a_deprecated_name_is_told(edits):
    told = [e.text for e in edits if e.format == "migration"]
    assert told
    assert all("shake_tree" in text for text in told)


@pytest.mark.parametrize(
    ("name", "variable"),
    [("RateLimiter", "rate_limiter"), ("HTTPServer", "http_server"), ("App", "app"), ("app", "app_")],
)
def test_variables_are_named_as_people_name_them(name, variable):
    assert variable_for(name) == variable


def test_imports_are_laid_out_as_isort_does():
    assert from_import("m", ["b", "A", "CONST"]) == "from m import CONST, A, b"
    assert from_import("module", [f"Name{i}" for i in range(12)]).startswith("from module import (\n    Name0,\n")
    assert import_block(["a.B", "c"]) == "import c\nfrom a import B\n"
