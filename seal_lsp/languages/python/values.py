"""What an expression may stand for, and what the surfaces of the installed libraries say about it.

A value is known or it is None: nothing here guesses between several possibilities.
"""

from __future__ import annotations

import builtins
import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seal_lsp.core.api import ApiSurface, Symbol

if TYPE_CHECKING:
    from seal_lsp.languages.python.bindings import Scope

_OBJECT = frozenset(dir(object)) | {"__dict__", "__module__", "__weakref__", "__annotations__"}
_CLASS = _OBJECT | frozenset(dir(type))
_ENUM = frozenset(dir(enum.EnumMeta)) | frozenset(dir(enum.Enum)) | {"_value_", "_name_", "_missing_"}
_MODULE = _OBJECT | {"__name__", "__file__", "__path__", "__package__", "__spec__", "__loader__", "__all__"}
# Base classes that Python itself brings, with what they give: reading our own builtins runs nothing of the user's.
_BUILTIN_BASES: dict[str, frozenset[str]] = {
    name: frozenset(dir(class_)) for name, class_ in vars(builtins).items() if isinstance(class_, type)
} | {
    "typing.NamedTuple": frozenset(dir(tuple)) | {"_asdict", "_field_defaults", "_fields", "_make", "_replace"},
    "typing.TypedDict": frozenset(dir(dict)) | {"__required_keys__", "__optional_keys__", "__total__"},
    "typing_extensions.TypedDict": frozenset(dir(dict)),
}


@dataclass(frozen=True, slots=True)
class Value:
    """`kind`: name (a library's module, class or function itself), instance (of the library's class `name`),
    local_class / local_instance / local_function / super (of what `scope` defines in the source), sequence (of
    `element`). `name` is the path by which the code reached it; `bound` is set for a method reached through an
    instance or a class method's class; `exact` for an instance that was made here, so that it is of no subclass."""

    kind: str
    name: str = ""
    scope: Scope | None = None
    element: Value | None = None
    bound: bool = False
    exact: bool = False


class World:
    """The surfaces at hand, asked by dotted name."""

    def __init__(self, surfaces: Sequence[ApiSurface]) -> None:
        self.by_top: dict[str, list[ApiSurface]] = {}
        self._subclass_names: dict[tuple[str, str], bool] = {}
        for surface in surfaces:
            for name in surface.import_names:
                self.by_top.setdefault(name, []).append(surface)

    def surfaces_of(self, qualname: str) -> list[ApiSurface]:
        return self.by_top.get(qualname.partition(".")[0], [])

    def knows(self, qualname: str) -> bool:
        """Whether the name belongs to one of the libraries at all."""
        return bool(qualname) and qualname.partition(".")[0] in self.by_top

    def surface_of(self, qualname: str) -> ApiSurface | None:
        """The surface that has the name; of several that share a namespace, the first."""
        surfaces = self.surfaces_of(qualname)
        return next((s for s in surfaces if s.resolve(qualname) is not None), surfaces[0] if surfaces else None)

    def resolve(self, qualname: str) -> Symbol | None:
        """The symbol behind a name. A base class or alias that leads into another library is followed."""
        return self._resolve(qualname, 0)

    def _resolve(self, qualname: str, depth: int) -> Symbol | None:
        if depth > 8:
            return None
        for surface in self.surfaces_of(qualname):
            symbol = surface.resolve(qualname)
            if symbol is None:
                continue
            crossing = symbol.target and symbol.target != qualname and symbol.qualname != symbol.target
            if crossing and symbol.target.partition(".")[0] != qualname.partition(".")[0]:
                return self._resolve(symbol.target, depth + 1) or symbol
            return symbol
        owner, _, name = qualname.rpartition(".")
        if not owner or not self.knows(owner):
            return None
        parent = self._resolve(owner, depth + 1)
        if parent is None:
            return None
        if parent.qualname != owner:
            return self._resolve(f"{parent.qualname}.{name}", depth + 1)
        for base in parent.bases:
            found = self._resolve(f"{base}.{name}", depth + 1) if self.knows(base) else None
            if found is not None:
                return found
        return None

    def is_open(self, qualname: str, depth: int = 0) -> bool:
        """True when members may exist that no static reading finds; foreign bases count unless they are at hand."""
        if depth > 8:
            return True
        symbol = self.resolve(qualname)
        if symbol is None or symbol.kind not in ("module", "class"):
            return True
        surface = self.surface_of(symbol.qualname)
        if surface is None or (symbol.qualname in surface.open_names and not self._known_bases(symbol)):
            return True
        if qualname in surface.open_names and not self._known_bases(symbol):
            return True
        return any(base not in _BUILTIN_BASES and self.is_open(base, depth + 1) for base in symbol.bases)

    def _builtin_members(self, symbol: Symbol, depth: int = 0) -> frozenset[str]:
        """What a class gets from Python's own base classes."""
        found: frozenset[str] = frozenset()
        for base in symbol.bases:
            parent = self.resolve(base) if base not in _BUILTIN_BASES and depth < 12 else None
            found |= _BUILTIN_BASES.get(base) or (
                self._builtin_members(parent, depth + 1) if parent is not None else frozenset()
            )
        return found

    def _known_bases(self, symbol: Symbol) -> bool:
        """A class that is open only because a base lies in another library is not open where that one is at hand."""
        own = symbol.qualname.partition(".")[0]
        foreign = [base for base in symbol.bases if base.partition(".")[0] != own]
        known = all(base in _BUILTIN_BASES or self.resolve(base) is not None for base in foreign)
        if symbol.kind != "class" or not foreign or not known:
            return False
        return not any(self.resolve(f"{symbol.qualname}.{name}") for name in ("__getattr__", "__getattribute__"))

    def home_of(self, name: str, near: frozenset[str] = frozenset()) -> str:
        """Where a name that nothing binds would be imported from, as `module.name`; '' unless only one thing has the
        name. Of several, the one wins that a module in `near` has, else the one that stands nearest to the top."""
        paths = [path for surfaces in self.by_top.values() for s in surfaces for path in s.modules_with(name)]
        homes: dict[str, str] = {}
        for path in sorted(set(paths), key=lambda path: (path.rpartition(".")[0] not in near, path.count("."), path)):
            symbol = self.resolve(path)
            own = symbol is not None and symbol.qualname.partition(".")[0] == path.partition(".")[0]
            if own and not (symbol.target and symbol.target.partition(".")[0] != path.partition(".")[0]):
                homes.setdefault(symbol.qualname, path)
        found = list(homes.values())
        if len(found) < 2:
            return found[0] if found else ""
        first, second = ((path.rpartition(".")[0] not in near, path.count(".")) for path in found[:2])
        return found[0] if first < second else ""

    def exists(self, owner: str, name: str) -> bool | None:
        """Whether `owner.name` exists; None where that cannot be told."""
        if self.resolve(f"{owner}.{name}") is not None:
            return True
        symbol = self.resolve(owner)
        if name in (_MODULE if symbol is not None and symbol.kind == "module" else _CLASS):
            return True
        if symbol is not None and name in self._builtin_members(symbol):
            return True
        if name in _ENUM and symbol is not None and symbol.kind == "class" and self.extra("element", symbol):
            return True
        if symbol is None:
            # A module that does not exist in a package that is known to be closed: neither does what is in it.
            parent, _, last = owner.rpartition(".")
            return False if parent and self.knows(parent) and self.exists(parent, last) is False else None
        return None if self.is_open(owner) else False

    def in_a_subclass(self, class_name: str, name: str) -> bool:
        """Whether some subclass at hand has the name: a value that is said to be of a class may be of that one."""
        key = (class_name, name)
        if key not in self._subclass_names:
            self._subclass_names[key] = any(
                qualname.endswith("." + name) and self.derives(qualname.rpartition(".")[0], class_name)
                for surfaces in self.by_top.values()
                for surface in surfaces
                for qualname in surface.symbols
            )
        return self._subclass_names[key]

    def derives(self, qualname: str, base: str, depth: int = 0) -> bool:
        """Whether a class is another one or derives from it."""
        symbol = self.resolve(qualname)
        wanted = self.resolve(base)
        if symbol is None or wanted is None or symbol.kind != "class" or depth > 12:
            return False
        return symbol.qualname == wanted.qualname or any(self.derives(b, base, depth + 1) for b in symbol.bases)

    def extra(self, what: str, symbol: Symbol) -> str:
        surface = self.surface_of(symbol.qualname)
        return surface.extra.get(f"{what}:{symbol.qualname}", "") if surface is not None else ""

    def value_at(self, qualname: str, *, bound: bool = False) -> Value | None:
        """What the name stands for: itself for a module, class or function, else an instance of its type."""
        symbol = self.resolve(qualname)
        if symbol is None:
            return None
        if symbol.kind in ("module", "class", "function", "method"):
            return Value("name", qualname, bound=bound)
        return self.result_of(symbol)

    def result_of(self, symbol: Symbol) -> Value | None:
        """The value of an attribute, or what a call of a function gives."""
        if symbol.instance_of:
            return Value("instance", symbol.instance_of)
        element = self.extra("element", symbol)
        if element and symbol.kind != "class":
            return Value("sequence", element=Value("instance", element))
        class_of = self.extra("class", symbol)
        return Value("name", class_of) if class_of else None

    def class_of(self, value: Value | None) -> Symbol | None:
        """The library class that an instance has, or that a name is."""
        if value is None or value.kind not in ("name", "instance"):
            return None
        symbol = self.resolve(value.name)
        return symbol if symbol is not None and symbol.kind == "class" else None

    def member(self, value: Value, name: str) -> Value | None:
        """`value.name` for a library's module, class or instance."""
        if value.kind == "name":
            symbol = self.resolve(f"{value.name}.{name}")
            bound = symbol is not None and any(d.endswith("classmethod") for d in symbol.decorators)
            return self.value_at(f"{value.name}.{name}", bound=bound)
        if value.kind == "instance" and self.class_of(value) is not None:
            return self.value_at(f"{value.name}.{name}", bound=True)
        return None

    def special(self, value: Value, *names: str) -> Value | None:
        """The result of the first special method of an instance that its class has: (`__enter__`, ...)."""
        for name in names:
            symbol = self.resolve(f"{value.name}.{name}")
            if symbol is not None:
                if self.extra("self_type", symbol):
                    return value
                return self.result_of(symbol)
        return None
