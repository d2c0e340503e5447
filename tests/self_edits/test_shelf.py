"""The shelf: which class an annotation means, and by which path a name is best imported."""

from __future__ import annotations

import pytest

from seal_lsp.core.api import ApiSurface, Symbol
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
)
SURFACE = ApiSurface(LibraryId("farm", "1"), ("farm",), {symbol.qualname: symbol for symbol in SYMBOLS})


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
    assert "farm._sheds.Lock" not in paths
    assert "farm.barns.Barn.open" not in paths
    other = ApiSurface(SURFACE.library, ("farm",), dict(reversed(SURFACE.symbols.items())))
    assert list(other.public_paths.items()) == list(paths.items())
