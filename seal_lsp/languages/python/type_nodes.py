"""What an annotation in the user's own source says about a value. A union of several classes says nothing certain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tree_sitter import Node

from seal_lsp.languages.python.bindings import Scope, text
from seal_lsp.languages.python.grammar import Parsed
from seal_lsp.languages.python.values import Value

if TYPE_CHECKING:
    from seal_lsp.languages.python.resolution import Resolver

_FIRST = {"Optional", "Annotated", "ClassVar", "Final", "Required", "NotRequired"}
_ELEMENTS = {"list", "List", "set", "Set", "frozenset", "FrozenSet", "tuple", "Tuple", "Sequence", "MutableSequence",
             "Iterable", "Iterator", "AsyncIterable", "AsyncIterator", "Generator", "AsyncGenerator", "Collection",
             "deque"}  # fmt: skip
_AWAITED = {"Awaitable": 0, "Coroutine": -1, "Task": 0, "Future": 0}


def value_of(resolver: Resolver, node: Node | None, scope: Scope) -> Value | None:
    """The value of something annotated with `node`; names are looked up where the annotation stands."""
    if node is None:
        return None
    return _value(resolver, node, scope, node.start_byte, 0)


def _value(resolver: Resolver, node: Node, scope: Scope, at: int, depth: int) -> Value | None:
    if depth > 12:
        return None
    kind = node.type
    if kind in ("type", "parenthesized_expression", "type_parameter") and node.named_children:
        return _value(resolver, node.named_children[0], scope, at, depth + 1)
    if kind == "string":
        return _quoted(resolver, node, scope, at, depth)
    if kind in ("binary_operator", "union_type"):
        return _union(resolver, _operands(node), scope, at, depth)
    if kind in ("generic_type", "subscript"):
        return _generic(resolver, node, scope, at, depth)
    if kind in ("identifier", "attribute", "dotted_name", "member_type"):
        return resolver.instance(_named(resolver, node, scope, at))
    return None


def _named(resolver: Resolver, node: Node, scope: Scope, at: int) -> Value | None:
    parts = [part.strip() for part in text(node).split(".")]
    if parts[-1] == "Self":
        class_ = scope
        while class_ is not None and class_.kind != "class":
            class_ = class_.parent
        return Value("local_class", scope=class_) if class_ is not None else None
    value = resolver.name(parts[0], at, scope)
    for part in parts[1:]:
        value = resolver.member(value, part)
    return value


def _quoted(resolver: Resolver, node: Node, scope: Scope, at: int, depth: int) -> Value | None:
    content = "".join(text(child) for child in node.children if child.type == "string_content")
    expression = Parsed(content).root
    if expression.has_error or len(expression.named_children) != 1:
        return None
    statement = expression.named_children[0]
    return _value(resolver, statement.named_children[0], scope, at, depth + 1) if statement.named_children else None


def _operands(node: Node) -> list[Node]:
    if node.type not in ("binary_operator", "union_type"):
        return [node]
    return [part for child in node.named_children for part in _operands(child)]


def _union(resolver: Resolver, parts: list[Node], scope: Scope, at: int, depth: int) -> Value | None:
    real = [part for part in parts if part.type != "none" and text(part) != "None"]
    return _value(resolver, real[0], scope, at, depth + 1) if len(real) == 1 else None


def _generic(resolver: Resolver, node: Node, scope: Scope, at: int, depth: int) -> Value | None:
    subject = node.child_by_field_name("value") or node.named_children[0]
    name = text(subject).rpartition(".")[2]
    arguments = _arguments(node, subject)
    if not arguments:
        return None
    if name == "Union":
        return _union(resolver, arguments, scope, at, depth)
    if name in _FIRST:
        return _value(resolver, arguments[0], scope, at, depth + 1)
    if name in _AWAITED:
        return _value(resolver, arguments[_AWAITED[name]], scope, at, depth + 1)
    if name in ("type", "Type"):
        inner = _value(resolver, arguments[0], scope, at, depth + 1)
        if inner is None or inner.kind not in ("instance", "local_instance"):
            return None
        return Value("name", inner.name) if inner.kind == "instance" else Value("local_class", scope=inner.scope)
    if name in _ELEMENTS:
        distinct = {text(argument) for argument in arguments} - {"..."}
        if name in ("tuple", "Tuple") and len(distinct) != 1:
            return None
        element = _value(resolver, arguments[0], scope, at, depth + 1)
        return Value("sequence", element=element) if element is not None else None
    return resolver.instance(_named(resolver, subject, scope, at))


def _arguments(node: Node, subject: Node) -> list[Node]:
    found: list[Node] = []
    for child in node.named_children:
        if child == subject:
            continue
        children = child.named_children if child.type in ("type_parameter", "tuple") else [child]
        found += [inner for inner in children if inner.type != "comment"]
    return found
