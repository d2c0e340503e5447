"""Names in Python source: what it imports, reads and binds. Parses (`ast`), never runs.

With blocks.py, snippets.py and prose.py the part of collect/ that knows Python's grammar.
"""

from __future__ import annotations

import ast
import builtins
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_BUILTINS = frozenset(dir(builtins))


@dataclass(frozen=True, slots=True)
class Import:
    """One name bound by one import statement, made absolute. `target` is the dotted name behind it."""

    bound: str
    target: str
    statement: str


def parse(source: str) -> ast.Module | None:
    """None when it is not Python (nor anything that `ast` survives: null bytes, nesting too deep)."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a stranger's odd escape is not our user's business
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def imports_of(tree: ast.AST, package: str = "") -> Iterator[Import]:
    """Every name that import statements at module level bind (also inside if/try/with there)."""
    for node in module_level(tree):
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
        elif isinstance(node, DEFINITIONS):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            bound |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
            bound.add(node.name)
    return bound


def bindings(statement: ast.AST) -> set[str]:
    """Names that a statement binds in its own scope: what its functions and classes bind inside is theirs."""
    inner = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
    bound: set[str] = set()
    stack = [statement]  # no recursion: a generated table may be thousands of operators deep
    while stack:
        node = stack.pop()
        if isinstance(node, DEFINITIONS):
            bound.add(node.name)
        elif isinstance(node, ast.Name):
            bound |= {node.id} if isinstance(node.ctx, ast.Store) else set()
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            bound |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        elif not isinstance(node, inner):
            stack.extend(ast.iter_child_nodes(node))
    return bound


def module_level(tree: ast.AST) -> Iterator[ast.AST]:
    """Nodes outside functions, classes and lambdas, in source order."""
    stack = list(ast.iter_child_nodes(tree))[::-1]
    while stack:
        node = stack.pop()
        if not isinstance(node, (*DEFINITIONS, ast.Lambda)):
            yield node
            stack.extend(list(ast.iter_child_nodes(node))[::-1])


def is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def first_line(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", ())
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def reads(tree: ast.AST) -> set[str]:
    """Names read, also those inside quoted annotations of one word."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
