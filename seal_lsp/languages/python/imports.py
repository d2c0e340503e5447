"""Imports of a source: every form, at any depth, aliased, relative, starred. Syntax only: nothing is looked up."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from seal_lsp.core.code import ImportUse
from seal_lsp.languages.python.grammar import HOLE, Parsed, parse_tolerant


def imports(source: str) -> tuple[ImportUse, ...]:
    """Each imported name in source order. A star import has the name `*`."""
    parsed = parse_tolerant(source)
    return tuple(use for _, node in parsed.captures("imports") for use in statement_imports(parsed, node))


def statement_imports(parsed: Parsed, statement: Node) -> Iterator[ImportUse]:
    """The names that one import statement binds; placeholders of an unfinished statement are left out."""
    line = statement.start_point.row
    if statement.type == "import_statement":
        for node in statement.children_by_field_name("name"):
            name, alias = _name_and_alias(parsed, node)
            if name is not None and HOLE not in parsed.text(name):
                yield ImportUse(_dotted(parsed, name), "", alias, line, *parsed.span(name))
        return
    module_node = statement.child_by_field_name("module_name")
    if module_node is None:
        return
    module = _dotted(parsed, module_node)
    if HOLE in module:
        return
    for node in statement.children_by_field_name("name"):
        name, alias = _name_and_alias(parsed, node)
        if name is not None and HOLE not in parsed.text(name):
            yield ImportUse(module, _dotted(parsed, name), alias, name.start_point.row, *parsed.span(name))
    for node in statement.children:
        if node.type == "wildcard_import":
            yield ImportUse(module, "*", "", node.start_point.row, *parsed.span(node))


def _name_and_alias(parsed: Parsed, node: Node) -> tuple[Node | None, str]:
    if node.type != "aliased_import":
        return node, ""
    alias = node.child_by_field_name("alias")
    return node.child_by_field_name("name"), "" if alias is None else parsed.text(alias)


def _dotted(parsed: Parsed, node: Node) -> str:
    """`a . b` may be written with blanks or line continuations; the name has none."""
    return "".join(parsed.text(node).replace("\\", " ").split())
