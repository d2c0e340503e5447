"""Whether a symbol is deprecated, and what its authors say to do instead. '' means it is not."""

from __future__ import annotations

import ast

import griffe

_DECORATORS = {"warnings.deprecated", "typing_extensions.deprecated"}
_CATEGORIES = {"DeprecationWarning", "PendingDeprecationWarning", "FutureWarning"}


def of(obj: griffe.Object) -> str:
    return _decorated(obj) or _documented(obj) or obj.extra["seal"].get("deprecated", "")


def _decorated(obj: griffe.Object) -> str:
    for decorator in getattr(obj, "decorators", ()):
        value = decorator.value
        path = decorator.callable_path
        if path in _DECORATORS or path.rpartition(".")[2] == "deprecated":
            for argument in getattr(value, "arguments", ()):
                if isinstance(argument, str):
                    try:
                        return str(ast.literal_eval(argument))
                    except (ValueError, SyntaxError):
                        continue
            return "deprecated"
    return ""


def _documented(obj: griffe.Object) -> str:
    """`.. deprecated:: 2.0` and the paragraph it opens."""
    if obj.docstring is None or "deprecated::" not in obj.docstring.value:
        return ""
    lines = obj.docstring.value.splitlines()
    for i, line in enumerate(lines):
        if line.strip().startswith(".. deprecated::"):
            said = [line.strip().removeprefix(".. deprecated::").strip()]
            for following in lines[i + 1 :]:
                if not following.strip() or not following.startswith((" ", "\t")):
                    break
                said.append(following.strip())
            return " ".join(part for part in said if part) or "deprecated"
    return ""


def warned_in(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> str:
    """The message of an unconditional `warnings.warn(..., DeprecationWarning)` in a function's own statements.

    A warning under an `if` is about one way of calling it, not about the function.
    """
    if isinstance(node, ast.ClassDef):
        return next((warned_in(f) for f in node.body if isinstance(f, ast.FunctionDef) and f.name == "__init__"), "")
    for statement in node.body:
        call = statement.value if isinstance(statement, ast.Expr) else None
        if not isinstance(call, ast.Call):
            continue
        callee = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if callee != "warn":
            continue
        arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
        if not any(_name(argument) in _CATEGORIES for argument in arguments):
            continue
        message = call.args[0] if call.args else None
        if isinstance(message, ast.Constant) and isinstance(message.value, str):
            return " ".join(message.value.split())
        if isinstance(message, ast.JoinedStr):
            return " ".join(ast.unparse(message)[2:-1].split())
        return "deprecated"
    return ""


def _name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
