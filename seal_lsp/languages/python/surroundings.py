"""What the source around a name says about it: what stands after it, what it is assigned to, what is given already.

Syntax and names only; what a candidate is, is not known here. Text after the cursor is read as it stands: while
somebody types there is often none.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache

from tree_sitter import Node

from seal_lsp.languages.python.bindings import text
from seal_lsp.languages.python.grammar import HOLE, Parsed
from seal_lsp.languages.python.uses import Reading

TAIL_CHARACTERS = 1500
LINES_NEAR = 6
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_NAME = re.compile(r"[^\W\d]\w*")
_COMMENTED = re.compile(r"#.*")


@dataclass(frozen=True, slots=True)
class Given:
    """A call's arguments: how many positional ones, which keywords, in order."""

    positional: int = 0
    keywords: tuple[str, ...] = ()
    spreads: bool = False


@dataclass(frozen=True)
class Surroundings:
    """`role` says where the name stands: decorator, base, annotation, except, raise, target (it is assigned to), value.
    `called` are the arguments with which the name is called, None where no call stands there; `then` is the member read
    from it, or after `().` from the call's result. `equals` is what is given to a keyword, `equals_kind` its node's
    type. `call` is the call around a keyword up to it, `after` are the keywords that follow. `before` and `behind` are
    an import statement's names on both sides. `words` are by where they stand: target, function, line, tail, near. The
    counts are of all names, of those after a dot and of keywords, before the place and after it."""

    role: str = "value"
    called: Given | None = None
    then: str = ""
    equals: str = ""
    equals_kind: str = ""
    call: Given | None = None
    after: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    words: dict[str, frozenset[str]] = field(default_factory=dict)
    names_before: Counter = field(default_factory=Counter)
    names_after: Counter = field(default_factory=Counter)
    attributes_before: Counter = field(default_factory=Counter)
    attributes_after: Counter = field(default_factory=Counter)
    keywords_before: Counter = field(default_factory=Counter)
    keywords_after: Counter = field(default_factory=Counter)


def surroundings(source: str, start: int, end: int, kind: str, reading: Reading | None) -> Surroundings:
    """Around the name that begins at `start`, what is typed of it up to `end`. `reading` is one of the source with a
    placeholder there, or with what is typed."""
    above, tail = source[:start], source[end:]
    node = _node_at(reading, start) if reading is not None else None
    line = tail.partition("\n")[0]
    found: dict = {}
    if kind == "import":
        found["before"], found["behind"] = _siblings(above, tail)
    elif kind == "keyword":
        found |= _keyword(node, reading, tail)
    else:
        found |= _after_member(tail)
    before, after = _Mentions(above), _Mentions(tail)
    return Surroundings(
        role=_role(node) if node is not None else "value",
        words={
            "target": _target(node),
            "function": frozenset(words(_function(node))),
            "line": _words_of(above.rpartition("\n")[2]),
            "tail": _words_of(found.get("equals") or line),
            "near": _words_of("\n".join(above.split("\n")[-LINES_NEAR:-1])),
        },
        names_before=before.names,
        names_after=after.names,
        attributes_before=before.attributes,
        attributes_after=after.attributes,
        keywords_before=before.keywords,
        keywords_after=after.keywords,
        **found,
    )


@lru_cache(8192)
def words(name: str) -> tuple[str, ...]:
    """`RateLimiterType` and `rate_limiter_types` have the same words: small letters, no plural."""
    found = (word.lower() for word in _WORD.findall(name))
    return tuple(
        word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word for word in found
    )


def _words_of(code: str) -> frozenset[str]:
    return frozenset(word for name in _NAME.findall(code) if name != HOLE for word in words(name))


class _Mentions:
    """How often a piece of code mentions each name: anywhere, after a dot, as a keyword."""

    def __init__(self, code: str) -> None:
        code = _COMMENTED.sub("", code)
        self.names = Counter(_NAME.findall(code))
        self.attributes = Counter(re.findall(r"\.[ \t]*([^\W\d]\w*)", code))
        self.keywords = Counter(re.findall(r"[(,][ \t\r\n]*([^\W\d]\w*)[ \t]*=(?!=)", code))


def _node_at(reading: Reading, start: int) -> Node | None:
    byte = reading.parsed.byte(start)
    node = reading.parsed.root.descendant_for_byte_range(byte, byte + 1)
    return node if node is not None and node.type == "identifier" else None


def _role(node: Node) -> str:
    inner, parent = node, node.parent
    while parent is not None:
        kind = parent.type
        if kind == "decorator":
            return "decorator"
        if kind in ("type", "typed_parameter", "typed_default_parameter", "generic_type", "union_type"):
            return "annotation"
        if kind == "argument_list" and parent.parent is not None and parent.parent.type == "class_definition":
            return "base"
        if kind == "except_clause":
            return "except"
        if kind == "raise_statement":
            return "raise"
        if kind == "assignment" and parent.child_by_field_name("left") == inner:
            return "target"
        if kind not in ("attribute", "call", "subscript", "binary_operator", "tuple", "as_pattern"):
            return "value"
        if kind == "call" and parent.child_by_field_name("function") != inner:
            return "value"
        inner, parent = parent, parent.parent
    return "value"


def _target(node: Node | None) -> frozenset[str]:
    """The words of what the value is bound to: `docs = app.|`, `with app.| as docs`, `key=store.|`."""
    while node is not None and node.parent is not None:
        parent = node.parent
        bound = {"assignment": "left", "keyword_argument": "name", "named_expression": "name", "for_statement": "left",
                 "as_pattern": "alias"}.get(parent.type)  # fmt: skip
        target = parent.child_by_field_name(bound) if bound else None
        if target is not None and target != node:
            return _words_of(text(target))
        if parent.type in ("block", "module", "lambda", "argument_list"):
            return frozenset()
        node = parent
    return frozenset()


def _function(node: Node | None) -> str:
    while node is not None:
        if node.type == "function_definition":
            name = node.child_by_field_name("name")
            return text(name) if name is not None else ""
        node = node.parent
    return ""


def _siblings(above: str, tail: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names before and after the place in one `from m import a, |, c`."""
    at = above.rfind("import")
    between = _COMMENTED.sub("", above[at + len("import") :]) if at >= 0 else ""
    before = tuple(part.split()[0] for part in between.strip(" \t\r\n(\\").split(",") if part.split())
    rest = tail.partition(")")[0] if "(" in between else tail.replace("\\\n", " ").partition("\n")[0]
    rest = _COMMENTED.sub("", rest)
    _, comma, more = rest.partition(",")
    names = more.split(",") if comma else ()
    behind = tuple(part.split()[0] for part in names if part.split() and part.split()[0].isidentifier())
    return before, behind


def _after_member(tail: str) -> dict:
    """What is done with the member: a call's arguments, the member read from the value or from the call's result."""
    rest = tail[:TAIL_CHARACTERS]
    parsed = Parsed(HOLE + rest)
    node = parsed.root.descendant_for_byte_range(0, len(HOLE))
    parent = node.parent if node is not None else None
    if parent is None:
        return {}
    if parent.type == "call" and parent.child_by_field_name("function") == node and rest.startswith("("):
        found: dict = {"called": _arguments(parent)}
        node, parent = parent, parent.parent
        if parent is not None and parent.type == "attribute" and parent.child_by_field_name("object") == node:
            found["then"] = "()." + text(parent.child_by_field_name("attribute"))
        return found
    if parent.type == "attribute" and parent.child_by_field_name("object") == node:
        return {"then": text(parent.child_by_field_name("attribute"))}
    if rest.startswith("("):
        return {"called": Given(spreads=True)}  # a call that is not finished: nothing is known of its arguments
    return {}


def _arguments(call: Node) -> Given:
    arguments = call.child_by_field_name("arguments")
    if arguments is None or arguments.type != "argument_list":
        return Given(positional=1)
    return _given(arguments.named_children)


def _given(arguments: list[Node]) -> Given:
    positional, keywords, spreads = 0, [], False
    for node in arguments:
        if node.type == "keyword_argument":
            keywords.append(text(node.child_by_field_name("name")))
        elif node.type in ("list_splat", "dictionary_splat", "ellipsis", "ERROR"):
            spreads = True
        elif node.type != "comment":
            positional += 1
    return Given(positional, tuple(keywords), spreads)


def _keyword(node: Node | None, reading: Reading | None, tail: str) -> dict:
    found: dict = {}
    value = re.match(r"\s*=(?!=)", tail)
    if value is not None:
        parsed = Parsed(f"{HOLE}({HOLE}{tail[:TAIL_CHARACTERS]}")
        given = parsed.root.descendant_for_byte_range(len(HOLE) + 1, len(HOLE) + 2)
        argument = given.parent if given is not None else None
        what = (
            argument.child_by_field_name("value")
            if argument is not None and argument.type == "keyword_argument"
            else None
        )
        if what is not None:
            found |= {"equals": text(what), "equals_kind": what.type}
    argument = (
        node.parent if node is not None and node.parent is not None and node.parent.type == "keyword_argument" else node
    )
    while argument is not None and argument.parent is not None and argument.parent.type != "argument_list":
        argument = argument.parent
    if argument is None or argument.parent is None:
        return found
    arguments = [one for one in argument.parent.named_children if one.type != "comment"]
    before = [one for one in arguments if one.end_byte <= argument.start_byte]
    after = [one for one in arguments if one.start_byte >= argument.end_byte]
    found["call"] = _given(before)
    found["after"] = _given(after).keywords
    return found
