"""Make snippets of documentation runnable: dedent, wrap awaits, put back the imports and definitions they leave out."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterable, Mapping

from seal_lsp.collect.names import Import, bindings, first_line, free_names, import_lines, module_level, parse


def runnable(code: str) -> str:
    """The snippet as it parses: as it is, dedented, or, when it awaits at module level, inside `async def main()`.
    "" when none of these is Python."""
    code = textwrap.dedent(code.expandtabs(4)).strip("\n").rstrip()
    if not code:
        return ""
    if parse(code) is not None and not _awaits_at_top(code):
        return code
    wrapped = "async def main():\n" + textwrap.indent(code, "    ")
    return wrapped if parse(wrapped) is not None else ""


def with_imports(code: str, known: Mapping[str, Import], earlier: Iterable[str] = ()) -> str:
    """`code` with those of `known` imports prepended that it names without binding them. `earlier` are codes whose
    assignments and definitions may be prepended too (the blocks before it in the same section), nearest last."""
    tree = parse(code)
    if tree is None:
        return code
    parts = [code]
    missing = free_names(tree)
    for before in reversed(tuple(earlier)):
        before_tree = parse(before)
        if before_tree is None:
            continue
        lines = before.split("\n")
        for node in reversed(before_tree.body):
            if not isinstance(node, (ast.Import, ast.ImportFrom)) and bindings(node) & missing:
                parts.insert(0, "\n".join(lines[first_line(node) - 1 : node.end_lineno]))
                missing = (missing - bindings(node)) | free_names(node)
    statements = import_lines(known[name] for name in missing if name in known)
    body = "\n".join(parts)
    if not statements:
        return body
    gap = "\n" if body.startswith(("import ", "from ")) else "\n\n"
    return "\n".join(statements) + gap + body


def _awaits_at_top(code: str) -> bool:
    """ast accepts `await` anywhere; a module that does it cannot be imported."""
    tree = parse(code)
    if tree is None:
        return False
    kinds = (ast.Await, ast.AsyncFor, ast.AsyncWith)
    return any(isinstance(node, kinds) or getattr(node, "is_async", 0) for node in module_level(tree))
