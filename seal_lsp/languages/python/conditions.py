"""What conditions say about names: `isinstance`, `hasattr`, `type(x) is`, and the patterns of `match`.

Each reader gives (key, binding) pairs for the scope that the node stands in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tree_sitter import Node

from seal_lsp.languages.python.bindings import FOREVER, Binding, Scope, text

Facts = Iterator[tuple[str, Binding]]


def branch(node: Node, scope: Scope) -> Facts:
    """`if`, `elif`, `while`: the condition holds in the body; after a body that leaves, its negation does."""
    body = node.child_by_field_name("consequence") or node.child_by_field_name("body")
    condition = node.child_by_field_name("condition")
    if body is None or condition is None:
        return
    yield from narrowed(condition, scope, body.start_byte, body.end_byte)
    if condition.type == "not_operator" and node.parent is not None and _leaves(body):
        yield from narrowed(condition.named_children[0], scope, node.end_byte, node.parent.end_byte)


def boolean(node: Node, scope: Scope) -> Facts:
    """The right side of `and` is reached when the left side holds; that of `or` when it does not."""
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    operator = node.child_by_field_name("operator")
    if left is None or right is None or operator is None:
        return
    if operator.type == "and":
        yield from narrowed(left, scope, right.start_byte, right.end_byte)
    elif left.type == "not_operator" and left.named_children:
        yield from narrowed(left.named_children[0], scope, right.start_byte, right.end_byte)


def conditional(node: Node, scope: Scope) -> Facts:
    if len(node.named_children) == 3:
        value, condition, _ = node.named_children
        yield from narrowed(condition, scope, value.start_byte, value.end_byte)


def comprehension_filter(node: Node, scope: Scope) -> Facts:
    """`[x for y in z if condition]`: the condition holds for x."""
    if node.named_children:
        yield from narrowed(node.named_children[0], scope, scope.start, scope.end)


def assertion(node: Node, scope: Scope) -> Facts:
    if node.named_children:
        yield from narrowed(node.named_children[0], scope, node.end_byte, FOREVER)


def case(node: Node, scope: Scope) -> Facts:
    """`case C() as x`: x is a C, and so is what is matched; other names that the pattern captures are unknown."""
    body = node.child_by_field_name("consequence")
    until = body.end_byte if body is not None else node.end_byte
    match = node.parent.parent if node.parent is not None else None
    subject = match.child_by_field_name("subject") if match is not None else None
    if subject is not None and subject.type not in ("identifier", "attribute"):
        subject = None
    for pattern in (child for child in node.children if child.type == "case_pattern"):
        inner = pattern.named_children[0] if pattern.named_children else pattern
        alias = None
        if inner.type == "as_pattern":
            alias = inner.named_children[-1]
            inner = inner.named_children[0]
            inner = inner.named_children[0] if inner.type == "case_pattern" and inner.named_children else inner
        class_name = inner.named_children[0] if inner.type == "class_pattern" else None
        for name in _captured(inner):
            yield text(name), Binding("unknown", node.start_byte, scope)
        for key in (alias, subject):
            if key is not None and (class_name is not None or key is alias):
                kind = "instance" if class_name is not None else "unknown"
                yield text(key), Binding(kind, pattern.end_byte, scope, class_name, until)


READERS: dict[str, Callable[[Node, Scope], Facts]] = {
    "if": branch,
    "and": boolean,
    "conditional": conditional,
    "filter": comprehension_filter,
    "assert": assertion,
    "case": case,
}


def narrowed(condition: Node | None, scope: Scope, at: int, until: int) -> Facts:
    """What is known where the condition holds."""
    if condition is None:
        return
    operator = condition.child_by_field_name("operator")
    if condition.type == "boolean_operator" and operator is not None and operator.type == "and":
        for side in ("left", "right"):
            yield from narrowed(condition.child_by_field_name(side), scope, at, until)
    elif condition.type == "parenthesized_expression" and condition.named_children:
        yield from narrowed(condition.named_children[0], scope, at, until)
    elif condition.type == "call":
        function, arguments = condition.child_by_field_name("function"), condition.child_by_field_name("arguments")
        given = [node for node in arguments.named_children if node.type != "comment"] if arguments else []
        if function is None or len(given) != 2:
            return
        if text(function) == "isinstance":
            yield text(given[0]), Binding("instance", at, scope, given[1], until)
        elif text(function) in ("hasattr", "issubclass"):
            yield text(given[0]), Binding("unknown", at, scope, None, until)
    elif condition.type == "comparison_operator" and len(condition.named_children) == 2:
        left, right = condition.named_children
        function, arguments = left.child_by_field_name("function"), left.child_by_field_name("arguments")
        if function is not None and text(function) == "type" and arguments is not None and arguments.named_children:
            yield text(arguments.named_children[0]), Binding("instance", at, scope, right, until)


def _leaves(body: Node) -> bool:
    """Whether a block ends by leaving."""
    last = body.named_children[-1] if body.named_children else None
    leaving = ("return_statement", "raise_statement", "continue_statement", "break_statement")
    return last is not None and last.type in leaving


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
