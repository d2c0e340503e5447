"""Names that a source uses and nothing in it binds: imports that are still to be written, or that were cut away.

Syntax only. A name is bound if any scope around its use binds it anywhere, before the use or after it, or may get it
from a star import; Python's own names are never unbound.
"""

from __future__ import annotations

import builtins

from tree_sitter import Node, QueryCursor

from seal_lsp.languages.python.bindings import Scope, text
from seal_lsp.languages.python.grammar import HOLE, Parsed, query
from seal_lsp.languages.python.scopes import scopes_of

PYTHONS_OWN = frozenset(dir(builtins)) | {"__file__", "__path__", "__class__", "reveal_type"}


def unbound_names(parsed: Parsed) -> dict[str, list[int]]:
    """Each unbound name with the bytes where it is used, in source order."""
    scopes = scopes_of(parsed)
    found: dict[str, list[int]] = {}
    bound: dict[tuple[str, int], bool] = {}
    for node in QueryCursor(query("names")).captures(parsed.root).get("name", ()):
        name = text(node)
        if name in PYTHONS_OWN or name == HOLE or node.start_byte >= parsed.byte(parsed.end) or not _is_use(node):
            continue
        scope = scopes.at(node.start_byte)
        key = (name, id(scope))
        if key not in bound:
            bound[key] = is_bound(name, scope)
        if not bound[key]:
            found.setdefault(name, []).append(node.start_byte)
    return {name: sorted(places) for name, places in found.items()}


def is_bound(name: str, scope: Scope) -> bool:
    here: Scope | None = scope
    inner = False
    while here is not None:
        bindings = () if inner and here.kind == "class" else here.bindings.get(name, ())
        if here.stars or any(not binding.narrows for binding in bindings):
            return True
        inner = inner or here.kind == "function"
        here = here.parent
    return False


def _is_use(node: Node) -> bool:
    """An identifier that stands for a value, not a member, a keyword, or what an import statement names."""
    parent = node.parent
    if parent is None or parent.type in ("keyword_pattern", "keyword_separator", "ERROR"):
        return False
    if parent.type == "attribute":
        return parent.child_by_field_name("attribute") != node
    if parent.type in ("keyword_argument", "aliased_import"):
        return parent.child_by_field_name("name") != node and parent.type == "keyword_argument"
    if parent.type == "dotted_name":
        above = parent.parent
        while above is not None and above.type == "aliased_import":
            above = above.parent
        importing = above is not None and above.type.startswith(("import_", "future_import"))
        return not importing and parent.named_children[0] == node
    return True
