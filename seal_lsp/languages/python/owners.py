"""Whose a name is: the module or class that a member belongs to, the callable that a keyword is given to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from seal_lsp.core.api import Symbol
from seal_lsp.languages.python.bindings import Binding, Scope
from seal_lsp.languages.python.grammar import HOLE
from seal_lsp.languages.python.local_classes import bases as local_bases
from seal_lsp.languages.python.local_classes import defines, definitions, library_bases
from seal_lsp.languages.python.resolution import Resolver
from seal_lsp.languages.python.values import Value

_SIGNATURE_KEPT = {
    "staticmethod", "classmethod", "abstractmethod", "overload", "override", "final", "deprecated", "cache",
    "lru_cache", "contextmanager", "asynccontextmanager", "no_type_check", "wraps", "singledispatch",
    "singledispatchmethod", "coroutine", "runtime_checkable", "beartype", "validate_call",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Callee:
    """A library callable: `qualname` as reached; `unbound` when its first positional argument is the instance."""

    qualname: str
    symbol: Symbol
    unbound: bool = False


class OwnMember(NamedTuple):
    """A name that a class of the source defines; `kind` is method, class, property or attribute."""

    name: str
    kind: str


def owner_of(resolver: Resolver, value: Value, name: str) -> tuple[str, bool | None]:
    """(qualname of the module or class that `value.name` is a member of, whether it exists); '' if no library's."""
    if value.kind in ("local_class", "local_instance", "super"):
        return _base_of(resolver, value, name)
    if value.kind not in ("name", "instance") or not resolver.world.knows(value.name):
        return "", None
    symbol = resolver.world.resolve(value.name)
    if symbol is None or symbol.kind not in ("module", "class"):
        return "", None
    exists = resolver.world.exists(value.name, name)
    if exists is False and name in resolver.scopes.stored:
        return value.name, None  # the source sets such an attribute itself, here or on something else
    said_only = exists is False and value.kind == "instance" and not value.exact
    return value.name, None if said_only and resolver.world.in_a_subclass(value.name, name) else exists


def listing_owner(resolver: Resolver, value: Value | None) -> str:
    """Whose members may follow a dot after a value: a library's module or class; '' when none is known."""
    if value is None:
        return ""
    if value.kind in ("local_class", "local_instance", "super"):
        bases, _ = library_bases(resolver, value.scope)
        return bases[0] if bases else ""
    symbol = resolver.world.resolve(value.name) if value.kind in ("name", "instance") else None
    return value.name if symbol is not None and symbol.kind in ("module", "class") else ""


def own_members(resolver: Resolver, value: Value | None) -> tuple[OwnMember, ...]:
    """What the source's own class of a value defines, by name; what methods set on self only for instances. None for a
    library's."""
    if value is None or value.kind not in ("local_class", "local_instance"):
        return ()
    found = definitions(resolver, value.scope, on_self=value.kind == "local_instance")
    names = sorted(name for name in found if "." not in name and name != HOLE)
    return tuple(OwnMember(name, _kind_of(found[name])) for name in names)


def _kind_of(binding: Binding) -> str:
    if binding.kind == "function" and binding.defined is not None:
        return "property" if any(d.endswith("property") for d in binding.defined.decorators) else "method"
    return "class" if binding.kind == "class" else "attribute"


def _base_of(resolver: Resolver, value: Value, name: str) -> tuple[str, bool | None]:
    """The library's base class that a subclass in the source gets the name from."""
    bases, complete = library_bases(resolver, value.scope)
    own = [value.scope] if value.kind != "super" else [
        base.scope for base in local_bases(resolver, value.scope) if base is not None and base.kind == "local_class"
    ]  # fmt: skip
    if any(defines(resolver, class_, name) for class_ in own):
        return "", None
    for base in bases:
        if resolver.world.exists(base, name):
            return base, True
    if not bases:
        return "", None
    absent = all(resolver.world.exists(base, name) is False for base in bases)
    return bases[0], False if absent and complete and name not in resolver.scopes.stored else None


def callee_of(resolver: Resolver, value: Value | None) -> Callee | None:
    """The library callable that calling a value runs."""
    if value is None:
        return None
    if value.kind == "local_class":
        return _inherited_constructor(resolver, value.scope)
    if value.kind == "instance":
        symbol = resolver.world.resolve(f"{value.name}.__call__")
        return Callee(f"{value.name}.__call__", symbol) if symbol is not None else None
    if value.kind == "local_instance":
        found = resolver.member(value, "__call__")
        return callee_of(resolver, found) if found is not None and found.kind == "name" else None
    symbol = resolver.world.resolve(value.name) if value.kind == "name" else None
    if symbol is None or symbol.kind not in ("class", "function", "method"):
        return None
    decorated = any(d.endswith(("staticmethod", "classmethod")) for d in symbol.decorators)
    return Callee(value.name, symbol, symbol.kind == "method" and not value.bound and not decorated)


def _inherited_constructor(resolver: Resolver, class_: Scope, depth: int = 0) -> Callee | None:
    if {"__init__", "__new__"} & set(class_.bindings) or class_.decorators or depth > 16:
        return None
    for base in local_bases(resolver, class_):
        if base is None:
            return None
        found = _inherited_constructor(resolver, base.scope, depth + 1) if base.kind == "local_class" else None
        if found is not None or base.kind == "local_class":
            return found
        # Fields that the subclass adds to a dataclass or a model are its own keywords.
        symbol = resolver.world.class_of(base)
        return Callee(base.name, symbol) if symbol is not None and not _has_fields(class_) else None
    return None


def takes(callee: Callee, keyword: str) -> bool | None:
    parameters = callee.symbol.parameters
    if parameters is None:
        return None
    if not keeps_signature(callee.symbol):
        return True if any(p.name == keyword for p in parameters) else None
    if any(p.name == keyword and p.kind in ("positional_or_keyword", "keyword_only") for p in parameters):
        return True
    return None if any(p.kind == "var_keyword" for p in parameters) else False


def keeps_signature(symbol: Symbol) -> bool:
    """Whether a function is called as it is written: a decorator that is not known may change that."""
    if symbol.kind == "class":
        return True
    return all(d.rpartition(".")[2] in _SIGNATURE_KEPT for d in symbol.decorators)


def _has_fields(class_: Scope) -> bool:
    return any(b.type_node is not None for bindings in class_.bindings.values() for b in bindings)
