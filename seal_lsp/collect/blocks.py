"""Cut Python source into blocks that stand alone: each with the imports, and the short definitions, that it needs.

The one part of collect/ that knows Python's grammar; it only parses (`ast`), never runs. Knows nothing about libraries.
"""

from __future__ import annotations

import ast
import builtins
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

_BUILTINS = frozenset(dir(builtins))
_CARRIED_LINES = 6  # a definition longer than this is a block of its own, no preamble of another
_RUN_LINES = 40  # module-level statements are cut into runs of about this many lines
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True, slots=True)
class Block:
    """`text` is the preamble (imports, carried assignments) and the code itself, which began at `line` (1-based) of
    its file. `name` is the function's or class's dotted name, "" at module level. `shares` is True when text of the
    file beyond this block's own lines and imports stands in it, so that it is no unit of its own."""

    text: str
    code: str
    name: str
    line: int
    shares: bool
    imported: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Import:
    """One name bound by one import statement, made absolute. `target` is the dotted name behind it."""

    bound: str
    target: str
    statement: str


def parse(source: str) -> ast.Module | None:
    """None when it is not Python (nor anything that `ast` survives: null bytes, nesting too deep)."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


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


def blocks(source: str, *, package: str = "", max_lines: int = 80, whole: bool = False) -> tuple[Block, ...]:
    """Functions, classes (methods one by one when the class is longer than `max_lines`) and runs of module-level
    statements, in file order. `package` is the dotted package that relative imports start from. `whole` keeps
    import statements and docstrings as code too (for reading a library's source rather than its callers)."""
    tree = parse(source)
    if tree is None:
        return ()
    lines = source.split("\n")
    imports = {imported.bound: imported for imported in imports_of(tree, package)}
    carried = _carried(tree, lines)
    found: list[Block] = []
    for name, nodes, header in _pieces(tree, max_lines, whole):
        first, last = _first_line(nodes[0]), nodes[-1].end_lineno or nodes[-1].lineno
        code = "\n".join(lines[first - 1 : last])
        if header:
            code = f"{header}\n{code}"
        found.append(_standing_alone(code, nodes, name, first, imports, carried, (first, last)))
    return tuple(found)


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
                parts.insert(0, "\n".join(lines[_first_line(node) - 1 : node.end_lineno]))
                missing = (missing - bindings(node)) | free_names(node)
    statements = import_lines(known[name] for name in missing if name in known)
    body = "\n".join(parts)
    if not statements:
        return body
    gap = "\n" if body.startswith(("import ", "from ")) else "\n\n"
    return "\n".join(statements) + gap + body


def import_lines(imports: Iterable[Import]) -> list[str]:
    """Sorted import statements, one per module as people write them."""
    plain: set[str] = set()
    names: dict[str, set[str]] = {}
    for imported in imports:
        before, word, after = imported.statement.partition(" import ")
        if word:
            names.setdefault(before, set()).add(after)
        else:
            plain.add(imported.statement)
    return sorted(plain) + [f"{before} import {', '.join(sorted(after))}" for before, after in sorted(names.items())]


def imports_of(tree: ast.AST, package: str = "") -> Iterator[Import]:
    """Every name that import statements at module level bind (also inside if/try/with there)."""
    for node in _module_level(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                words = f"import {alias.name}" + (f" as {alias.asname}" if alias.asname else "")
                yield Import(alias.asname or alias.name.partition(".")[0], alias.name, words)
        elif isinstance(node, ast.ImportFrom):
            module = absolute(node.module or "", node.level, package)
            if not module or module == "__future__":
                continue
            for alias in node.names:
                if alias.name != "*":
                    words = f"from {module} import {alias.name}" + (f" as {alias.asname}" if alias.asname else "")
                    yield Import(alias.asname or alias.name, f"{module}.{alias.name}", words)


def absolute(module: str, level: int, package: str) -> str:
    """The module that a relative import means inside `package`; "" when it leaves it or the package is unknown."""
    if not level:
        return module
    parts = package.split(".") if package else []
    if level > len(parts):
        return ""
    base = parts[: len(parts) - level + 1]
    return ".".join([*base, module] if module else base)


def free_names(tree: ast.AST) -> set[str]:
    """Names read but bound nowhere in the tree. Scopes are not told apart: a name bound anywhere counts as bound."""
    read = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    return read - bound_names(tree) - _BUILTINS


def bound_names(tree: ast.AST) -> set[str]:
    """Names that the tree assigns, defines, imports or takes as parameters."""
    bound: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
        elif isinstance(node, _DEFINITIONS):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            bound |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
            bound.add(node.name)
    return bound


def bindings(node: ast.AST) -> set[str]:
    """Names that a statement binds in its own scope: what its functions and classes bind inside is theirs."""
    if isinstance(node, _DEFINITIONS):
        return {node.name}
    if isinstance(node, ast.Name):
        return {node.id} if isinstance(node.ctx, ast.Store) else set()
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {alias.asname or alias.name.partition(".")[0] for alias in node.names}
    if isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
        return set()
    return set().union(*(bindings(child) for child in ast.iter_child_nodes(node)))


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
    needed = _reads(tree)
    inner_imports = {imported.bound for imported in imports_of(tree)}
    definitions: dict[int, str] = {}
    queue = sorted(needed)
    while queue:
        wanted = queue.pop()
        if wanted in carried:
            node, text = carried[wanted]
            if node.lineno not in definitions and not span[0] <= node.lineno <= span[1]:
                definitions[node.lineno] = text
                more = _reads(node) - needed
                needed |= more
                queue += sorted(more)
    used = [imports[name] for name in sorted(needed) if name in imports and name not in inner_imports]
    statements = import_lines(used)
    parts = ["\n".join(statements), "\n".join(definitions[at] for at in sorted(definitions)), code.strip("\n")]
    text = "\n\n".join(part for part in parts if part)
    return Block(text, code, name, line, bool(definitions), tuple(imported.target for imported in used))


def _reads(tree: ast.AST) -> set[str]:
    """Names read, also those inside quoted annotations of one word."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


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
        if isinstance(node, _DEFINITIONS):
            if run:
                yield "", run, ""
                run = []
            yield from _definition(node, max_lines, whole)
            continue
        if _is_text(node) or (isinstance(node, (ast.Import, ast.ImportFrom)) and not whole):
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
    length = (node.end_lineno or node.lineno) - _first_line(node) + 1
    if not isinstance(node, ast.ClassDef) or length <= max_lines:
        yield node.name, [node], ""
        return
    bases = ", ".join(ast.unparse(base) for base in [*node.bases, *node.keywords])
    header = f"class {node.name}({bases}):" if bases else f"class {node.name}:"
    run: list[ast.stmt] = []
    for inner in node.body:
        if isinstance(inner, _DEFINITIONS):
            if run:
                yield node.name, run, header
                run = []
            yield f"{node.name}.{inner.name}", [inner], header
        elif whole or not _is_text(inner):
            run.append(inner)
    if run:
        yield node.name, run, header


def _first_line(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", ())
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _module_level(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if not isinstance(node, (*_DEFINITIONS, ast.Lambda)):
            yield node
            yield from _module_level(node)


def _awaits_at_top(code: str) -> bool:
    """ast accepts `await` anywhere; a module that does it cannot be imported."""
    tree = parse(code)
    if tree is None:
        return False
    kinds = (ast.Await, ast.AsyncFor, ast.AsyncWith)
    return any(isinstance(node, kinds) or getattr(node, "is_async", 0) for node in _module_level(tree))


def short_docstrings(code: str, keep: Callable[[str], str]) -> str:
    """The code with each docstring replaced by `keep(docstring)`, and left out where that is empty."""
    tree = parse(textwrap.dedent(code))
    if tree is None:
        return code
    lines = code.split("\n")
    bodies = [node.body for node in ast.walk(tree) if isinstance(node, _DEFINITIONS)]
    for body in sorted(bodies, key=lambda body: -body[0].lineno):
        node = body[0]
        first = lines[node.lineno - 1]
        indent = first[: len(first) - len(first.lstrip())]
        if not _is_text(node) or first.strip()[:1] not in "\"'rRuU":
            continue
        text = keep(node.value.value).replace("\\", "\\\\").replace('"' * 3, "'" * 3)
        if not text:
            shown = [f"{indent}..."] if len(body) == 1 else []
        elif "\n" not in text:
            shown = [f'{indent}"""{text}"""']
        else:
            head, *rest = text.split("\n")
            shown = [f'{indent}"""{head}', *(f"{indent}{line}".rstrip() for line in rest), f'{indent}"""']
        lines[node.lineno - 1 : node.end_lineno] = shown
    return "\n".join(lines)
