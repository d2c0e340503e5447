"""Scopes of a source and what binds names in them. Syntax only: resolution.py says what a binding's value is.

A binding holds from a place on (`at`), sometimes only up to another (`until`: the body under an `isinstance`). The key
is a name, or the text of an attribute chain (`self.store`) that was assigned or narrowed.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from tree_sitter import Node

from seal_lsp.core.code import ImportUse
from seal_lsp.languages.python.grammar import Parsed
from seal_lsp.languages.python.imports import statement_imports

FOREVER = sys.maxsize


@dataclass(eq=False, slots=True)
class Binding:
    """`kind` says how to read `node`: value (an expression), type (an annotation), element (of an iterable), enter
    (of a context manager), instance (of the class that the expression names), function, class, import, parameter,
    unknown. `index`/`count` pick one target of an unpacking."""

    kind: str
    at: int
    scope: Scope
    node: Node | None = None
    until: int = FOREVER
    index: int = -1
    count: int = 0
    imported: ImportUse | None = None
    defined: Scope | None = None
    type_node: Node | None = None


@dataclass(eq=False, slots=True)
class Scope:
    """`kind`: module, function, class, lambda, comprehension. `attributes` of a class: what methods set on self."""

    kind: str
    start: int
    end: int
    parent: Scope | None
    node: Node
    name: str = ""
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    attributes: dict[str, list[Binding]] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    outer_names: set[str] = field(default_factory=set)
    decorators: tuple[str, ...] = ()
    self_name: str = ""

    @property
    def return_type(self) -> Node | None:
        return self.node.child_by_field_name("return_type") if self.kind == "function" else None


def text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


class Scopes:
    """All scopes of a source with their bindings in source order."""

    def __init__(self, parsed: Parsed) -> None:
        self.parsed = parsed
        self.module = Scope("module", 0, FOREVER, None, parsed.root)
        self.all = [self.module]
        self._starts = [0]
        self._by_node: dict[int, Scope] = {}
        for kind, node in parsed.captures("scopes"):
            self._open(kind, node)
        for kind, node in parsed.captures("bindings"):
            getattr(self, f"_{kind}")(node, self.at(node.start_byte))
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
            # What is typed at the end of a block belongs to it, though the grammar ends the block earlier.
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

    def _case(self, node: Node, scope: Scope) -> None:
        body = node.child_by_field_name("consequence")
        until = body.end_byte if body is not None else node.end_byte
        subject = node.parent.parent if node.parent is not None else None
        subject = subject.child_by_field_name("subject") if subject is not None else None
        for pattern in (child for child in node.children if child.type == "case_pattern"):
            inner = pattern.named_children[0] if pattern.named_children else pattern
            alias = None
            if inner.type == "as_pattern":
                alias = inner.named_children[-1]
                inner = inner.named_children[0]
                inner = inner.named_children[0] if inner.type == "case_pattern" and inner.named_children else inner
            class_name = inner.named_children[0] if inner.type == "class_pattern" else None
            for name in _captured(inner):
                self._add(scope, text(name), Binding("unknown", node.start_byte, scope, until=FOREVER))
            narrowed = subject if subject is not None and subject.type in ("identifier", "attribute") else None
            for key in (alias, narrowed):
                if key is not None and (class_name is not None or key is alias):
                    kind = "instance" if class_name is not None else "unknown"
                    self._add(scope, text(key), Binding(kind, pattern.end_byte, scope, class_name, until))

    def _if(self, node: Node, scope: Scope) -> None:
        body = node.child_by_field_name("consequence") or node.child_by_field_name("body")
        condition = node.child_by_field_name("condition")
        if body is None or condition is None:
            return
        self._narrow(condition, scope, body.start_byte, body.end_byte)
        if condition.type == "not_operator" and node.parent is not None and _leaves(body):
            self._narrow(condition.named_children[0], scope, node.end_byte, node.parent.end_byte)

    def _and(self, node: Node, scope: Scope) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        operator = node.child_by_field_name("operator")
        if left is None or right is None or operator is None:
            return
        if operator.type == "and":
            self._narrow(left, scope, right.start_byte, right.end_byte)
        elif left.type == "not_operator" and left.named_children:
            self._narrow(left.named_children[0], scope, right.start_byte, right.end_byte)

    def _conditional(self, node: Node, scope: Scope) -> None:
        if len(node.named_children) == 3:
            value, condition, _ = node.named_children
            self._narrow(condition, scope, value.start_byte, value.end_byte)

    def _filter(self, node: Node, scope: Scope) -> None:
        """`[x for y in z if condition]`: the condition holds for x."""
        if node.named_children:
            self._narrow(node.named_children[0], scope, scope.start, scope.end)

    def _assert(self, node: Node, scope: Scope) -> None:
        self._narrow(node.named_children[0] if node.named_children else None, scope, node.end_byte, FOREVER)

    def _narrow(self, condition: Node | None, scope: Scope, at: int, until: int) -> None:
        """`isinstance(x, C)` holds for x where the condition does."""
        if condition is None:
            return
        operator = condition.child_by_field_name("operator")
        if condition.type == "boolean_operator" and operator is not None and operator.type == "and":
            for side in ("left", "right"):
                self._narrow(condition.child_by_field_name(side), scope, at, until)
        elif condition.type == "parenthesized_expression" and condition.named_children:
            self._narrow(condition.named_children[0], scope, at, until)
        elif condition.type == "call":
            function, arguments = condition.child_by_field_name("function"), condition.child_by_field_name("arguments")
            given = [node for node in arguments.named_children if node.type != "comment"] if arguments else []
            if function is None or len(given) != 2:
                return
            if text(function) == "isinstance":
                self._add(scope, text(given[0]), Binding("instance", at, scope, given[1], until))
            elif text(function) in ("hasattr", "issubclass"):
                self._add(scope, text(given[0]), Binding("unknown", at, scope, None, until))
        elif condition.type == "comparison_operator" and len(condition.named_children) == 2:
            left, right = condition.named_children
            function, arguments = left.child_by_field_name("function"), left.child_by_field_name("arguments")
            if function is not None and text(function) == "type" and arguments is not None and arguments.named_children:
                self._add(scope, text(arguments.named_children[0]), Binding("instance", at, scope, right, until))

    def _type_alias(self, node: Node, scope: Scope) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is not None and right is not None and right.named_children:
            self._add(scope, text(left), Binding("value", node.end_byte, scope, right.named_children[0]))


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


def _leaves(body: Node) -> bool:
    """Whether a block ends by leaving: what its condition excludes is then true after it."""
    last = body.named_children[-1] if body.named_children else None
    return last is not None and last.type in (
        "return_statement", "raise_statement", "continue_statement", "break_statement"
    )  # fmt: skip


def _captured(pattern: Node) -> Iterator[Node]:
    """Names that a case pattern captures: bare names that are neither classes nor keywords."""
    stack = [pattern]
    while stack:
        node = stack.pop()
        children = node.named_children
        if node.type in ("class_pattern", "keyword_pattern"):
            children = children[1:]
        if node.type == "dotted_name":
            if len(children) == 1:
                yield children[0]
            continue
        stack.extend(children)


def _decorators(node: Node) -> Iterator[str]:
    if node.parent is None or node.parent.type != "decorated_definition":
        return
    for child in node.parent.children:
        if child.type == "decorator" and child.named_children:
            expression = child.named_children[0]
            if expression.type == "call":
                expression = expression.child_by_field_name("function") or expression
            yield text(expression)
