"""What is left of a model's text when it becomes a suggestion. Pure functions over strings, golden cases in the tests.

`finish` applies them in order. Whether the API names in the text exist is checked elsewhere (assist.tasks.cut).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

OPENERS, CLOSERS = "([{", ")]}"
PAIRS = dict(zip(CLOSERS, OPENERS, strict=True))
MAX_LINES = 8
_BLOCK_START = re.compile(r":\s*(#.*)?$")
_LAST_NAME = re.compile(r"(?<![\w])[^\W\d]\w*$|\w+$")


@dataclass(frozen=True, slots=True)
class Around:
    """The text around the cursor. `before` and `after` are of the cursor's line, `above` the lines before it, `below`
    the lines after it."""

    before: str
    after: str = ""
    above: str = ""
    below: str = ""


def finish(text: str, around: Around, *, complete: bool = True, minimum: int = 2) -> str:
    """The suggestion, '' for none. `complete` is False when the model was cut off in the middle of the text."""
    text = written = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    text = stop_at_scope(text, around)
    text = trim_repetition(text)
    if not complete and text == written:
        text = drop_half_name(text)
    text = drop_suffix_overlap(text, around)
    text = drop_known_lines(text, around)
    text = text.rstrip()
    return text if worth_showing(text, around, minimum) else ""


def open_brackets(code: str) -> list[str]:
    """Brackets opened and not closed in a piece of code, strings and comments passed over."""
    stack: list[str] = []
    for character in _bare(code):
        if character in OPENERS:
            stack.append(character)
        elif character in CLOSERS and stack and stack[-1] == PAIRS[character]:
            stack.pop()
    return stack


def block_due(around: Around) -> bool:
    """True where more than the rest of this line belongs to what is being written."""
    head = _bare(around.before).rstrip()
    return not around.after.strip() and (bool(_BLOCK_START.search(head)) or (not head and _due_above(around.above)))


def ends_with_line(around: Around) -> bool:
    """True where only the rest of this line is wanted: no block is due, and no bracket was opened at the line's end."""
    head = _bare(around.before).rstrip()
    return not block_due(around) and (bool(around.after.strip()) or not head.endswith(tuple(OPENERS)))


def _due_above(above: str) -> bool:
    last = next((line for line in reversed(above.splitlines()) if line.strip()), "")
    return bool(_BLOCK_START.search(_bare(last).rstrip()))


def stop_at_scope(text: str, around: Around) -> str:
    """The rest of the line; on through the lines of an open bracket; or the body of a block that is due."""
    lines = text.split("\n")
    due = block_due(around)
    indent = len(_indent_of(around.before))
    header = bool(around.before.strip())  # a body lies deeper than its header, a line in a body as deep as itself
    kept = lines[:1]
    for i, line in enumerate(lines[1:MAX_LINES], 1):
        so_far = around.before + "\n".join(kept)
        if not open_brackets(so_far):
            opens = i == 1 and _BLOCK_START.search(_bare(so_far).rstrip()) and _bare(lines[0]).strip()
            if not due and not opens:
                break
            due, header = True, header or bool(opens)
            depth = len(_indent_of(line))
            if line.strip() and (depth < indent or (depth == indent and header)):
                break
        kept.append(line)
    if len(kept) > 1 and open_brackets(around.before + "\n".join(kept)):
        return kept[0]  # cut inside a bracket: the first line alone says more than half a call
    return "\n".join(kept).rstrip("\n")


def trim_repetition(text: str) -> str:
    """`a, a, a, a` becomes `a`; a line said twice is said once."""
    lines: list[str] = []
    for line in text.split("\n"):
        if line.strip() and line in lines:
            break
        lines.append(line)
    text = "\n".join(lines)
    match = re.search(r"(.{2,}?)\1{2,}", text)
    return text[: match.start() + len(match[1])].rstrip(" ,") if match and match[1].strip() else text


def drop_half_name(text: str) -> str:
    """Without the last name of a text that was cut off: it may be half of one."""
    if text and (text[-1].isalnum() or text[-1] == "_"):
        return _LAST_NAME.sub("", text).rstrip(" .")
    return text


def drop_suffix_overlap(text: str, around: Around) -> str:
    """Without what already stands after the cursor: the same text, or the closing brackets that are there."""
    after = around.after.rstrip()
    if not after.strip() or "\n" in text:
        return text
    tail = after.strip()
    if text.rstrip().endswith(tail):
        text = text.rstrip()[: -len(tail)]
        return text
    for size in range(min(len(text), len(after)), 0, -1):
        if text.endswith(after[:size]) and not after[:size].isalnum():
            text = text[:-size]
            break
    return _without_extra_closers(text, around)


def _without_extra_closers(text: str, around: Around) -> str:
    there = [c for c in around.after if c in CLOSERS]
    while text and text[-1] in CLOSERS and there:
        before = len(open_brackets(around.before + text[:-1]))
        if before > len(there):
            break
        text = text[:-1]
        if text and text[-1] not in CLOSERS:
            break
    return text


def drop_known_lines(text: str, around: Around) -> str:
    """Nothing when the suggestion says again what the next line says; cut where the text runs into it."""
    following = next((line.strip() for line in around.below.splitlines() if line.strip()), "")
    lines = text.split("\n")
    if following and (around.before + lines[0]).strip() == following:
        return ""
    for i, line in enumerate(lines):
        if i and following and line.strip() == following:
            return "\n".join(lines[:i])
    return text


def worth_showing(text: str, around: Around, minimum: int) -> bool:
    bare = "".join(text.split())
    if len(bare) < minimum or all(c in CLOSERS + ",:;.'\"" for c in bare):
        return False
    previous = next((line for line in reversed(around.above.splitlines()) if line.strip()), "")
    # a line that only repeats the one above it is a loop, not a thought
    return (around.before + text).strip() != previous.strip()


def _indent_of(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _bare(code: str) -> str:
    """Code with the contents of its strings and its comments taken out (brackets and colons there mean nothing)."""
    out: list[str] = []
    i = 0
    while i < len(code):
        character = code[i]
        if character == "#":
            end = code.find("\n", i)
            i = len(code) if end < 0 else end
            continue
        if character in "\"'":
            quote = code[i : i + 3] if code[i : i + 3] in ('"""', "'''") else character
            end = _string_end(code, i + len(quote), quote)
            out.append("''")
            i = end
            continue
        out.append(character)
        i += 1
    return "".join(out)


def _string_end(code: str, start: int, quote: str) -> int:
    i = start
    while i < len(code):
        if code[i] == "\\":
            i += 2
        elif code.startswith(quote, i):
            return i + len(quote)
        elif code[i] == "\n" and len(quote) == 1:
            return i
        else:
            i += 1
    return len(code)
