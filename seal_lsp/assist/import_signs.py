"""Signs of a name to import: the file uses it and nothing binds it, it fits a sorted list, the library exports it."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from itertools import pairwise

from seal_lsp.assist.facts import Member
from seal_lsp.assist.signs import Ground, Signs, habit, own_or_inherited
from seal_lsp.core.api import ApiSurface
from seal_lsp.languages.python.surroundings import words


def signs(members: tuple[Member, ...], ground: Ground) -> list[Signs]:
    owner_name = ground.receiver.owner
    owner = ground.world.resolve(owner_name) if owner_name else None
    surface = ground.world.surface_of(owner_name) if owner_name else None
    exported = surface.exports(owner_name) if surface else frozenset()
    bound = _bound_by_imports(ground)
    here = set(ground.around.before) | set(ground.around.behind)
    fits = sorted_fit(ground.around.before, ground.around.behind, [m.name for m in members])
    module = frozenset(words(owner_name.replace(".", "_")))
    last = frozenset(words(owner_name.rpartition(".")[2]))
    found = []
    for member in members:
        name = member.name
        symbol = ground.world.resolve(member.qualname) if member.qualname else None
        qualname = symbol.qualname if symbol is not None else member.qualname
        fit, gap = fits.get(name, (0.0, 0.0))
        found.append(
            own_or_inherited(symbol, owner)
            | habit(ground.count(member.library, "import", qualname))
            | {
                "habit_name": math.log1p(ground.name_count(member.library, "import", name)),
                "used": math.log1p(
                    ground.count(member.library, "call", qualname).examples
                    + ground.count(member.library, "call", qualname).code
                ),
                "unbound": float(name in ground.unbound),
                "unbound_kind": float(name in ground.unbound and name not in bound),
                "in_statement": float(name in here),
                "imported": float(name in bound and name not in here),
                "sorted": fit,
                "gap": gap,
                "exported": float(name in exported),
                "borrowed": float(_borrowed(surface, member.qualname, name in exported)),
                "like_module": ground.alike(name, module),
                "like_last": ground.alike(name, last),
                "class": float(member.kind == "class"),
                "module": float(member.kind == "module"),
                "function": float(member.kind == "function"),
                "constant": float(name.isupper()),
            }
        )
    return found


def _borrowed(surface: ApiSurface | None, qualname: str, exported: bool) -> bool:
    """What a module only imports for itself: the package's own top, another library's names."""
    symbol = surface.symbols.get(qualname) if surface is not None else None
    if symbol is None or not symbol.target or exported:
        return False
    top, _, rest = symbol.target.partition(".")
    return top not in surface.import_names or not rest


def _bound_by_imports(ground: Ground) -> frozenset[str]:
    if ground.reading is None:
        return frozenset()
    module = ground.reading.resolver.scopes.all
    return frozenset(
        name
        for scope in module
        for name, bindings in scope.bindings.items()
        if any(binding.kind == "import" for binding in bindings)
    )


def sorted_fit(before: Sequence[str], behind: Sequence[str], names: Sequence[str]) -> dict[str, tuple[float, float]]:
    """For each name (whether it keeps a sorted list sorted: 1 or -1, how many other names lie between it and its
    neighbour, as a logarithm). Empty where the list is not sorted or too short to tell."""
    around = [*before, *behind]
    orders = [order for order in (_by_kind, str.lower) if _is_sorted(around, order)] if around else []
    ranked = {order: sorted(map(order, names)) for order in orders}
    found: dict[str, tuple[float, float]] = {}
    for name in names if orders else ():
        fits, gaps = [], []
        for order in orders:
            low = order(before[-1]) if before else None
            high = order(behind[0]) if behind else None
            own, keys = order(name), ranked[order]
            fits.append(1.0 if (low is None or low < own) and (high is None or own < high) else -1.0)
            if low is not None:
                gaps.append(max(0, bisect_left(keys, own) - bisect_right(keys, low)))
            if high is not None:
                gaps.append(max(0, bisect_left(keys, high) - bisect_right(keys, own)))
        found[name] = sum(fits) / len(fits), math.log1p(min(gaps)) if sum(fits) > 0 and gaps else 0.0
    return found


def _by_kind(name: str) -> tuple[int, str]:
    """As isort and ruff sort: CONSTANTS, Classes, functions."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2), name


def _is_sorted(names: Sequence[str], order: Callable) -> bool:
    keys = [order(name) for name in names]
    return all(a <= b for a, b in pairwise(keys))
