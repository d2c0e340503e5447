"""In the analysis worker: what may stand at a cursor, and what speaks for each name.

Static reading over the surfaces first; where the receiver is the user's own or the standard library's, jedi. A
receiver that neither knows gives nothing rather than a guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from seal_lsp.assist import tasks
from seal_lsp.assist.facts import CompletionFacts, Member, Place
from seal_lsp.assist.ranking import weigh
from seal_lsp.assist.shelf import Shelf
from seal_lsp.assist.signatures import MAX_SIGNATURE, signature_of
from seal_lsp.assist.text_places import line_and_column

if TYPE_CHECKING:
    from seal_lsp.assist.signs import Ground, Signs
    from seal_lsp.core.api import Symbol
    from seal_lsp.core.code import ApiUse
    from seal_lsp.core.habits import Habits
    from seal_lsp.languages.python.receiver import Receiver
    from seal_lsp.languages.python.uses import Reading
    from seal_lsp.languages.python.values import World

_FROM_IMPORT = re.compile(r"\bfrom[ \t]+[\w.]+[ \t]+import\b")
_BEGUN_IMPORT = re.compile(r"^[ \t]*(?:from|import)[ \t]+([\w.]+)", re.MULTILINE)
_IMPORT_TOP = re.compile(r"^[ \t]*(?:from[ \t]+|import[ \t]+(?:[\w.]+(?:[ \t]+as[ \t]+\w+)?[ \t]*,[ \t]*)*)$")


def completions(shelf: Shelf, text: str, offset: int, place: Place, noted: list | None = None) -> CompletionFacts:
    """No kind and no members where no name of a known receiver may stand. `noted` is filled with each name and its
    signs."""
    from seal_lsp.assist.keyword_signs import is_due
    from seal_lsp.assist.signs import signed
    from seal_lsp.languages.python.focus import focused
    from seal_lsp.languages.python.grammar import with_name_at
    from seal_lsp.languages.python.receiver import receiver_in_reading
    from seal_lsp.languages.python.values import World

    text = focused(text, offset)
    known = tasks.surfaces_at_hand(text, offset, place, _module_before(text, offset))
    receiver, reading = receiver_in_reading(text, offset, known, guessing=True)
    named = with_name_at(text, offset)
    uses = shelf.language.uses(named, known)
    libraries = tasks.nearest_of(uses, offset, known, tasks.imported(named, place))
    nothing = CompletionFacts("", offset, "", libraries=libraries)
    if receiver.kind == "none":
        return nothing
    start = offset - len(receiver.partial)
    world = World(known)
    here = {use.name for use in uses if use.owner == receiver.owner}
    members = tuple(_members(shelf, text, start, receiver, world, place, here))
    if not members:
        return nothing
    ground = _ground(shelf, text, offset, place, receiver, reading, world, uses, members)
    signs = signed(members, ground)
    if noted is not None:
        noted += zip((member.name for member in members), signs, strict=True)
    weighed = (weigh(receiver.kind, each) for each in signs)
    members = tuple(
        replace(member, prior=alone, prior_with_model=beside)
        for member, (alone, beside) in zip(members, weighed, strict=True)
    )
    own = tasks.library_of_name(receiver.owner, known) if receiver.owner else None
    nearest = tuple(dict.fromkeys([*([str(own)] if own else []), *libraries]))
    due = receiver.kind != "keyword" or is_due(ground)
    return CompletionFacts(
        receiver.kind, start, receiver.partial, members, nearest, receiver.owner, guessed=receiver.guessed, due=due
    )


def signs_at(shelf: Shelf, text: str, offset: int, place: Place) -> tuple[str, list[tuple[str, Signs]]] | None:
    """(kind, each name with its signs) at a place, for those who fit weights; None where nothing may stand."""
    found: list = []
    facts = completions(shelf, text, offset, place, found)
    return (facts.kind, found) if facts.kind else None


def _ground(
    shelf: Shelf, text: str, offset: int, place: Place, receiver: Receiver, reading: Reading | None, world: World,
    uses: tuple[ApiUse, ...], members: tuple[Member, ...],
) -> Ground:  # fmt: skip
    """What speaks for each of the members is read from it."""
    from seal_lsp.assist.signs import Ground, rarity_of
    from seal_lsp.languages.python.surroundings import surroundings

    start = offset - len(receiver.partial)
    around = surroundings(text, start, offset, receiver.kind, reading)
    unbound = frozenset(shelf.language.unbound(text, offset)) if receiver.kind == "import" else frozenset()
    rarity = rarity_of(member.name for member in members)
    return Ground(text, start, receiver, reading, around, world, uses, unbound, _habits(shelf, members, place), rarity)


def _habits(shelf: Shelf, members: tuple[Member, ...], place: Place) -> dict[str, Habits]:
    """Of the libraries that the members are from; only of those that were read anyway."""
    found: dict[str, Habits] = {}
    wanted = {member.library for member in members if member.library}
    for library in shelf.facts(place.environment).libraries if wanted and place.environment is not None else ():
        if str(library.id) in wanted and shelf.is_read(library):
            habits = shelf.habits(library, place.environment)
            if habits is not None:
                found[str(library.id)] = habits
    return found


def _members(
    shelf: Shelf, text: str, start: int, receiver: Receiver, world: World, place: Place, here: set[str]
) -> Iterator[Member]:
    kind, owner = receiver.kind, receiver.owner
    if kind == "import" and not owner and _IMPORT_TOP.match(text[text.rfind("\n", 0, start) + 1 : start]):
        yield from _importable(shelf, place)
        return
    if kind == "keyword":
        yield from _keywords(text, start, receiver, world, place)
        return
    named: set[str] = set()
    if owner:
        only_modules = kind == "import" and not _after_import(text, start)
        for name in _listed(world, owner):
            symbol = world.resolve(f"{owner}.{name}")
            if symbol is None or (only_modules and symbol.kind != "module") or _leads_out(symbol, owner, world):
                continue
            named.add(name)
            yield member_of(name, f"{owner}.{name}", symbol, world, name in here)
    # What the source's own class adds to the library's: defined in this file, so the first to show without a model.
    for own in receiver.own:
        if own.name not in named:
            named.add(own.name)
            yield Member(own.name, own.kind, used_here=True)
    if owner and not world.is_open(owner):
        return
    if place.quick:
        return
    from seal_lsp.languages.python.inference import complete

    line, column = line_and_column(text, start)
    path = Path(place.path) if place.path else None
    for fact in complete(text, line, column, path, place.environment, tasks.workspace_folders(place)):
        if fact.name not in named and fact.kind != "keyword":
            named.add(fact.name)
            yield Member(fact.name, fact.kind, fact.full_name, tasks.library_of_full_name(fact.full_name, place))


def _listed(world: World, owner: str) -> list[str]:
    """Members over all libraries at hand: a base class may live in another one."""
    names: set[str] = set()
    seen: set[str] = set()
    stack = [owner]
    while stack:
        name = stack.pop()
        surface, symbol = world.surface_of(name), world.resolve(name)
        if name in seen or surface is None or symbol is None:
            continue
        seen.add(name)
        for part in world.surfaces_of(name):  # a namespace may be spread over several distributions
            names.update(part.members(name))
        if symbol.qualname != name:
            stack.append(symbol.qualname)
        stack += [base for base in symbol.bases if world.knows(base)]
    return sorted(names)


def _leads_out(symbol: Symbol, owner: str, world: World) -> bool:
    """`typing` inside a library's module is there, but nobody means it."""
    target = symbol.target
    return bool(target) and target.partition(".")[0] != owner.partition(".")[0] and not world.knows(target)


def _after_import(text: str, start: int) -> bool:
    """True in `from m import |`, False in `from m.|` and `import m.|`."""
    statements = list(_FROM_IMPORT.finditer(text, max(0, start - 4000), start))
    if not statements:
        return False
    between = text[statements[-1].end() : start]
    return "\n" not in between.replace("\\\n", "") or ("(" in between and ")" not in between)


def _module_before(text: str, offset: int) -> str:
    """The module that an import statement at the cursor names so far: it binds nothing yet."""
    begun = list(_BEGUN_IMPORT.finditer(text, max(0, offset - 4000), offset))
    return begun[-1][1] if begun else ""


def _importable(shelf: Shelf, place: Place) -> Iterator[Member]:
    from seal_lsp.languages.python.standard_modules import standard_modules

    facts = shelf.facts(place.environment)
    named: set[str] = set()
    for library in facts.libraries:
        for name in library.import_names:
            top = name.partition(".")[0]
            if top not in named:
                named.add(top)
                yield Member(top, "module", top, str(library.id), doc=str(library.id))
    own = tasks.local_modules(place)
    version = place.environment.version if place.environment else ""
    for name in sorted((own | {n for n in standard_modules(version) if "." not in n}) - named):
        yield Member(name, "module", name, "", doc="of this workspace" if name in own else "standard library")


def _keywords(text: str, start: int, receiver: Receiver, world: World, place: Place) -> Iterator[Member]:
    symbol = world.resolve(receiver.owner) if receiver.owner else None
    if symbol is not None and symbol.parameters is not None:
        library = world.surface_of(symbol.qualname)
        parameters = [p for p in symbol.parameters if p.name not in ("self", "cls")]
        by_place = [p.name for p in parameters if p.kind in ("positional_only", "positional_or_keyword")]
        taken = {*receiver.given, *by_place[: receiver.filled]}
        for p in parameters:
            if p.kind not in ("positional_or_keyword", "keyword_only") or p.name in taken:
                continue
            shown = p.name + (f": {p.annotation}" if p.annotation else "") + (f" = {p.default}" if p.default else "")
            name = str(library.library) if library else ""
            yield Member(p.name, "keyword", receiver.owner, name, shown[:MAX_SIGNATURE], receiver.owner)
        return
    if place.quick:
        return
    from seal_lsp.languages.python.inference import signature_keywords

    line, column = line_and_column(text, start)
    path = Path(place.path) if place.path else None
    for fact in signature_keywords(text, line, column, path, place.environment, tasks.workspace_folders(place)):
        if fact.name not in receiver.given:
            yield Member(fact.name, "keyword", fact.function, "", f"{fact.name}={fact.default}" if fact.default else "")


def member_of(name: str, qualname: str, symbol: Symbol, world: World, used: bool = False) -> Member:
    surface = world.surface_of(symbol.qualname) or world.surface_of(qualname)
    return Member(
        name,
        symbol.kind,
        qualname,
        str(surface.library) if surface else "",
        signature_of(symbol, name),
        symbol.summary,
        symbol.deprecated,
        used,
    )
