"""Classes that the source defines: their members, and what they get from the library's classes they derive from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seal_lsp.languages.python import results
from seal_lsp.languages.python.bindings import Binding, Scope, is_none
from seal_lsp.languages.python.values import Value

if TYPE_CHECKING:
    from seal_lsp.languages.python.resolution import Resolver

_DEPTH = 16


def member(resolver: Resolver, value: Value, name: str, depth: int = 0) -> Value | None:
    """The value of a member of a class, an instance, or `super()`."""
    class_ = value.scope
    if value.kind != "super" and (name in class_.bindings or name in class_.attributes):
        return _own(resolver, class_, name)
    for base in bases(resolver, class_) if depth < _DEPTH else ():
        if base is None:
            continue
        as_instance = value.kind != "local_class"
        if base.kind == "local_class":
            inner = Value("local_instance" if as_instance else "local_class", scope=base.scope)
            found = member(resolver, inner, name, depth + 1)
        else:
            found = resolver.world.member(Value("instance", base.name) if as_instance else base, name)
        if found is not None:
            return found
    return None


def _own(resolver: Resolver, class_: Scope, name: str) -> Value | None:
    """What the class body says, else what all assignments to `self.name` agree on; an annotation decides."""
    for binding in reversed(class_.bindings.get(name, ())):
        if binding.kind == "function" and any(d.endswith("property") for d in binding.defined.decorators):
            return results.returned(resolver, binding.defined)
        if not is_none(binding):
            return resolver.bound(binding)
    assigned = [binding for binding in class_.attributes.get(name, ()) if not is_none(binding)]
    for binding in assigned:
        if binding.kind == "type":
            return resolver.bound(binding)
    return results.agreed(resolver.bound(binding) for binding in assigned)


def defines(resolver: Resolver, class_: Scope, name: str) -> bool:
    """Whether the class, or one of the source's own that it derives from, has the name itself."""
    return name in definitions(resolver, class_)


def definitions(resolver: Resolver, class_: Scope, *, on_self: bool = True, depth: int = 0) -> dict[str, Binding]:
    """What the class, or one of the source's own that it derives from, binds to each name, the nearest class and its
    body first; `on_self` is about what methods set."""
    found: dict[str, Binding] = {}
    for bound in (class_.bindings, class_.attributes if on_self else {}):
        found |= {name: bindings[-1] for name, bindings in bound.items() if bindings and name not in found}
    for base in bases(resolver, class_) if depth < _DEPTH else ():
        if base is not None and base.kind == "local_class":
            found = definitions(resolver, base.scope, on_self=on_self, depth=depth + 1) | found
    return found


def bases(resolver: Resolver, class_: Scope) -> list[Value | None]:
    """The values of its base classes in order; None for those that are not known."""
    arguments = class_.node.child_by_field_name("superclasses")
    nodes = arguments.named_children if arguments is not None else ()
    return [resolver.infer(n, class_.parent) for n in nodes if n.type not in ("keyword_argument", "comment")]


def library_bases(resolver: Resolver, class_: Scope, depth: int = 0) -> tuple[list[str], bool]:
    """The library classes that a class of the source derives from, and whether these are all it derives from."""
    found: list[str] = []
    complete = True
    for base in bases(resolver, class_):
        if base is not None and base.kind == "local_class" and depth < _DEPTH:
            inner, all_known = library_bases(resolver, base.scope, depth + 1)
            found += inner
            complete = complete and all_known
        elif base is not None and resolver.world.class_of(base) is not None:
            found.append(base.name)
        else:
            complete = False
    return found, complete
