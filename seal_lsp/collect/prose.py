"""Prose is data, never instructions: what of a docstring may be read is its summary and its parameter lines."""

from __future__ import annotations

import ast
import re
import textwrap

from seal_lsp.collect.names import is_text, parse

_PARAMETER = re.compile(
    r"\s*(:(param|parameter|arg|returns?|rtype|raises?|type)\b[^:]*:.*|\*{0,2}[A-Za-z_]\w*\s*(\([^)]*\))?\s*:\s+\S.*)"
)


def key_lines(doc: str) -> str:
    """A docstring's summary line and its parameter lines; the rest of the prose is left out."""
    lines = doc.strip().split("\n")
    kept = [line.strip() for line in lines[1:] if _PARAMETER.fullmatch(line)]
    return "\n".join([lines[0].strip(), *([""] if kept else []), *kept]) if lines[0].strip() else ""


def short_docstrings(code: str) -> str:
    """The code with each docstring (also those under attributes) cut to its key lines, or left out."""
    tree = parse(textwrap.dedent(code))
    if tree is None:
        return code
    lines = code.split("\n")
    bodies = [body for node in ast.walk(tree) if isinstance(body := getattr(node, "body", None), list)]
    texts = [(node, len(body) == 1) for body in bodies for node in body if is_text(node)]
    for node, alone in sorted(texts, key=lambda item: -item[0].lineno):
        first, last = lines[node.lineno - 1], lines[node.end_lineno - 1]
        if first.strip()[:1] not in "\"'rRuU" or last.rstrip()[-1:] not in ("'", '"'):
            continue  # shares a line with other code
        shown = key_lines(node.value.value).replace("\\", "\\\\").replace('"' * 3, "'" * 3)
        indent = first[: len(first) - len(first.lstrip())]
        lines[node.lineno - 1 : node.end_lineno] = _quoted(shown, indent) if shown else [f"{indent}..."] * alone
    return "\n".join(lines)


def _quoted(text: str, indent: str) -> list[str]:
    head, *rest = text.split("\n")
    if not rest:
        return [f'{indent}"""{head}"""' if not head.endswith('"') else f'{indent}"""{head} """']
    return [f'{indent}"""{head}', *(f"{indent}{line}".rstrip() for line in rest), f'{indent}"""']
