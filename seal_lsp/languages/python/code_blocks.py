"""Code inside prose: Markdown fences, doctests, and the literal blocks of reStructuredText.

Markdown goes through markdown-it, doctests through the standard library's own parser. What a block means is not known
here; a block that is not Python is left out by its fence's info or, for `::` blocks, by not parsing.
"""

from __future__ import annotations

import doctest
import textwrap
from collections.abc import Iterator

from markdown_it import MarkdownIt

from seal_lsp.languages.python.grammar import parse

_PYTHON_INFO = {"python", "py", "python3", "pycon", "py3", "ipython", "ipython3", "{python}", "{code-cell}"}
_DIRECTIVES = ("code-block", "code", "sourcecode", "ipython", "code-cell")


def code_blocks(text: str) -> Iterator[tuple[int, str]]:
    """(1-based line of the block's first line of code, code), in order. A doctest's prompts and output are gone."""
    found: dict[int, str] = {}
    fenced: set[int] = set()
    for line, end, info, code in _fences(text):
        fenced.update(range(line - 1, end + 1))
        if info and info.split()[0].lower().strip(".") not in _PYTHON_INFO:
            continue
        if ">>> " in code:
            code = doctest_code(code)
        elif not info and not _looks_like_python(code):
            continue
        if code.strip():
            found[line] = code
    rest = "\n".join("" if i in fenced else line for i, line in enumerate(text.splitlines(), 1))
    for line, code in (*_literal_blocks(rest), *_doctests(rest)):
        if code.strip():
            found.setdefault(line, code)
    yield from sorted(found.items())


def _fences(text: str) -> Iterator[tuple[int, int, str, str]]:
    """(first line of code, line of the closing fence, info, code) of each fence, also inside lists and quotes."""
    if "```" not in text and "~~~" not in text:
        return
    for token in MarkdownIt("commonmark").parse(_dedented(text)):
        if token.type == "fence" and token.map:
            yield token.map[0] + 2, token.map[1], token.info.strip(), token.content


def _dedented(text: str) -> str:
    """As a docstring is read: the first line's indentation says nothing about the others'. Keeps the lines."""
    first, newline, rest = text.partition("\n")
    return first.strip() + newline + textwrap.dedent(rest)


def doctest_code(text: str) -> str:
    """The statements of a doctest, without prompts and expected output."""
    try:
        return "".join(example.source for example in doctest.DocTestParser().get_examples(textwrap.dedent(text)))
    except ValueError:
        return ""


def _doctests(text: str) -> Iterator[tuple[int, str]]:
    """One block per run of examples: prose between examples ends a block, a blank line does not."""
    if ">>>" not in text:
        return
    try:
        pieces = doctest.DocTestParser().parse(text)
    except ValueError:
        return
    start, lines = 0, []
    for piece in pieces:
        if isinstance(piece, doctest.Example):
            start = start or piece.lineno + 1
            lines.append(piece.source)
        elif piece.strip() and lines:
            yield start, "".join(lines)
            start, lines = 0, []
    if lines:
        yield start, "".join(lines)


def _literal_blocks(text: str) -> Iterator[tuple[int, str]]:
    """`.. code-block:: python` and what follows a `::`; the latter only when it parses."""
    lines = text.splitlines()
    i = 0
    while i < len(lines):
        stripped = lines[i].strip()
        indent = len(lines[i]) - len(lines[i].lstrip())
        directive, said = _directive(stripped)
        i += 1
        if not directive:
            continue
        body: list[str] = []
        start = 0
        while i < len(lines) and (not lines[i].strip() or len(lines[i]) - len(lines[i].lstrip()) > indent):
            is_option = said and not body and lines[i].strip().startswith(":")
            if (body or lines[i].strip()) and not is_option:
                start = start or i + 1
                body.append(lines[i])
            i += 1
        code = textwrap.dedent("\n".join(body)).rstrip() + "\n"
        if ">>> " in code:
            code = doctest_code(code)
        if code.strip() and (said or _looks_like_python(code)):
            yield start, code


def _looks_like_python(code: str) -> bool:
    """It parses, and does something that a shell line (`rm -rf /`) or a sentence does not when it happens to parse."""
    root = parse(code).root
    if root.has_error:
        return False
    for statement in root.named_children:
        if statement.type not in ("expression_statement", "comment"):
            return True
        stack = list(statement.named_children)
        while stack:
            node = stack.pop()
            if node.type in ("call", "assignment", "attribute", "await"):
                return True
            stack.extend(node.named_children)
    return False


def _directive(line: str) -> tuple[bool, bool]:
    """(opens a block that may be Python, says that it is Python)."""
    if line.startswith(".. "):
        name, separator, language = line[3:].partition("::")
        if separator and name.strip() in _DIRECTIVES:
            language = language.strip().lower()
            return (language in _PYTHON_INFO or not language), language in _PYTHON_INFO
        return False, False
    return line.endswith("::"), False
