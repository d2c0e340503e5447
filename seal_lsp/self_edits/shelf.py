"""What a writer reads from: the public names of a library, the best path to import each by, and how much each is used.

Pure bookkeeping over an ApiSurface and its evidence; writes nothing.
"""

from __future__ import annotations

import ast
import builtins
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import TypeVar

from seal_lsp.core.api import ApiSurface, Symbol
from seal_lsp.core.language import LanguageSupport
from seal_lsp.core.learning import Evidence, Provenance, digest_of
from seal_lsp.self_edits.customs import Customs, customs
from seal_lsp.self_edits.drawing import drawn

T = TypeVar("T")
_FROM_IMPORT = re.compile(r"^[ \t]*from[ \t]+([\w.]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n(]+)", re.MULTILINE)
_COMMENT = re.compile(r"#.*")
_KIND = {"source": 0.25, "usage": 0.5}
_SHOWN = 8
_UNTOLD = 6  # names that people are taken to have used before the first that evidence shows, one through its module
_MOST = 100
_SHARPNESS = 0.75  # no name owns the budget, and what people use comes far oftener than what nobody does


@dataclass(frozen=True)
class Shelf:
    """`weights` counts how often evidence uses a canonical symbol; `paths` gives every public dotted path of it,
    best first (ApiSurface.public_paths); `imported` counts how often usage imports a dotted path; `through` is the
    share of names that people reach through their module (`lib.Name`) instead of importing them; `customs` is how
    calls are written."""

    surface: ApiSurface
    weights: Counter[str]
    paths: dict[str, tuple[str, ...]] = field(default_factory=dict)
    imported: Counter[str] = field(default_factory=Counter)
    through: float = 1 / _UNTOLD
    customs: Customs = field(default_factory=Customs)

    def weight(self, qualname: str) -> float:
        """At least 0.3; more for what is documented and for what evidence uses; less the deeper a name lies, since what
        the top package exports is what people import."""
        symbol = self.surface.resolve(qualname)
        if symbol is None:
            return 0.0
        paths = self.paths.get(symbol.qualname) or self.paths.get(symbol.owner)
        depth = paths[0].count(".") if paths else symbol.qualname.count(".")
        known = 0.3 + (0.7 if symbol.doc else 0.0) + min(self.weights[symbol.qualname], _MOST) ** _SHARPNESS
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
        """Public members of a class, inherited ones included, heaviest first; not modules that its body imports."""
        members = (self.surface.resolve(f"{owner.qualname}.{n}") for n in self.surface.members(owner.qualname))
        public = [m for m in members if m is not None and not m.name.startswith("_") and m.kind != "module"]
        return sorted(public, key=lambda s: (-self.weight(s.qualname), s.qualname))

    def enumerated(self, owner: Symbol) -> list[str]:
        """The public members of an enumeration; [] for what is none."""
        if self.surface.extra.get(f"element:{owner.qualname}") != owner.qualname:
            return []
        found = {n: self.surface.resolve(f"{owner.qualname}.{n}") for n in self.surface.members(owner.qualname)}
        return [n for n, s in found.items() if s and s.instance_of == owner.qualname and s.kind == "attribute"]

    def class_named(self, dotted: str | None) -> Symbol | None:
        """The public class behind a dotted type name, if it is this library's."""
        symbol = self.surface.resolve(dotted) if dotted else None
        return symbol if symbol is not None and symbol.kind == "class" and symbol.qualname in self.paths else None

    def class_in(self, annotation: str | None, owner: Symbol) -> Symbol | None:
        """The first public class of this library that a type annotation in the signature of `owner` names: by its
        dotted name, as seen from the owner's module, or by its last part where only one class is called so."""
        module = owner.owner if owner.kind != "method" else owner.owner.rpartition(".")[0]
        for word in _classes_named(annotation or ""):
            last = word.rpartition(".")[2]
            if hasattr(builtins, last):
                continue
            for guess in (word, f"{module}.{word}", f"{module}.{last}"):
                if (found := self.class_named(guess)) is not None:
                    return found
            if len(called_so := self._classes_by_name.get(last, ())) == 1:
                return called_so[0]
        return None

    @cached_property
    def offered(self) -> dict[str, dict[str, float]]:
        """{module: {name: weight}} of what can be imported. Names weigh more the more often usage imports them from
        there; submodules are there only where it does: every package has them, few are meant to be imported so."""
        found: dict[str, dict[str, float]] = defaultdict(dict)
        for _, paths in sorted(self.paths.items()):
            for path in paths:
                module, _, name = path.rpartition(".")
                found[module][name] = self.weight(path) + self.imported[path] ** 0.5
        for qualname, symbol in sorted(self.surface.symbols.items()):
            if symbol.kind == "module" and symbol.public and symbol.owner and self.imported[qualname]:
                found[symbol.owner][symbol.name] = self.imported[qualname] ** 0.5
        return dict(found)

    @cached_property
    def _classes_by_name(self) -> dict[str, list[Symbol]]:
        """Public classes by every last part under which they are offered."""
        found: dict[str, dict[str, Symbol]] = defaultdict(dict)
        for qualname, paths in self.paths.items():
            if self.surface.symbols[qualname].kind == "class":
                for path in (qualname, *paths):
                    found[path.rpartition(".")[2]][qualname] = self.surface.symbols[qualname]
        return {name: list(classes.values()) for name, classes in found.items()}


def _classes_named(annotation: str) -> Iterator[str]:
    """Dotted names in an annotation, left to right: of values and of what containers hold, not of what a callable
    takes, nor of metadata."""
    try:
        nodes = [ast.parse(annotation.strip(), mode="eval").body]
    except (SyntaxError, ValueError, RecursionError):
        yield from re.findall(r"[A-Za-z_][\w.]*", annotation)
        return
    while nodes:
        match nodes.pop(0):
            case ast.Name() | ast.Attribute() as name:
                yield ast.unparse(name)
            case ast.Constant(value=str(quoted)):
                yield from _classes_named(quoted)
            case ast.BinOp(left=left, right=right):
                nodes[:0] = [left, right]
            case ast.Tuple(elts=several) | ast.List(elts=several):
                nodes[:0] = several
            case ast.Subscript(value=head, slice=inside):
                kind = ast.unparse(head).rpartition(".")[2]
                if kind == "Annotated" and isinstance(inside, ast.Tuple):
                    nodes[:0] = inside.elts[:1]
                elif kind not in ("Callable", "Literal"):
                    nodes[:0] = [head, inside]


def stock(surface: ApiSurface, evidence: Sequence[Evidence], language: LanguageSupport | None = None) -> Shelf:
    """Build the shelf. Symbols count for every evidence that names them: little where the library's code defines them,
    twice that where it calls them itself, far more where people are shown or write how to use them. Customs, and how
    names are reached, are counted where a language is given."""
    usage = [item for item in evidence if item.kind == "usage"]
    texts = [(item.text, _weight(item)) for item in evidence] if language is not None else []
    return Shelf(
        surface,
        _weighed(evidence, lambda item: [s.qualname for s in map(surface.resolve, item.symbols) if s is not None]),
        surface.public_paths,
        _weighed(usage, lambda item: _imports(item.text)),
        _through(surface, [item.text for item in usage if item.shown], language) if language else 1 / _UNTOLD,
        customs(surface, texts, language) if language is not None else Customs(),
    )


def _weighed(evidence: Iterable[Evidence], named_in: Callable[[Evidence], Iterable[T]]) -> Counter[T]:
    """What evidence names, by the weight of who names it. The library's own code names a thing once a file: a class
    that stands at the head of each of its heirs' methods is not used that often."""
    found: Counter[T] = Counter()
    seen: set[tuple[str, str, T]] = set()
    for item in evidence:
        for one in named_in(item):
            key = (item.kind, item.provenance.file, one)
            if item.shown or key not in seen:
                found[one] += _weight(item)
            seen.add(key)
    return found


def _weight(item: Evidence) -> float:
    return _SHOWN if item.shown else _KIND[item.kind]


def _through(surface: ApiSurface, texts: Iterable[str], language: LanguageSupport) -> float:
    paths = {path for some in surface.public_paths.values() for path in some}
    counts: Counter[str] = Counter()
    for text in texts:
        for use in language.uses(text, [surface]):
            if use.qualname in paths and (use.kind == "import" or text[use.start - 1 : use.start] == "."):
                counts[use.kind] += 1
    return (counts["member"] + 1) / (counts["import"] + counts["member"] + _UNTOLD)


def _imports(text: str) -> Iterator[str]:
    """Dotted paths that a text imports names by."""
    for module, names in _FROM_IMPORT.findall(text):
        for name in _COMMENT.sub("", names).strip("()").split(","):
            if words := name.split():
                yield f"{module}.{words[0]}"


def by_weight(shelf: Shelf, symbols: Sequence[Symbol], rng: random.Random) -> Iterator[Symbol]:
    """Endless, by weight, each time anew: what people use comes again before what nobody uses came once."""
    weights = list(accumulate(shelf.weight(s.qualname) for s in symbols))
    while symbols:
        yield rng.choices(symbols, cum_weights=weights)[0]


def weighted_order(shelf: Shelf, symbols: Sequence[Symbol], rng: random.Random) -> list[Symbol]:
    """A random order in which heavier symbols tend to come earlier."""
    return drawn(symbols, [shelf.weight(s.qualname) for s in symbols], [s.qualname for s in symbols], rng)


def drawn_modules(shelf: Shelf, modules: Sequence[str], rng: random.Random, count: int) -> list[str]:
    """By the weight of what they offer, one maybe several times. Squares: a module of few names that are used weighs
    more than one of many that nobody uses."""
    modules = sorted(modules)
    mass = [sum(w * w for w in shelf.offered[m].values()) ** 0.5 / (1 + 0.5 * m.count(".")) for m in modules]
    return rng.choices(modules, mass, k=count)


def drawn_names(shelf: Shelf, module: str, rng: random.Random) -> list[str]:
    """All that a module offers in a random order, heavier names more often first."""
    offered = shelf.offered[module]
    return drawn(list(offered), list(offered.values()), list(offered), rng)
