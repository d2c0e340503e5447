"""A long file as it is read for one place in it: the bodies of functions far away are blanked.

What they contain says next to nothing about names at the place, and reading all of a file for every key costs tens of
milliseconds for every thousand lines. Offsets stay true; all that the file binds at its top and in its classes is still
there, constructors are, functions whose name stands near the place (what they return), and the class around it.
"""

from __future__ import annotations

import re
from functools import lru_cache

from tree_sitter import Node, QueryCursor

from seal_lsp.languages.python.grammar import Parsed, query

LONG = 16_000  # characters; a file that is no longer is read whole
_NEAR = 6_000  # characters before and after the place within which nothing is blanked
_CONSTRUCTORS = {"__init__", "__new__", "__post_init__"}
_WORD = re.compile(r"\w+")
_NO_LINE_END = re.compile(r"[^\r\n]")


@lru_cache(2)  # names, notes and checks at one place follow each other; a whole file's tree is too large to keep
def focused(source: str, offset: int) -> str:
    """As long as `source`; every body that is blanked is `...` and blanks."""
    if len(source) <= LONG:
        return source
    parsed = Parsed(source)
    around = _class_around(parsed, parsed.byte(offset))
    wanted = _CONSTRUCTORS.union(_WORD.findall(source, max(0, offset - _NEAR), offset + _NEAR))
    kept, done = [], 0
    for node in sorted(QueryCursor(query("functions")).captures(parsed.root).get("function", ()), key=_start):
        body = node.child_by_field_name("body")
        start, end = parsed.span(body) if body is not None else (0, 0)
        if start < done or end - start < len("...") or not (end < offset - _NEAR or start > offset + _NEAR):
            continue
        if node.has_error or (around is not None and _within(node, around)) or _name(parsed, node) in wanted:
            continue
        kept += [source[done:start], "...", _NO_LINE_END.sub(" ", source[start + len("...") : end])]
        done = end
    return "".join(kept) + source[done:]


def _start(node: Node) -> int:
    return node.start_byte


def _class_around(parsed: Parsed, byte: int) -> Node | None:
    """The outermost class that a byte lies in."""
    node, found = parsed.root.descendant_for_byte_range(byte, byte), None
    while node is not None:
        found = node if node.type == "class_definition" else found
        node = node.parent
    return found


def _within(node: Node, outer: Node) -> bool:
    return outer.start_byte <= node.start_byte and node.end_byte <= outer.end_byte


def _name(parsed: Parsed, node: Node) -> str:
    name = node.child_by_field_name("name")
    return parsed.text(name) if name is not None else ""
