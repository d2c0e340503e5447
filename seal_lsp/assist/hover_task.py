"""In the analysis worker: what the name at a place is. Surfaces of the installed versions first, else jedi."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from seal_lsp.assist import tasks
from seal_lsp.assist.facts import HoverFacts, Place
from seal_lsp.assist.shelf import Shelf
from seal_lsp.assist.signatures import one_line, parameter_doc, pretty_signature, signature_of
from seal_lsp.assist.text_places import line_and_column, name_at
from seal_lsp.core.library import Environment, LibraryId

if TYPE_CHECKING:
    from seal_lsp.core.api import Symbol
    from seal_lsp.core.code import ApiUse
    from seal_lsp.languages.python.values import World


def hover(shelf: Shelf, text: str, offset: int, place: Place) -> HoverFacts | None:
    """The symbol whose name covers the offset."""
    span = name_at(text, offset)
    if span is None:
        return None
    from seal_lsp.languages.python.values import World

    known = tasks.surfaces(text, place)
    world = World(known)
    uses = [use for use in shelf.language.uses(text, known) if (use.start, use.end) == span]
    for use in sorted(uses, key=lambda use: use.kind == "call"):
        found = _hover_of_use(use, world)
        if found is not None:
            return found
    for use in shelf.language.imports(text):
        if use.start <= span[0] and span[1] <= use.end and not use.name:
            dotted = text[use.start : span[1]]
            symbol = world.resolve(dotted) if world.knows(dotted) else None
            if symbol is not None:
                return facts_of(symbol, dotted, span, world)
    return None if place.quick else _hover_by_jedi(shelf, text, span, place, world)


def _hover_of_use(use: ApiUse, world: World) -> HoverFacts | None:
    symbol = world.resolve(use.qualname)
    if symbol is None:
        return None
    if use.kind != "keyword":
        return facts_of(symbol, use.qualname, (use.start, use.end), world)
    parameter = next((p for p in symbol.parameters or () if p.name == use.name), None)
    if parameter is None:
        return None
    shown = parameter.name + (f": {parameter.annotation}" if parameter.annotation else "")
    shown += f" = {parameter.default}" if parameter.default is not None else ""
    about = parameter_doc(symbol.doc, use.name)
    surface = world.surface_of(symbol.qualname)
    library = str(surface.library) if surface else ""
    signature = f"(parameter) {shown}\n{signature_of(symbol)}"
    return HoverFacts(use.start, use.end, use.qualname, "keyword", signature, about, library)


def facts_of(symbol: Symbol, qualname: str, span: tuple[int, int], world: World) -> HoverFacts:
    surface = world.surface_of(symbol.qualname) or world.surface_of(qualname)
    return HoverFacts(
        span[0],
        span[1],
        qualname,
        symbol.kind,
        pretty_signature(symbol, qualname.rpartition(".")[2]),
        symbol.doc,
        str(surface.library) if surface else "",
        symbol.deprecated,
        symbol.returns or "",
        symbol.owner,
    )


def _hover_by_jedi(shelf: Shelf, text: str, span: tuple[int, int], place: Place, world: World) -> HoverFacts | None:
    from seal_lsp.languages.python.inference import definition_name

    line, column = line_and_column(text, span[0])
    path = Path(place.path) if place.path else None
    found = definition_name(text, line, column, path, place.environment, tasks.workspace_folders(place))
    if found is None or not (found.full_name or found.signature):
        return None
    symbol = world.resolve(found.full_name) if world.knows(found.full_name) else None
    if symbol is not None:
        return facts_of(symbol, found.full_name, span, world)
    word = {"class": "class ", "function": "def ", "module": "module "}.get(found.kind, "")
    signature = word + one_line(found.signature or found.full_name.rpartition(".")[2])
    library = tasks.library_of_full_name(found.full_name, place)
    return HoverFacts(*span, found.full_name, found.kind, signature, found.doc, library, module=found.module)


def describe(shelf: Shelf, qualname: str, library: str, environment: Environment) -> HoverFacts | None:
    """A symbol of a library by name, for resolving a menu item."""
    from seal_lsp.languages.python.values import World

    found = next((lib for lib in shelf.facts(environment).libraries if lib.id == LibraryId.parse(library)), None)
    surface = shelf.surface(found, environment) if found is not None else None
    if surface is None:
        return None
    world = World([surface])
    symbol = world.resolve(qualname)
    return facts_of(symbol, qualname, (0, 0), world) if symbol is not None else None
