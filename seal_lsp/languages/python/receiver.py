"""What stands at a cursor: a member after a dot, a name to import, a keyword in a call; and whose, when that is known.

The text around the cursor is unfinished nearly always. It is read as it stands with a placeholder at the cursor; if
that does not parse, up to the cursor with what is open closed (grammar.py), and as a last resort from the definition
around the cursor on. The first reading that knows whose the name is wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tree_sitter import Node

from seal_lsp.core.api import ApiSurface
from seal_lsp.languages.python.bindings import text
from seal_lsp.languages.python.grammar import HOLE, Parsed, parse, parse_tolerant
from seal_lsp.languages.python.owners import OwnMember, callee_of, listing_owner, own_members
from seal_lsp.languages.python.uses import Reading
from seal_lsp.languages.python.values import World


class Receiver(NamedTuple):
    """`kind`: member, import, keyword or none. `owner` is the module, class or callable that the name belongs to, ''
    when it is not one of the surfaces'; `partial` is what is typed of the name, `given` the call's other keywords.
    `own` are members that the source's own class has beside those of `owner`, the library's class it derives from.
    `guessed`: the owner is likely, not certain. `on_class`: the member is read from the class (or module) itself.
    `filled`: how many parameters the call's positional arguments take."""

    kind: str
    owner: str
    partial: str
    given: tuple[str, ...] = ()
    own: tuple[OwnMember, ...] = ()
    guessed: bool = False
    on_class: bool = False
    filled: int = 0


def receiver_at(source: str, offset: int, surfaces: Sequence[ApiSurface], *, guessing: bool = False) -> Receiver:
    """`offset` is in characters, 0 to len(source). With `guessing`, names that nothing binds count as imported, and an
    owner that is not known otherwise is guessed."""
    return receiver_in_reading(source, offset, surfaces, guessing=guessing)[0]


def receiver_in_reading(
    source: str, offset: int, surfaces: Sequence[ApiSurface], *, guessing: bool = False
) -> tuple[Receiver, Reading | None]:
    """As `receiver_at`, and the reading of the source that says so, for further questions about the place."""
    start, end = offset, offset
    while start > 0 and _in_name(source[start - 1]):
        start -= 1
    while end < len(source) and _in_name(source[end]):
        end += 1
    partial = source[start:offset]
    if partial[:1].isdigit():
        return Receiver("none", "", ""), None
    best, best_reading = Receiver("none", "", partial), None
    world = World(surfaces)
    readings = list(_readings(source, start, offset, end))
    for guess in (False, True) if guessing else (False,):
        for parsed in readings:
            reading = Reading("", world, parsed, lenient=guessing, guessing=guess)
            found = _classify(reading, start, partial)
            if found.owner:
                return found._replace(guessed=guess), reading
            if best.kind == "none":
                best, best_reading = found, reading
        if best.kind not in ("member", "keyword"):
            break
    return best, best_reading


_DEFINITION = re.compile(r"^(?:def|class|async def|@)[ \t\w]", re.MULTILINE)


def last_definition(source: str, offset: int) -> str:
    """The source with what stands before the last definition at the left margin above `offset` blanked, lines that
    import excepted: as long as before. A quote or bracket left open far above turns code into text; not here."""
    above = [match.start() for match in _DEFINITION.finditer(source, 0, offset)]
    if not above:
        return source
    kept = [
        line if line.startswith(("import ", "from ")) and "(" not in line else " " * len(line)
        for line in source[: above[-1]].split("\n")
    ]
    return "\n".join(kept) + source[above[-1] :]


def _in_name(char: str) -> bool:
    return char == "_" or char.isalnum()


def _readings(source: str, start: int, offset: int, end: int) -> Iterator[Parsed]:
    whole = parse(source if end > start else source[:offset] + HOLE + source[offset:])
    if not whole.root.has_error:
        yield whole
        return
    yield parse_tolerant(source[:offset] if offset > start else source[:offset] + HOLE)
    yield whole
    near = last_definition(source[:offset], offset)
    if near != source[:offset]:
        yield parse_tolerant(near if offset > start else near + HOLE)


def _classify(reading: Reading, start: int, partial: str) -> Receiver:
    parsed = reading.parsed
    byte = parsed.byte(start)
    node = parsed.root.descendant_for_byte_range(byte, byte + 1)
    nothing = Receiver("none", "", partial)
    if node is None or node.type != "identifier" or node.start_byte != byte or node.parent is None:
        return nothing
    parent = node.parent
    if parent.type == "attribute":
        if parent.child_by_field_name("attribute") != node:
            return nothing
        value = reading.resolver.infer(parent.child_by_field_name("object"))
        own = own_members(reading.resolver, value)
        on_class = value is not None and value.kind in ("name", "local_class")
        return Receiver("member", listing_owner(reading.resolver, value), partial, own=own, on_class=on_class)
    if parent.type == "dotted_name":
        return _in_dotted_name(reading, node, parent, partial)
    call, own_keyword = _call_around(node)
    if call is None:
        return nothing
    callee = callee_of(reading.resolver, reading.resolver.infer(call.child_by_field_name("function")))
    arguments = [argument for argument in reading.arguments(call) if argument not in (own_keyword, node)]
    keywords = [argument for argument in arguments if argument.type == "keyword_argument"]
    given = tuple(text(argument.child_by_field_name("name")) for argument in keywords)
    spread = any(argument.type in ("list_splat", "dictionary_splat") for argument in arguments)
    filled = 0 if spread else sum(argument.end_byte <= byte for argument in arguments if argument not in keywords)
    if callee is not None and callee.unbound:
        filled = max(0, filled - 1)
    return Receiver("keyword", callee.qualname if callee is not None else "", partial, given, filled=filled)


def _in_dotted_name(reading: Reading, node: Node, dotted: Node, partial: str) -> Receiver:
    before = [text(part) for part in dotted.named_children if part.start_byte < node.start_byte]
    statement = dotted.parent
    while statement is not None and statement.type == "aliased_import":
        statement = statement.parent
    if statement is None or not statement.type.startswith("import_"):
        if not before:
            return Receiver("none", "", partial)
        scope = reading.resolver.scopes.at(node.start_byte)
        value = reading.resolver.name(before[0], dotted.start_byte, scope)
        for part in before[1:]:
            value = reading.resolver.member(value, part)
        return Receiver("member", listing_owner(reading.resolver, value), partial)
    module = statement.child_by_field_name("module_name")
    owner = text(module) if module is not None and module != dotted else ".".join(before)
    return Receiver("import", owner if reading.world.knows(owner) else "", partial)


def _call_around(node: Node) -> tuple[Node | None, Node | None]:
    """(the call whose keyword the name may become, the keyword argument that it already is)."""
    keyword: Node | None = None
    parent = node.parent
    if parent is not None and parent.type == "keyword_argument" and parent.child_by_field_name("name") == node:
        keyword, parent = parent, parent.parent
    if parent is None or parent.type != "argument_list" or parent.parent is None or parent.parent.type != "call":
        return None, None
    return parent.parent, keyword
