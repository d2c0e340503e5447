"""Cut Python source into blocks that stand alone: each with the imports, and the short definitions, that it needs.

Knows nothing about libraries or evidence.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from seal_lsp.collect.names import (
    DEFINITIONS,
    Import,
    bindings,
    first_line,
    import_lines,
    imports_of,
    is_text,
    parse,
    reads,
)

_CARRIED_LINES = 6  # a definition longer than this is a block of its own, no preamble of another
_RUN_LINES = 40  # module-level statements are cut into runs of about this many lines


@dataclass(frozen=True, slots=True)
class Block:
    """`text` is the preamble (imports, carried assignments) and the code itself, which began at `line` (1-based) of
    its file. `name` is the function's or class's dotted name, "" at module level. `imported` and
    `carried` are dotted import targets: those in the preamble, and those that the carried assignments name (text of
    the file beyond the block's own lines)."""

    text: str
    code: str
    name: str
    line: int
    imported: tuple[str, ...]
    carried: tuple[str, ...]


def blocks(
    source: str,
    *,
    package: str = "",
    max_lines: int = 80,
    whole: bool = False,
    rename: Callable[[Import], Import] = lambda imported: imported,
) -> tuple[Block, ...]:
    """Functions, classes (methods one by one when the class is longer than `max_lines`) and runs of module-level
    statements, in file order. `package` is the dotted package that relative imports start from. `whole` keeps
    import statements and docstrings as code too (for reading a library's source rather than its callers). `rename` may
    give an import another path that leads to the same thing."""
    tree = parse(source)
    if tree is None:
        return ()
    lines = source.split("\n")
    imports = {imported.bound: rename(imported) for imported in imports_of(tree, package)}
    carried = _carried(tree, lines)
    found: list[Block] = []
    for name, nodes, header in _pieces(tree, max_lines, whole):
        first, last = first_line(nodes[0]), nodes[-1].end_lineno or nodes[-1].lineno
        code = "\n".join(lines[first - 1 : last])
        if header:
            code = f"{header}\n{code}"
        found.append(_standing_alone(code, nodes, name, first, imports, carried, (first, last)))
    return tuple(found)


def _standing_alone(
    code: str,
    nodes: list[ast.stmt],
    name: str,
    line: int,
    imports: Mapping[str, Import],
    carried: Mapping[str, tuple[ast.stmt, str]],
    span: tuple[int, int],
) -> Block:
    wrapper = ast.Module(body=nodes, type_ignores=[])
    # A header was cut from its class: what it names (bases) is read from the text, which parses as it stands.
    tree = parse(textwrap.dedent(code)) or wrapper
    needed = reads(tree)
    inner_imports = {imported.bound for imported in imports_of(tree)}
    definitions: dict[int, str] = {}
    shared: set[str] = set()
    queue = sorted(needed)
    while queue:
        wanted = queue.pop()
        if wanted in carried:
            node, text = carried[wanted]
            if node.lineno not in definitions and not span[0] <= node.lineno <= span[1]:
                definitions[node.lineno] = text
                more = reads(node) - needed
                shared |= reads(node)
                needed |= more
                queue += sorted(more)
    used = [imports[name] for name in sorted(needed) if name in imports and name not in inner_imports]
    statements = import_lines(used)
    parts = ["\n".join(statements), "\n".join(definitions[at] for at in sorted(definitions)), code.strip("\n")]
    text = "\n\n".join(part for part in parts if part)
    borrowed = tuple(imports[name].target for name in sorted(shared) if name in imports)
    return Block(text, code, name, line, tuple(imported.target for imported in used), borrowed)


def _carried(tree: ast.Module, lines: list[str]) -> dict[str, tuple[ast.stmt, str]]:
    """Short module-level assignments by the name they bind; the first one of a name, where a reader would look."""
    carried: dict[str, tuple[ast.stmt, str]] = {}
    for node in tree.body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and (node.end_lineno or 0) - node.lineno < _CARRIED_LINES:
            text = "\n".join(lines[node.lineno - 1 : node.end_lineno])
            for name in bindings(node):
                carried.setdefault(name, (node, text))
    return carried


def _pieces(tree: ast.Module, max_lines: int, whole: bool) -> Iterator[tuple[str, list[ast.stmt], str]]:
    """(dotted name, statements, class header) of each block."""
    run: list[ast.stmt] = []
    for node in tree.body:
        if isinstance(node, DEFINITIONS):
            if run:
                yield "", run, ""
                run = []
            yield from _definition(node, max_lines, whole)
            continue
        if is_text(node) or (isinstance(node, (ast.Import, ast.ImportFrom)) and not whole):
            continue
        if run and (node.end_lineno or node.lineno) - run[0].lineno > _RUN_LINES:
            yield "", run, ""
            run = []
        run.append(node)
    if run:
        yield "", run, ""


def _definition(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, max_lines: int, whole: bool
) -> Iterator[tuple[str, list[ast.stmt], str]]:
    length = (node.end_lineno or node.lineno) - first_line(node) + 1
    if not isinstance(node, ast.ClassDef) or length <= max_lines:
        yield node.name, [node], ""
        return
    bases = ", ".join(ast.unparse(base) for base in [*node.bases, *node.keywords])
    header = f"class {node.name}({bases}):" if bases else f"class {node.name}:"
    run: list[ast.stmt] = []
    for inner in node.body:
        if isinstance(inner, DEFINITIONS):
            if run:
                yield node.name, run, header
                run = []
            yield f"{node.name}.{inner.name}", [inner], header
        elif whole or not is_text(inner):
            run.append(inner)
    if run:
        yield node.name, run, header
