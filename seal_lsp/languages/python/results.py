"""What calls, loops and `with` give, for the library's callables and for those that the source defines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from tree_sitter import Node

from seal_lsp.core.api import Symbol
from seal_lsp.languages.python import type_nodes
from seal_lsp.languages.python.bindings import Binding, Scope, text
from seal_lsp.languages.python.unbound import PYTHONS_OWN
from seal_lsp.languages.python.values import Value

if TYPE_CHECKING:
    from seal_lsp.languages.python.resolution import Resolver

_TRANSPARENT = {"list", "tuple", "sorted", "reversed", "set", "iter", "aiter", "frozenset"}


def of_call(resolver: Resolver, node: Node, scope: Scope) -> Value | None:
    function = node.child_by_field_name("function")
    if function is None:
        return None
    arguments = node.child_by_field_name("arguments")
    given = [n for n in arguments.named_children if n.type != "comment"] if arguments is not None else []
    builtin = function.type == "identifier" and text(function) in PYTHONS_OWN
    if builtin and resolver.lookup(text(function), node.start_byte, scope) == (None, ""):
        return _builtin(resolver, text(function), given, scope)
    return _called(resolver, resolver.infer(function, scope), given, scope, function)


def _builtin(resolver: Resolver, name: str, given: list[Node], scope: Scope) -> Value | None:
    if name == "super":
        around: Scope | None = scope
        while around is not None and around.kind != "class":
            around = around.parent
        return Value("super", scope=around) if around is not None else None
    first = resolver.infer(given[0], scope) if given and given[0].type != "keyword_argument" else None
    if name in _TRANSPARENT:
        element_value = iterated(resolver, first)
        return Value("sequence", element=element_value) if element_value is not None else None
    if name in ("next", "anext", "min", "max"):
        return iterated(resolver, first)
    if name == "type" and len(given) == 1 and first is not None:
        return Value("name", first.name) if first.kind == "instance" else None
    return None


def _called(resolver: Resolver, value: Value | None, given: list[Node], scope: Scope, function: Node) -> Value | None:
    world = resolver.world
    if value is None:
        return None
    if value.kind == "local_class":
        return Value("local_instance", scope=value.scope)
    if value.kind == "local_function":
        return returned(resolver, value.scope)
    if value.kind == "instance":
        return world.special(value, "__call__")
    symbol = world.resolve(value.name) if value.kind == "name" else None
    if symbol is None:
        return None
    if symbol.kind == "class":
        return Value("instance", value.name, exact=True)
    if symbol.kind not in ("function", "method"):
        return None
    chosen = _class_argument(resolver, symbol, given, scope)
    if chosen is not None:
        return chosen
    if world.extra("self_type", symbol):
        receiver = resolver.infer(function.child_by_field_name("object"), scope)
        return resolver.instance(receiver) or world.result_of(symbol)
    return world.result_of(symbol)


def _class_argument(resolver: Resolver, symbol: Symbol, given: list[Node], scope: Scope) -> Value | None:
    """`query_one(Button)`: the class given for a `type[T]` parameter is the class of the result."""
    names = resolver.world.extra("same_class", symbol)
    if not names:
        return None
    positions = [p.name for p in symbol.parameters or ()]
    for i, node in enumerate(given):
        name, value_node = positions[i] if i < len(positions) else "", node
        if node.type == "keyword_argument":
            name, value_node = text(node.child_by_field_name("name")), node.child_by_field_name("value")
        if name not in names.split(","):
            continue
        value = resolver.infer(value_node, scope)
        if value is not None and (value.kind == "local_class" or resolver.world.class_of(value) is not None):
            return resolver.instance(value)
    return None


def returned(resolver: Resolver, function: Scope) -> Value | None:
    """What a function of the source returns: its annotation, else what all its `return` and `yield` agree on."""
    return resolver.once(id(function), lambda: _returned(resolver, function))


def _returned(resolver: Resolver, function: Scope) -> Value | None:
    manager = any(d.endswith("contextmanager") for d in function.decorators)
    if function.return_type is not None:
        said = type_nodes.value_of(resolver, function.return_type, function)
        return said.element if manager and said is not None and said.kind == "sequence" else said
    statements = _results(function.node.child_by_field_name("body"))
    values = [n.named_children[0] for n in statements if n.named_children and n.named_children[0].type != "none"]
    value = agreed(resolver.infer(node) for node in values)
    if value is None or manager or not any(node.type == "yield" for node in statements):
        return value
    return Value("sequence", element=value)


def agreed(values: Iterable[Value | None]) -> Value | None:
    """The one value that all are; None when one is unknown or two differ."""
    found: Value | None = None
    for value in values:
        if value is None:
            return None
        if found is not None and replace(value, exact=False) != replace(found, exact=False):
            return None
        found = value if found is None or found.exact else found
    return found


def fixture(resolver: Resolver, binding: Binding) -> Value | None:
    """A test's parameter is what the fixture of its name in this file returns."""
    function = binding.defined
    if function is None or function.kind != "function":
        return None
    name = next((key for key, found in function.bindings.items() if binding in found), "")
    outer = function.parent
    while outer is not None:
        for candidate in outer.bindings.get(name, ()):
            defined = candidate.defined
            if candidate.kind == "function" and any(d.endswith("fixture") for d in defined.decorators):
                result = returned(resolver, defined)
                return result.element if result is not None and result.kind == "sequence" else result
        outer = outer.parent
    return None


def element(resolver: Resolver, node: Node | None, scope: Scope) -> Value | None:
    """What a loop over an expression gives; of `enumerate(x)` the second half."""
    if node is not None and node.type == "call":
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        enumerated = arguments.named_children if arguments is not None else []
        if function is not None and text(function) == "enumerate" and enumerated:
            return iterated(resolver, resolver.infer(enumerated[0], scope))
    return iterated(resolver, resolver.infer(node, scope))


def iterated(resolver: Resolver, value: Value | None) -> Value | None:
    """One element of what a loop runs over."""
    world = resolver.world
    if value is None:
        return None
    if value.kind == "sequence":
        return value.element
    symbol = world.class_of(value)
    if symbol is None:
        return None
    if value.kind == "name":  # a class is iterated when it is an enum
        return Value("instance", value.name) if world.extra("element", symbol) else None
    result = world.special(value, "__iter__", "__aiter__")
    if result is None:
        return None
    if result.kind == "instance":
        return world.special(result, "__next__", "__anext__")
    return result.element


def entered(resolver: Resolver, value: Value | None) -> Value | None:
    """What `with value as x` binds; most managers return themselves."""
    if value is None or value.kind not in ("instance", "local_instance"):
        return None
    if value.kind == "instance":
        return resolver.world.special(value, "__aenter__", "__enter__") or value
    for name in ("__aenter__", "__enter__"):
        for binding in value.scope.bindings.get(name, ()):
            return returned(resolver, binding.defined) if binding.kind == "function" else None
    return value


def _results(body: Node | None) -> list[Node]:
    """The return and yield statements of a function, those of inner functions left out."""
    found: list[Node] = []
    stack = [body] if body is not None else []
    while stack:
        node = stack.pop()
        if node.type in ("function_definition", "class_definition", "lambda"):
            continue
        if node.type in ("return_statement", "yield"):
            found.append(node)
        stack.extend(node.named_children)
    return found
