"""Parameters of functions as griffe read them, in the terms of core.api."""

from __future__ import annotations

from dataclasses import replace

import griffe

from seal_lsp.core.api import Parameter

_PARAMETER_KINDS = {
    griffe.ParameterKind.positional_only: "positional_only",
    griffe.ParameterKind.positional_or_keyword: "positional_or_keyword",
    griffe.ParameterKind.var_positional: "var_positional",
    griffe.ParameterKind.keyword_only: "keyword_only",
    griffe.ParameterKind.var_keyword: "var_keyword",
}


def parameter_list(function: griffe.Function, bound: bool) -> list[Parameter]:
    """`bound` drops the first parameter: a method is described as it is called."""
    parameters = [
        Parameter(
            name=p.name.lstrip("*"),
            kind=_PARAMETER_KINDS.get(p.kind, "positional_or_keyword"),
            default=None if p.default is None or p.name.startswith("*") or "var" in _PARAMETER_KINDS.get(p.kind, "")
            else str(p.default),
            annotation=None if p.annotation is None else str(p.annotation),
        )
        for p in function.parameters
    ]  # fmt: skip
    if bound and parameters and parameters[0].kind in ("positional_only", "positional_or_keyword"):
        parameters = parameters[1:]
    return parameters


def merged(functions: list[griffe.Function], bound: bool) -> tuple[Parameter, ...]:
    """The implementation's parameters; for overloads without one, every parameter that any of them takes."""
    first = parameter_list(functions[0], bound)
    known = {p.name for p in first}
    if len(functions) == 1 or any(p.kind == "var_keyword" for p in first):
        return tuple(first)
    for other in functions[1:]:
        for p in parameter_list(other, bound):
            if p.name not in known and p.kind in ("positional_or_keyword", "keyword_only"):
                known.add(p.name)
                first.append(replace(p, kind="keyword_only", default=p.default or "..."))
    order = ("positional_only", "positional_or_keyword", "var_positional", "keyword_only", "var_keyword")
    return tuple(sorted(first, key=lambda p: order.index(p.kind)))
