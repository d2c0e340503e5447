"""Calls must fit the signature in the installed version: no unknown keyword, not too many positionals, nothing
required left out.

Exact or silent: where the signature is not known for sure (no parameters, a decorator that may change it, spreads)
the call passes. `language.calls` has already taken off the instance of an unbound call.
"""

from __future__ import annotations

from seal_lsp.core.api import ApiSurface, Parameter, Symbol
from seal_lsp.core.code import CallUse
from seal_lsp.vet.check import EachAlone, VetContext
from seal_lsp.vet.snippet import Snippet, on_own_instance

# Decorators that leave what a caller writes as the source shows it; any other may change the signature.
_TRANSPARENT = frozenset({
    "staticmethod", "classmethod", "abstractmethod", "override", "final", "deprecated", "overload", "contextmanager",
    "asynccontextmanager", "cache", "lru_cache", "cached", "dataclass", "runtime_checkable", "total_ordering",
    "no_type_check", "dataclass_transform", "async",
})  # fmt: skip


class Signatures(EachAlone):
    name = "signatures"

    def __init__(self, context: VetContext) -> None:
        self._context = context

    def __call__(self, snippet: Snippet) -> str:
        surfaces = self._context.surfaces
        for code in snippet.code:
            for call in self._context.language.calls(code, surfaces):
                problem = call_problem(call, surfaces)
                if problem and not _own_method(code, call):
                    return problem
        return ""


def _own_method(code: str, call: CallUse) -> bool:
    """`self.method(...)`: the subclass that the snippet was cut out of may define another one."""
    name = call.qualname.rpartition(".")[2]
    return on_own_instance(code, code.find(name, call.start, call.end))


def call_problem(call: CallUse, surfaces: tuple[ApiSurface, ...]) -> str:
    """Why the call cannot be right, '' where it fits or where nobody can tell."""
    for surface in surfaces:
        symbol = surface.resolve(call.qualname)
        if symbol is not None:
            return _problem(call, symbol) if _written_as_called(symbol, surface) else ""
    return ""


def _written_as_called(symbol: Symbol, surface: ApiSurface) -> bool:
    """Nothing between the source's parameter list and the caller that may change it."""
    if surface.extra.get(f"element:{symbol.qualname}") == symbol.qualname:
        return False  # an enum: calling it looks a member up
    makers: list[Symbol | None] = [symbol]
    if symbol.kind == "class":
        makers += [surface.resolve(f"{symbol.qualname}.{name}") for name in ("__init__", "__new__")]
    return all(
        maker is None
        or (
            (maker is symbol or maker.parameters is not None)  # `__init__ = wrap(__init__)` is an attribute
            and all(_bare(decorator) in _TRANSPARENT for decorator in maker.decorators)
        )
        for maker in makers
    )


def _problem(call: CallUse, symbol: Symbol) -> str:
    if symbol.parameters is None:
        return ""
    parameters = symbol.parameters
    by_kind: dict[str, list[Parameter]] = {}
    for parameter in parameters:
        by_kind.setdefault(parameter.kind, []).append(parameter)
    positional = by_kind.get("positional_only", []) + by_kind.get("positional_or_keyword", [])
    accepted = {p.name for kind in ("positional_or_keyword", "keyword_only") for p in by_kind.get(kind, [])}
    signature = symbol.signature()

    if "var_keyword" not in by_kind:
        unknown = next((k for k in call.keywords if k not in accepted), None)
        if unknown is not None:
            return f"{call.qualname} takes no keyword {unknown}: {signature}"
    if "var_positional" not in by_kind and call.positional > len(positional):
        return f"{call.qualname} takes {len(positional)} positional arguments, {call.positional} given: {signature}"
    if call.spreads:
        return ""
    filled = {p.name for p in positional[: call.positional]}
    twice = next((k for k in call.keywords if k in filled and k in accepted), None)
    if twice is not None:
        return f"{call.qualname} gets {twice} twice: {signature}"
    for parameter in (*positional, *by_kind.get("keyword_only", [])):
        if parameter.default is None and parameter.name not in filled and parameter.name not in call.keywords:
            return f"{call.qualname} misses the required argument {parameter.name}: {signature}"
    return ""


def _bare(decorator: str) -> str:
    return decorator.partition("(")[0].rpartition(".")[2].strip()
