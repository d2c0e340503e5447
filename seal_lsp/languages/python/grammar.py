"""tree-sitter's Python grammar: parsing, queries kept as `.scm` files, and byte offsets turned into characters.

An editor's buffer is mostly unfinished. `parse_tolerant` closes what is open at its end (a dot without a name, an open
bracket, a header without a body) by appending text, so every offset before the end stays true; what is broken in the
middle is left to tree-sitter's own recovery. Knows syntax only; names are resolved in uses.py.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from itertools import islice

import tree_sitter_python
from tree_sitter import Language, Node, Parser, Query, QueryCursor, Tree

LANGUAGE = Language(tree_sitter_python.language())
HOLE = "__hole__"
_KEPT = 6  # trees of sources: several questions about a text follow each other
_REPAIR_CHARS = 5_000_000  # how much text may be parsed again to find the ending: all of them for any usual file

_NO_CODE = ("comment", "line_continuation")
_OPEN = {"(": ")", "[": "]", "{": "}"}
_NEEDS_NAME = {".", "import", "from", "@", "=", "->", "in", "not", "and", "or", "is", "await", "+", "-", "*", "**", "/",
               "%", "|", "&", "==", "!=", "<", ">", "<=", ">=", ":=", "+=", "as", "if", "elif", "while", "with",
               "return", "yield", "raise", "assert", "del", "lambda", "else"}  # fmt: skip


class Parsed:
    """A tree over a source, with offsets in characters. `end` is where the caller's own source ends."""

    def __init__(self, source: str, end: int | None = None) -> None:
        self.source = source
        self.end = len(source) if end is None else end
        self.data = source.encode("utf-8", "replace")
        self.tree: Tree = Parser(LANGUAGE).parse(self.data)
        self.root: Node = self.tree.root_node

    @cached_property
    def _lines(self) -> tuple[list[int], list[int]]:
        """Byte and character offsets at which each line starts."""
        byte_starts, char_starts = [0], [0]
        for line in self.source.split("\n"):
            char_starts.append(char_starts[-1] + len(line) + 1)
            width = len(line) if line.isascii() else len(line.encode("utf-8", "replace"))
            byte_starts.append(byte_starts[-1] + width + 1)
        return byte_starts, char_starts

    @cached_property
    def ascii(self) -> bool:
        return self.source.isascii()

    def char(self, byte: int) -> int:
        """The character offset of a byte offset."""
        if self.ascii:
            return byte
        byte_starts, char_starts = self._lines
        line = bisect_right(byte_starts, byte) - 1
        return char_starts[line] + len(self.data[byte_starts[line] : byte].decode("utf-8", "replace"))

    def byte(self, char: int) -> int:
        """The byte offset of a character offset."""
        if self.ascii:
            return char
        byte_starts, char_starts = self._lines
        line = bisect_right(char_starts, char) - 1
        return byte_starts[line] + len(self.source[char_starts[line] : char].encode("utf-8", "replace"))

    def span(self, node: Node) -> tuple[int, int]:
        return self.char(node.start_byte), self.char(node.end_byte)

    def text(self, node: Node) -> str:
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def captures(self, name: str) -> list[tuple[str, Node]]:
        """(capture name, node) of the query `queries/NAME.scm`, in source order, outer nodes first."""
        found = [
            (capture, node) for capture, nodes in QueryCursor(query(name)).captures(self.root).items() for node in nodes
        ]
        found.sort(key=lambda item: (item[1].start_byte, -item[1].end_byte))
        return found


@cache
def query(name: str) -> Query:
    return Query(LANGUAGE, files(__package__).joinpath("queries", f"{name}.scm").read_text("utf-8"))


@lru_cache(_KEPT)
def parse(source: str) -> Parsed:
    return Parsed(source)


@lru_cache(_KEPT)
def parse_tolerant(source: str) -> Parsed:
    """The source's tree, with what is unfinished at its end closed so that the code before it keeps its structure."""
    parsed = parse(source)
    if not parsed.root.has_error:
        return parsed
    best, fewest = parsed, _errors(parsed)
    for ending in islice(_endings(parsed), max(2, _REPAIR_CHARS // max(1, len(source)))):
        repaired = Parsed(source + ending, end=len(source))
        errors = _errors(repaired)
        if errors < fewest:
            best, fewest = repaired, errors
        if not errors:
            break
    return best


def with_name_at(source: str, offset: int) -> str:
    """The source with a placeholder where a name is still to be written; as it is where one stands already. Without a
    name, `from m import` and `x.` take in the next line."""
    here = source[max(0, offset - 1) : offset + 1]
    return source if any(c == "_" or c.isalnum() for c in here) else source[:offset] + HOLE + source[offset:]


def _errors(parsed: Parsed) -> int:
    """How many bytes lie in ERROR nodes; a MISSING node counts as one."""
    if not parsed.root.has_error:
        return 0
    total, stack = 0, [parsed.root]
    while stack:
        node = stack.pop()
        if node.is_error or node.is_missing:
            total += max(1, node.end_byte - node.start_byte)
        elif node.has_error:
            stack.extend(node.children)
    return total


def _open_leaves(root: Node) -> Iterator[Node]:
    """The leaves in order that an ending depends on: whole statements above the last line leave nothing open."""
    last_row, stack = _last_row(root), [root]
    while stack:
        node = stack.pop()
        if not node.child_count:
            if not node.is_missing and node.type not in _NO_CODE:
                yield node
        elif node.has_error or node.end_point.row >= last_row or not node.type.endswith(("_statement", "_definition")):
            stack.extend(reversed(node.children))


def _last_row(root: Node) -> int:
    stack = [root]
    while stack:
        node = stack.pop()
        if node.child_count:
            stack.extend(node.children)
        elif not node.is_missing and node.type not in _NO_CODE:
            return node.start_point.row
    return 0


def _endings(parsed: Parsed) -> Iterator[str]:
    """Texts that may finish the source, likeliest first."""
    brackets: list[str] = []
    tries: list[int] = []
    last: Node | None = None
    header: Node | None = None
    row = -1
    for leaf in _open_leaves(parsed.root):
        kind = leaf.type
        if not brackets and leaf.start_point.row != row:
            row, header = leaf.start_point.row, leaf
        if kind in _OPEN:
            brackets.append(_OPEN[kind])
        elif brackets and kind == brackets[-1]:
            brackets.pop()
        elif kind == "try":
            tries.append(leaf.start_point.column)
        elif kind in ("except", "finally") and leaf.start_point.column in tries:
            # An except closes its try and whatever was opened deeper.
            tries = [column for column in tries if column < leaf.start_point.column]
        last = leaf
    if last is None:
        return
    name = HOLE if last.type in _NEEDS_NAME or parsed.text(last) in _NEEDS_NAME else ""
    closers = "".join(reversed(brackets))
    close_tries = "".join(f"\n{' ' * column}finally: pass" for column in reversed(tries))
    indent = " " * (header.start_point.column if header is not None else 0)
    tails = [f"\n{indent}def {HOLE}(): pass"] if header is not None and header.type == "@" else []
    definition, loop, names = f"\n{indent}def {HOLE}(): pass", f" in {HOLE}: pass", f" import {HOLE}"
    tails += ["", ": pass", f"\n{indent}    pass", definition, loop, names]
    for filler in dict.fromkeys((name, HOLE, "")):
        for tail in tails:
            yield filler + closers + tail + close_tries + "\n"


def syntax_problem(source: str) -> str:
    """Where the source first fails to parse, in words; '' if it parses."""
    parsed = Parsed(source)
    if not parsed.root.has_error:
        return ""
    stack = [parsed.root]
    while stack:
        node = stack.pop()
        if node.is_missing:
            return f"line {node.start_point.row + 1}: {node.type!r} is missing"
        if node.is_error:
            snippet = parsed.text(node).strip().partition("\n")[0][:40]
            return f"line {node.start_point.row + 1}: cannot parse {snippet!r}"
        if node.has_error:
            stack.extend(reversed(node.children))
    return "cannot parse"
