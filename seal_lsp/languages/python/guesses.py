"""What something is whose value the source does not say: a test's parameter that a fixture elsewhere fills, a name
that was cut away, the result of unknown code.

Three signs, surest first: what the same name is elsewhere in this source; the one class or module at hand that has
all the members which the source uses on it; a class that is called like the name (`store`, a `BaseStore`). A guess is
good enough to offer names, never to call a name wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tree_sitter import Node

from seal_lsp.languages.python.bindings import text
from seal_lsp.languages.python.grammar import HOLE
from seal_lsp.languages.python.unbound import PYTHONS_OWN
from seal_lsp.languages.python.values import Value, World

if TYPE_CHECKING:
    from seal_lsp.languages.python.resolution import Resolver

_COMMON = frozenset().union(*(dir(kind) for kind in (object, str, bytes, int, float, list, dict, set, tuple, type)))
_MOST = 400  # classes that are looked at for one guess


def guess(resolver: Resolver, node: Node) -> Value | None:
    """The likeliest value of a name or an attribute chain that nothing says the value of."""
    parts = text(node).split(".")
    if not all(part.isidentifier() for part in parts) or parts == [HOLE] or parts[0] in PYTHONS_OWN:
        return None
    if parts[0] in ("self", "cls") and len(parts) == 1:
        return None
    return resolver.once(hash(("guess", text(node))), lambda: _guess(resolver, text(node), parts[-1]))


def _guess(resolver: Resolver, expression: str, name: str) -> Value | None:
    if expression == name:
        namesake = _elsewhere(resolver, name)
        if namesake is not None:
            return namesake
    used = members_used(resolver, expression)
    return by_members(resolver.world, used, name)


def _elsewhere(resolver: Resolver, name: str) -> Value | None:
    """What other scopes bind the name to, when all that are known agree."""
    found: Value | None = None
    for scope in resolver.scopes.all:
        for binding in scope.bindings.get(name, ()):
            value = resolver.bound(binding)
            if value is None:
                continue
            if found is not None and (value.kind, value.name, value.scope) != (found.kind, found.name, found.scope):
                return None
            found = value
    return found


def members_used(resolver: Resolver, expression: str) -> frozenset[str]:
    """Names that the source reads from an expression, wherever it stands."""
    if "members" not in resolver.notes:
        resolver.notes["members"] = {}
        for capture, node in resolver.parsed.captures("uses"):
            name = node.child_by_field_name("attribute") if capture == "attribute" else None
            if name is not None and text(name) != HOLE:
                resolver.notes["members"].setdefault(text(node.child_by_field_name("object")), set()).add(text(name))
    return frozenset(resolver.notes["members"].get(expression, ()))


def by_members(world: World, used: frozenset[str], name: str) -> Value | None:
    """The class or module that has all the members used, of several the one called like the name or that all others
    derive from."""
    telling = used - _COMMON
    fitting = [owner for owner in _owners(world, telling, name) if all(_has(world, owner, member) for member in used)]
    alike = [owner for owner in fitting if called_like(name, owner.rpartition(".")[2])]
    if alike:
        fitting = alike
    elif len(telling) < 2:
        return None
    chosen = _root(world, fitting)
    if not chosen:
        same = [owner for owner in fitting if plain(owner.rpartition(".")[2]) == plain(name)]
        chosen = same[0] if len({_own(world, owner) for owner in same}) == 1 else ""
    if not chosen:
        return None
    symbol = world.resolve(chosen)
    return Value("name" if symbol.kind == "module" else "instance", chosen)


def _owners(world: World, telling: frozenset[str], name: str) -> list[str]:
    """Classes and modules that may be it: those with the rarest of the members, or called like the name."""
    surfaces = [surface for surfaces in world.by_top.values() for surface in surfaces]
    if telling:
        rare = min(telling, key=lambda member: sum(len(s.owners_of(member)) for s in surfaces))
        owners = [owner for s in surfaces for owner in s.owners_of(rare)]
        owners += [heir for s in surfaces for heir in s.heirs_of(owners)]
    else:
        owners = [path for s in surfaces for path in s.classes_called(lambda class_: called_like(name, class_))]
    seen: dict[str, str] = {}
    for owner in owners[:_MOST]:
        symbol = world.resolve(owner)
        if symbol is not None and symbol.kind in ("class", "module") and symbol.public:
            seen.setdefault(symbol.qualname, symbol.qualname)
    return list(seen)


def _has(world: World, owner: str, member: str) -> bool:
    return world.exists(owner, member) is True


def _root(world: World, owners: Iterable[str]) -> str:
    """The one that all others derive from."""
    owners = list(owners)
    for owner in owners:
        if all(other == owner or world.derives(other, owner) for other in owners):
            return owner
    return ""


def _own(world: World, owner: str) -> str:
    symbol = world.resolve(owner)
    return symbol.qualname if symbol is not None else owner


def plain(name: str) -> str:
    return name.replace("_", "").lower()


def called_like(name: str, class_: str) -> bool:
    """`app` an App, `rate_limiter` a BaseRateLimiter: the class's last words are the name, a number left off."""
    wanted = plain(name.rstrip("0123456789"))
    if len(wanted) < 3:
        return False
    return plain(class_) == wanted or (plain(class_).endswith(wanted) and class_[-len(wanted) :][:1].isupper())
