"""Scopes of a source and what binds names in them. Syntax only: resolution.py says what a binding's value is."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache

from tree_sitter import Node

from seal_lsp.languages.python import conditions
from seal_lsp.languages.python.bindings import FOREVER, Binding, Scope, text
from seal_lsp.languages.python.grammar import Parsed
from seal_lsp.languages.python.imports import statement_imports

_KEPT = 3  # one source is read in up to three ways (receiver.py), and several questions about it follow each other


class Scopes:
    """All scopes of a source with their bindings in source order. Never changed once made."""

    def __init__(self, parsed: Parsed) -> None:
        self.parsed = parsed
        self.module = Scope("module", 0, FOREVER, None, parsed.root)
        self.all = [self.module]
        self._starts = [0]
        self._by_node: dict[int, Scope] = {}
        self.stored: set[str] = set()  # names of attributes that the source assigns, on whatever
        for kind, node in parsed.captures("scopes"):
            self._open(kind, node)
        for kind, node in parsed.captures("bindings"):
            scope = self.at(node.start_byte)
            if kind in conditions.READERS:
                for key, binding in conditions.READERS[kind](node, scope):
                    binding.narrows = kind != "case"
                    self._add(scope, key, binding)
            else:
                getattr(self, f"_{kind}")(node, scope)
        for scope in self.all:
            for bindings in (*scope.bindings.values(), *scope.attributes.values()):
                bindings.sort(key=lambda binding: binding.at)

    def at(self, byte: int) -> Scope:
        """The innermost scope around a byte."""
        scope: Scope | None = self.all[bisect_right(self._starts, byte) - 1]
        while scope is not None and byte >= scope.end:
            scope = scope.parent
        return scope or self.module

    def _open(self, kind: str, node: Node) -> None:
        start, end = node.start_byte, node.end_byte
        if kind in ("function", "class"):
            first = node.child_by_field_name("parameters" if kind == "function" else "body")
            body = node.child_by_field_name("body")
            start, end = (first or node).start_byte, (body or node).end_byte
        name = node.child_by_field_name("name")
        scope = Scope(kind, start, end, self.at(start), node, text(name) if name is not None else "")
        scope.decorators = tuple(_decorators(node)) if kind in ("function", "class") else ()
        index = bisect_right(self._starts, start)
        self._starts.insert(index, start)
        self.all.insert(index, scope)
        self._by_node[node.id] = scope

    def _add(self, scope: Scope, key: str, binding: Binding) -> None:
        while key in scope.outer_names and scope.parent is not None:
            scope = scope.parent
        scope.bindings.setdefault(key, []).append(binding)

    def _bind(self, target: Node, scope: Scope, make: Binding) -> None:
        """Bind a target, whatever its shape; each name of an unpacking gets its index."""
        kind = target.type
        if kind in ("as_pattern_target", "parenthesized_expression", "list_splat_pattern", "pattern"):
            for child in target.named_children:
                self._bind(child, scope, _copy(make, kind="unknown") if kind == "list_splat_pattern" else make)
        elif kind in ("pattern_list", "tuple_pattern", "list_pattern", "tuple", "list", "expression_list"):
            children = target.named_children
            for i, child in enumerate(children):
                self._bind(child, scope, _copy(make, index=i, count=len(children)) if make.index < 0
                           else _copy(make, kind="unknown"))  # fmt: skip
        elif kind == "identifier":
            self._add(scope, text(target), make)
        elif kind == "attribute":
            self._add(scope, text(target), make)
            owner, name = target.child_by_field_name("object"), target.child_by_field_name("attribute")
            self.stored.add(text(name) if name is not None else "")
            method = _method(scope)
            if method is not None and owner is not None and name is not None and text(owner) == method.self_name:
                method.parent.attributes.setdefault(text(name), []).append(make)

    def _import(self, node: Node, scope: Scope) -> None:
        for use in statement_imports(self.parsed, node):
            if use.name == "*":
                scope.stars.append(use.module)
            else:
                self._add(scope, use.bound, Binding("import", node.end_byte, scope, node, imported=use))

    _from = _import

    def _assign(self, node: Node, scope: Scope) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        while right is not None and right.type == "assignment":  # x = y = value
            right = right.child_by_field_name("right")
        type_node = node.child_by_field_name("type")
        kind = "type" if type_node is not None else "value"
        if left is not None and (right is not None or type_node is not None):
            self._bind(left, scope, Binding(kind, node.end_byte, scope, right, type_node=type_node))

    def _augmented(self, node: Node, scope: Scope) -> None:
        """`x += y` keeps x's type as far as we know; nothing new is bound."""

    def _walrus(self, node: Node, scope: Scope) -> None:
        while scope.kind == "comprehension" and scope.parent is not None:
            scope = scope.parent
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name is not None:
            self._bind(name, scope, Binding("value", node.end_byte, scope, value))

    def _for(self, node: Node, scope: Scope) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is not None and right is not None:
            at = scope.start if node.type == "for_in_clause" else right.end_byte
            self._bind(left, scope, Binding("element", at, scope, right))

    def _with(self, node: Node, scope: Scope) -> None:
        pattern = node.child_by_field_name("value")
        if pattern is not None and pattern.type == "as_pattern":
            target = pattern.child_by_field_name("alias")
            if target is not None:
                self._bind(target, scope, Binding("enter", pattern.end_byte, scope, pattern.named_children[0]))

    def _except(self, node: Node, scope: Scope) -> None:
        for pattern in node.children:
            target = pattern.child_by_field_name("alias") if pattern.type == "as_pattern" else None
            if target is not None:
                self._bind(target, scope, Binding("instance", pattern.end_byte, scope, pattern.named_children[0]))

    def _function(self, node: Node, scope: Scope) -> None:
        own = self._by_node[node.id]
        name = node.child_by_field_name("name")
        # The name belongs to the scope around the whole definition.
        if name is not None:
            self._add(scope, text(name), Binding("function", node.end_byte, scope, node, defined=own))
        self._parameters(node, own)

    def _lambda(self, node: Node, scope: Scope) -> None:
        self._parameters(node, self._by_node[node.id])

    def _parameters(self, node: Node, own: Scope) -> None:
        parameters = node.child_by_field_name("parameters")
        in_class = own.kind == "function" and own.parent is not None and own.parent.kind == "class"
        first = True
        for parameter in parameters.named_children if parameters is not None else ():
            name = parameter.child_by_field_name("name") or parameter
            if name.type == "typed_parameter":
                name = name.named_children[0] if name.named_children else name
            starred = name.type in ("list_splat_pattern", "dictionary_splat_pattern")
            if name.type != "identifier":
                first = first and name.type == "comment"
                if starred and name.named_children:
                    self._add(own, text(name.named_children[0]), Binding("unknown", own.start, own))
                continue
            kind = "parameter"
            if first and in_class and "staticmethod" not in own.decorators:
                own.self_name = text(name)
                kind = "self"
            first = False
            default = parameter.child_by_field_name("value")
            type_node = parameter.child_by_field_name("type")
            self._add(own, text(name), Binding(kind, own.start, own, default, type_node=type_node, defined=own))

    def _class(self, node: Node, scope: Scope) -> None:
        name = node.child_by_field_name("name")
        if name is not None:
            at = (node.child_by_field_name("body") or node).start_byte
            self._add(scope, text(name), Binding("class", at, scope, node, defined=self._by_node[node.id]))

    def _global(self, node: Node, scope: Scope) -> None:
        for name in node.named_children:
            scope.outer_names.add(text(name))

    def _delete(self, node: Node, scope: Scope) -> None:
        for target in node.named_children:
            self._bind(target, scope, Binding("unknown", node.end_byte, scope))

    def _type_alias(self, node: Node, scope: Scope) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is not None and right is not None and right.named_children:
            self._add(scope, text(left), Binding("value", node.end_byte, scope, right.named_children[0]))


@lru_cache(_KEPT)
def scopes_of(parsed: Parsed) -> Scopes:
    """Made once for every tree."""
    return Scopes(parsed)


def _copy(binding: Binding, *, kind: str | None = None, index: int | None = None, count: int = 0) -> Binding:
    return Binding(
        kind or binding.kind,
        binding.at,
        binding.scope,
        binding.node,
        binding.until,
        binding.index if index is None else index,
        count or binding.count,
        type_node=binding.type_node,
    )


def _method(scope: Scope | None) -> Scope | None:
    """The method around a scope, its nested functions included."""
    while scope is not None:
        if scope.self_name and scope.parent is not None and scope.parent.kind == "class":
            return scope
        scope = scope.parent
    return None


def _decorators(node: Node) -> Iterator[str]:
    if node.parent is None or node.parent.type != "decorated_definition":
        return
    for child in node.parent.children:
        if child.type == "decorator" and child.named_children:
            expression = child.named_children[0]
            if expression.type == "call":
                expression = expression.child_by_field_name("function") or expression
            yield text(expression)
