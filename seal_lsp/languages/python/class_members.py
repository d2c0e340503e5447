"""A griffe extension for what griffe leaves out: attributes that methods other than `__init__` assign, deprecation
warnings in bodies, names made at run time, imports that a submodule of the same name would hide."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import griffe

from seal_lsp.languages.python.deprecations import warned_in


class ClassMembers(griffe.Extension):
    """Runs while griffe visits; never sees a module's code executed."""

    def on_class_members(self, *, node: ast.AST, cls: griffe.Class, **kwargs: Any) -> None:
        if not isinstance(node, ast.ClassDef):
            return
        for method in node.body:
            if isinstance(method, (ast.FunctionDef, ast.AsyncFunctionDef)):
                for name, value, annotation, line in _self_attributes(method):
                    _add(cls, method, name, value, annotation, line)

    def on_function_instance(self, *, node: ast.AST, func: griffe.Function, **kwargs: Any) -> None:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            message = warned_in(node)
            if message:
                func.extra["seal"]["deprecated"] = message

    def on_module_members(self, *, node: ast.AST, mod: griffe.Module, **kwargs: Any) -> None:
        """`globals()[...] = ...` or `globals().update(...)` at a module's top make names nobody can list.

        Called before submodules are read: griffe lets `pkg/limit.py` replace what `from .limit import limit` bound,
        Python does the opposite.
        """
        mod.extra["seal"]["imported"] = {name: member for name, member in mod.members.items() if member.is_alias}
        for statement in getattr(node, "body", ()):
            if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                continue
            for inner in ast.walk(statement):
                if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name) and inner.func.id == "globals":
                    mod.extra["seal"]["dynamic"] = True


def _self_attributes(method: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[tuple[str, Any, Any, int]]:
    """(name, value, annotation, line) of each attribute that a method sets on its first parameter."""
    parameters = [*method.args.posonlyargs, *method.args.args]
    if not parameters or any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in method.decorator_list):
        return
    self_name = parameters[0].arg
    for node in ast.walk(method):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            if isinstance(node.value, ast.Name) and node.value.id == self_name:
                yield node.attr, None, None, node.lineno
        elif isinstance(node, ast.AnnAssign) and _is_own(node.target, self_name):
            yield node.target.attr, node.value, node.annotation, node.lineno
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if _is_own(target, self_name):
                    yield target.attr, node.value, None, node.lineno


def _is_own(node: ast.AST, self_name: str) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == self_name


def _add(cls: griffe.Class, method: ast.AST, name: str, value: Any, annotation: Any, line: int) -> None:
    known = cls.members.get(name)
    said = griffe.safe_get_annotation(annotation, parent=cls) if annotation is not None else None
    if said is None and isinstance(value, ast.Name):
        said = _parameter_annotation(cls, method, value.id)
    expression = griffe.safe_get_expression(value, parent=cls, parse_strings=False) if value is not None else None
    if known is None:
        attribute = griffe.Attribute(name, value=expression, annotation=said, lineno=line, parent=cls)
        attribute.labels.add("instance-attribute")
        attribute.extra["seal"]["assigned_in_method"] = True
        cls.set_member(name, attribute)
        return
    if known.is_alias or not known.is_attribute or "property" in known.labels or known.annotation is not None:
        return
    if said is not None:
        known.annotation = said
    elif isinstance(expression, griffe.ExprCall) and not isinstance(known.value, griffe.ExprCall):
        known.value = expression


def _parameter_annotation(cls: griffe.Class, method: Any, name: str) -> Any:
    for argument in [*method.args.posonlyargs, *method.args.args, *method.args.kwonlyargs]:
        if argument.arg == name and argument.annotation is not None:
            return griffe.safe_get_annotation(argument.annotation, parent=cls)
    return None
