"""What a writer reads from: the public names of a library, the best path to import each by, and how much each is used.

Pure bookkeeping over an ApiSurface and its evidence; writes nothing.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from seal_lsp.core.api import ApiSurface, Symbol
from seal_lsp.core.learning import Evidence, Provenance, digest_of


@dataclass(frozen=True)
class Shelf:
    """`weights` counts how often evidence uses a canonical symbol; `paths` gives every public dotted path of it,
    best first (fewest dots, then most used)."""

    surface: ApiSurface
    weights: Counter[str]
    paths: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def weight(self, qualname: str) -> float:
        """At least 0.3; more for what is documented and for what evidence uses (square root: no name owns the budget);
        less the deeper a name lies, since what the top package exports is what people import."""
        symbol = self.surface.resolve(qualname)
        if symbol is None:
            return 0.0
        paths = self.paths.get(symbol.qualname) or self.paths.get(symbol.owner)
        depth = paths[0].count(".") if paths else symbol.qualname.count(".")
        known = 0.3 + (0.7 if symbol.doc else 0.0) + min(self.weights[symbol.qualname], 36) ** 0.5
        return known / max(1, depth)

    def best_path(self, symbol: Symbol) -> str:
        return self.paths[symbol.qualname][0]

    def provenance(self, *symbols: Symbol) -> tuple[Provenance, ...]:
        library = self.surface.library
        return tuple(
            Provenance("surface", library.name, library.version, s.file, s.line, digest_of([s.qualname, s.signature()]))
            for s in symbols
        )

    def of_kind(self, *kinds: str) -> list[Symbol]:
        """Canonical public symbols of these kinds, heaviest first, ties by name."""
        found = [self.surface.symbols[q] for q in self.paths if self.surface.symbols[q].kind in kinds]
        return sorted(found, key=lambda s: (-self.weight(s.qualname), s.qualname))

    def methods(self, owner: Symbol) -> list[Symbol]:
        """Public members of a class, inherited ones included, heaviest first."""
        members = (self.surface.resolve(f"{owner.qualname}.{n}") for n in self.surface.members(owner.qualname))
        public = [m for m in members if m is not None and not m.name.startswith("_")]
        return sorted(public, key=lambda s: (-self.weight(s.qualname), s.qualname))

    def class_named(self, dotted: str | None) -> Symbol | None:
        """The public class behind a dotted type name, if it is this library's."""
        symbol = self.surface.resolve(dotted) if dotted else None
        return symbol if symbol is not None and symbol.kind == "class" and symbol.qualname in self.paths else None


def stock(surface: ApiSurface, evidence: Sequence[Evidence]) -> Shelf:
    """Build the shelf. Symbols count for every evidence that names them, usages twice as much as the library's code."""
    weights: Counter[str] = Counter()
    for item in evidence:
        for name in item.symbols:
            symbol = surface.resolve(name)
            if symbol is not None:
                weights[symbol.qualname] += 2 if item.kind == "usage" else 1
    paths: dict[str, list[str]] = defaultdict(list)
    for qualname, symbol in sorted(surface.symbols.items()):  # a surface from the index has another order
        if not symbol.public or symbol.kind == "module":
            continue
        target = surface.resolve(qualname)
        owner = surface.resolve(symbol.owner)
        if target is None or target.target or target.kind == "module" or owner is None or owner.kind != "module":
            continue
        reexported = target.qualname != qualname
        if reexported and not owner.file.endswith(("__init__.py", "__init__.pyi")):
            continue  # a module that imports a name for its own use does not offer it
        paths[target.qualname].append(qualname)
    ordered = {
        target: tuple(sorted(some, key=lambda path: (path.count("."), len(path), path)))
        for target, some in paths.items()
        if target in surface.symbols
    }
    return Shelf(surface, weights, ordered)


def weighted_order(shelf: Shelf, symbols: Sequence[Symbol], rng: random.Random) -> list[Symbol]:
    """A random order in which heavier symbols tend to come earlier (Efraimidis & Spirakis 2006)."""
    keyed = [(rng.random() ** (1.0 / max(shelf.weight(s.qualname), 1e-6)), s.qualname, s) for s in symbols]
    return [s for _, _, s in sorted(keyed, key=lambda k: (-k[0], k[1]))]
