"""In the analysis worker: notes for the model about the APIs that a file uses, as comments that can stand before it.

Signatures and members as installed. What was named last before the place stands last, and is there when not all fits.
"""

from __future__ import annotations

from seal_lsp.assist import tasks
from seal_lsp.assist.facts import Notes, Place
from seal_lsp.assist.shelf import Shelf
from seal_lsp.assist.signatures import signature_of
from seal_lsp.core.api import ApiSurface, Symbol

_MEMBERS = 24


def notes(shelf: Shelf, text: str, offset: int, place: Place, characters: int) -> Notes:
    """At most `characters` of whole lines."""
    from seal_lsp.languages.python.focus import focused

    text = focused(text, offset)
    known = tasks.surfaces(text, place)
    uses = shelf.language.uses(text, known)
    latest: dict[tuple[str, str], tuple[ApiSurface, Symbol]] = {}
    for use in sorted((use for use in uses if use.end <= offset and use.exists), key=lambda use: use.start):
        for surface in known:
            symbol = surface.resolve(use.qualname)
            if symbol is not None and symbol.kind in ("class", "function", "method"):
                key = (str(surface.library), symbol.qualname)
                latest.pop(key, None)
                latest[key] = (surface, symbol)
                break
    taken: list[str] = []
    for surface, symbol in reversed(latest.values()):
        note = _note(surface, symbol)
        if len(note) <= characters:
            taken.append(note)
            characters -= len(note)
    libraries = tasks.nearest_of(uses, offset, known, tasks.imported(text, place))
    return Notes("".join(reversed(taken)) + ("\n" if taken else ""), libraries)


def _note(surface: ApiSurface, symbol: Symbol) -> str:
    """`# signature`, of a class also the names of its public members."""
    name = symbol.name if symbol.kind != "method" else f"{symbol.owner.rpartition('.')[2]}.{symbol.name}"
    note = f"# {signature_of(symbol, name)}\n"
    if symbol.kind == "class":
        members = [member for member in surface.members(symbol.qualname) if not member.startswith("_")][:_MEMBERS]
        note += f"# {symbol.name}: {', '.join(members)}\n" if members else ""
    return note
