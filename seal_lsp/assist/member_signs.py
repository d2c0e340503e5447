"""Signs of a member: what is done with it fits what it is, the library uses it so, this file used its neighbours."""

from __future__ import annotations

import math

from seal_lsp.assist.facts import Member
from seal_lsp.assist.signs import Ground, Signs, habit, own_or_inherited
from seal_lsp.core.api import Symbol
from seal_lsp.languages.python.surroundings import Given

_CALLABLE = ("method", "function", "class")


def signs(members: tuple[Member, ...], ground: Ground) -> list[Signs]:
    owner = ground.world.resolve(ground.receiver.owner) if ground.receiver.owner else None
    before, after = _used(ground, owner)
    symbols = {m.name: ground.world.resolve(m.qualname) if m.qualname else None for m in members}
    order = _declared(symbols)
    role, around = ground.around.role, ground.around
    last = order.get(before[-1]) if before else None
    upcoming = order.get(after[0]) if after else None
    is_class = owner is not None and owner.kind == "class"
    enumeration = bool(is_class and ground.world.extra("element", owner))
    finished = bool(ground.text[ground.start :].partition("\n")[0].strip()) or role == "decorator"
    found = []
    for member in members:
        name, symbol = member.name, symbols[member.name]
        qualname = symbol.qualname if symbol is not None else member.qualname
        kind = member.kind
        at = order.get(name)
        decorating = ground.count(member.library, "decorator", qualname)
        found.append(
            own_or_inherited(symbol, owner)
            | habit(ground.count(member.library, "member", qualname))
            | {
                "habit_name": math.log1p(ground.name_count(member.library, "member", name)),
                "habit_import": math.log1p(sum(ground.count(member.library, "import", qualname))),
                "habit_call": math.log1p(sum(ground.count(member.library, "call", qualname))),
                "habit_decorator": math.log1p(sum(decorating)) if role == "decorator" else 0.0,
                "used_before": math.log1p(before.count(name)),
                "used_after": math.log1p(after.count(name)),
                "attribute_before": math.log1p(around.attributes_before[name]),
                "attribute_after": math.log1p(around.attributes_after[name]),
                "last": float(bool(before) and before[-1] == name),
                "follows": float(last is not None and at == (last[0], last[1] + 1)),
                "between": float(
                    at is not None
                    and last is not None
                    and upcoming is not None
                    and at[0] == last[0] == upcoming[0]
                    and last[1] < at[1] < upcoming[1]
                ),
                "class": float(kind == "class"),
                "module": float(kind == "module"),
                "method": float(kind in ("method", "function")),
                "constant": float(name.isupper()),
                "role_class": (1.0 if kind == "class" else -1.0)
                if role in ("annotation", "base", "except", "raise")
                else 0.0,
                "role_error": float(role in ("except", "raise") and name.endswith(("Error", "Exception", "Warning"))),
                "role_base": float(role == "base" and kind == "class") * math.log1p(_heirs(ground, qualname)),
                "role_decorator": float(role == "decorator" and kind in _CALLABLE),
                "role_target": (1.0 if kind in ("attribute", "property") else -1.0) if role == "target" else 0.0,
                "call_fits": _call_fits(kind, around.called, finished, role),
                "arguments_fit": _arguments_fit(symbol, around.called),
                "then_fits": _then_fits(
                    ground, symbol, kind, owner.qualname if enumeration and ground.receiver.on_class else ""
                ),
                **_access(kind, symbol, name, is_class, ground.receiver.on_class, enumeration),
            }
        )
    return found


def _access(kind: str, symbol: Symbol | None, name: str, is_class: bool, on_class: bool, enumeration: bool) -> Signs:
    """What is read from a class itself (its members, constructors, nested classes) is seldom read from an instance."""
    if not is_class or symbol is None:
        return {}
    of_class = any(d.endswith(("classmethod", "staticmethod")) for d in symbol.decorators)
    if on_class:
        return {
            "class_nested": float(kind == "class"),
            "class_method": float(of_class),
            "class_constant": float(kind == "attribute" and (name.isupper() or bool(symbol.value))),
            "class_unbound": float(kind == "property" or (kind == "method" and not of_class)),
            "class_element": float(enumeration and kind == "attribute" and bool(symbol.value)),
        }
    return {
        "instance_nested": float(kind == "class"),
        "instance_of_class": float(of_class),
        "instance_constant": float(name.isupper()),
    }


def _used(ground: Ground, owner: Symbol | None) -> tuple[list[str], list[str]]:
    """The names used of the same owner, before and after the place."""
    before: list[str] = []
    after: list[str] = []
    own = owner.qualname if owner is not None else None
    known: dict[str, bool] = {}
    for use in ground.uses:
        if use.kind != "member" or own is None:
            continue
        if use.owner not in known:
            symbol = ground.world.resolve(use.owner)
            known[use.owner] = symbol is not None and symbol.qualname == own
        if known[use.owner] and use.start != ground.start:
            (before if use.start < ground.start else after).append(use.name)
    return before, after


def _declared(symbols: dict[str, Symbol | None]) -> dict[str, tuple[str, int]]:
    """(file and kind, place in it) of each name, in the order in which the library declares them."""
    rows: dict[str, list[tuple[int, str]]] = {}
    for name, symbol in symbols.items():
        if symbol is not None and symbol.line:
            rows.setdefault(f"{symbol.owner} {symbol.kind}", []).append((symbol.line, name))
    return {name: (group, at) for group, some in rows.items() for at, (_, name) in enumerate(sorted(some))}


def _heirs(ground: Ground, qualname: str) -> int:
    surface = ground.world.surface_of(qualname) if qualname else None
    return len(surface.heirs_of([qualname])) if surface is not None else 0


def _call_fits(kind: str, called: Given | None, finished: bool, role: str) -> float:
    if called is not None:
        return 1.0 if kind in _CALLABLE else -1.0
    if not finished or role in ("decorator", "annotation", "base", "except"):
        return 0.0
    return -1.0 if kind in ("method", "function") else 0.5


def _arguments_fit(symbol: Symbol | None, called: Given | None) -> float:
    if called is None or symbol is None or symbol.parameters is None or called.spreads:
        return 0.0
    parameters = [p for p in symbol.parameters if p.name not in ("self", "cls")]
    kinds = {p.kind for p in parameters}
    named = {p.name: p for p in parameters if p.kind in ("positional_or_keyword", "keyword_only")}
    if "var_keyword" not in kinds and any(name not in named for name in called.keywords):
        return -1.0
    places = [p for p in parameters if p.kind in ("positional_only", "positional_or_keyword")]
    if "var_positional" not in kinds and called.positional > len(places):
        return -1.0
    filled = {p.name for p in places[: called.positional]} | set(called.keywords)
    if any(
        p.default is None and p.kind not in ("var_keyword", "var_positional") and p.name not in filled
        for p in parameters
    ):
        return -1.0
    wide = bool({"var_keyword", "var_positional"} & kinds)
    given = len(called.keywords) + (called.positional > 0)
    return (0.3 if wide else 0.6) + 0.2 * min(given, 2)


def _then_fits(ground: Ground, symbol: Symbol | None, kind: str, element: str) -> float:
    then = ground.around.then
    if not then or symbol is None:
        return 0.0
    called = then.startswith("().")
    name = then.removeprefix("().")
    if called:
        owner = symbol.qualname if kind == "class" else symbol.instance_of if kind in _CALLABLE else None
    else:
        owner = symbol.qualname if kind in ("class", "module") else symbol.instance_of
        if element and kind == "attribute":
            owner = element if symbol.value and not symbol.name.startswith("_") else None
        if kind in ("method", "function"):
            return -1.0
    if not owner or not ground.world.knows(owner):
        return 0.0 if not owner else -0.3
    return {True: 1.0, False: -1.0, None: 0.0}[ground.world.exists(owner, name)]
