"""The shelf: which class an annotation means, and by which path a name is best imported."""

from __future__ import annotations

from dataclasses import replace

import pytest

from seal_lsp.core.api import ApiSurface, Symbol
from seal_lsp.core.learning import Evidence, Provenance
from seal_lsp.core.library import LibraryId
from seal_lsp.self_edits.shelf import stock


def module(name: str, package: bool = False) -> Symbol:
    return Symbol(name, "module", file=f"/{name.replace('.', '/')}{'/__init__' if package else ''}.py")


SYMBOLS = (
    module("farm", package=True),
    Symbol("farm.Barn", "attribute", target="farm.barns.Barn"),
    Symbol("farm.Shed", "attribute", target="farm._sheds.Shed"),
    module("farm.barns"),
    Symbol("farm.barns.Barn", "class"),
    Symbol("farm.barns.Door", "class"),
    Symbol("farm.barns.Barn.open", "method", parameters=()),
    Symbol("farm.barns.kinds", "attribute", target="farm.kinds"),
    module("farm.kinds"),
    Symbol("farm.kinds.Kind", "class"),
    Symbol("farm.kinds.Door", "class"),
    Symbol("farm.kinds.list", "class"),
    Symbol("farm.kinds.fence", "class"),
    Symbol("farm.kinds.Barn", "attribute", target="farm.barns.Barn"),
    module("farm._sheds"),
    Symbol("farm._sheds.Shed", "class"),
    Symbol("farm._sheds.Lock", "class"),
    Symbol("farm._sheds.Bolt", "class"),
    module("farm.locks"),  # a module that says what it offers
    Symbol("farm.locks.Bolt", "attribute", target="farm._sheds.Bolt"),
    Symbol("farm.locks.Lock", "attribute", target="farm._sheds.Lock"),
    Symbol("farm._sheds.Bolt.slide", "method", parameters=()),
    Symbol("farm._sheds.Bolt.kinds", "attribute", target="farm.kinds"),  # imported in the class's body
)
SURFACE = ApiSurface(
    LibraryId("farm", "1"),
    ("farm",),
    {symbol.qualname: symbol for symbol in SYMBOLS},
    extra={"exports:farm.locks": "Bolt,Locked"},
)


@pytest.mark.parametrize(
    ("annotation", "found"),
    [
        ("Kind", "farm.kinds.Kind"),
        ("farm.kinds.Kind", "farm.kinds.Kind"),
        ("kinds.Door", "farm.kinds.Door"),  # as farm.barns sees it
        ("Door", "farm.barns.Door"),  # two are called so: the one of the owner's module
        ("elsewhere.Kind", "farm.kinds.Kind"),
        ("'Kind'", "farm.kinds.Kind"),
        ("Kind | Barn | None", "farm.kinds.Kind"),
        ("dict[str, Kind]", "farm.kinds.Kind"),
        ("tuple[int, Kind]", "farm.kinds.Kind"),
        ("Optional['Kind']", "farm.kinds.Kind"),
        ("Shed", "farm._sheds.Shed"),
        ("fence", "farm.kinds.fence"),
        ("list[int]", None),
        ("Lock", None),  # not public
        ("Callable[[Kind], Barn] | None", None),
        ("Callable[[Kind], None] | Barn", "farm.barns.Barn"),
        ("Annotated[int, Kind(1)]", None),
        ("Annotated[Kind, Barn()]", "farm.kinds.Kind"),
        ("Literal['Kind']", None),
        ("int", None),
        ("", None),
        (None, None),
        ("Kind[", "farm.kinds.Kind"),  # what does not parse is read by its words
    ],
)
@pytest.mark.parametrize("owner", ["farm.barns.Barn", "farm.barns.Barn.open"])
def test_the_class_that_an_annotation_means(annotation: str | None, found: str | None, owner: str) -> None:
    shelf = stock(SURFACE, ())
    meant = shelf.class_in(annotation, SURFACE.symbols[owner])
    assert (meant.qualname if meant else None) == found


def test_paths_by_which_names_are_offered() -> None:
    paths = SURFACE.public_paths
    assert paths["farm.barns.Barn"] == ("farm.Barn", "farm.barns.Barn")  # farm.kinds only uses it
    assert paths["farm._sheds.Shed"] == ("farm.Shed",)
    assert "farm._sheds.Lock" not in paths  # farm.locks only uses it
    assert paths["farm._sheds.Bolt"] == ("farm.locks.Bolt",)
    assert "farm.barns.Barn.open" not in paths
    other = replace(SURFACE, symbols=dict(reversed(SURFACE.symbols.items())))
    assert list(other.public_paths.items()) == list(paths.items())


def evidence(text: str, *symbols: str, source: str = "library", file: str = "farm/kinds.py") -> Evidence:
    return Evidence("usage", text, file, symbols, Provenance(source, "farm", "1", file, 1, ""))


def test_the_librarys_own_code_counts_once_a_file_and_what_people_are_shown_each_time() -> None:
    head = "from farm.barns import Barn\n"
    own = [evidence(f"{head}class Old(Barn):\n    def m{n}(self): ...\n", "farm.barns.Barn") for n in range(5)]
    elsewhere = evidence(f"{head}Barn()\n", "farm.Barn", file="farm/barns.py")
    shown = [
        evidence(f"from farm.kinds import Kind\nKind({n})\n", "farm.kinds.Kind", source="readme") for n in range(3)
    ]
    shelf = stock(SURFACE, [*own, elsewhere, *shown])
    assert shelf.weights == {"farm.barns.Barn": 1, "farm.kinds.Kind": 24}
    assert shelf.imported == {"farm.barns.Barn": 1, "farm.kinds.Kind": 24}


def test_a_comment_in_an_import_list_hides_no_name() -> None:
    text = "from farm.barns import (\n    Barn,  # the big one\n    Door,\n)\nimport os\n"
    assert stock(SURFACE, [evidence(text, source="docstring")]).imported == {"farm.barns.Barn": 8, "farm.barns.Door": 8}


def test_a_module_in_a_class_is_no_member() -> None:
    assert [m.name for m in stock(SURFACE, []).methods(SURFACE.symbols["farm._sheds.Bolt"])] == ["slide"]
