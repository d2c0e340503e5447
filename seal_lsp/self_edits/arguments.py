"""Plausible arguments for a call: which parameters to give, and a value that reads like real code for each."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from seal_lsp.core.api import Parameter, Symbol
from seal_lsp.self_edits.shelf import Shelf

_STRINGS = {
    "key": '"user:42"', "url": '"redis://127.0.0.1:6379/0"', "path": '"data/input.txt"', "host": '"127.0.0.1"',
    "title": '"Report"', "version": '"1.0.0"', "help": '"Show the details."', "encoding": '"utf-8"',
    "id": '"main"', "text": '"Hello"', "message": '"done"', "description": '"What it does."',
}  # fmt: skip
_INTEGERS = (1, 2, 3, 5, 8, 10, 20, 60, 100)


@dataclass(frozen=True, slots=True)
class Call:
    """Source of a call, the imports it needs (dotted paths) and the free variables that it names."""

    text: str
    imports: tuple[str, ...]
    free: tuple[str, ...]
    symbols: tuple[str, ...]


def call(
    shelf: Shelf, symbol: Symbol, rng: random.Random, *, spoken: str, optional: int | None = None, depth: int = 0
) -> Call:
    """`spoken(…)` with its required parameters and some optional ones.

    `spoken` is how the callee is written (`Throttled`, `throttle.limit`). Constructor calls are nested one deep where a
    parameter's type is a class of the same library: this is what composes two or three APIs.
    """
    given = chosen_parameters(shelf, symbol, rng, optional)
    by_position = shelf.customs.values_by_position(symbol, rng)
    named = [p for p in symbol.parameters or () if p.kind not in ("var_positional", "var_keyword")]
    parts: list[str] = []
    imports: list[str] = []
    free: list[str] = []
    symbols = [symbol.qualname]
    for place, parameter in enumerate(given):
        value = _value(shelf, parameter, symbol, rng, depth)
        leads = place < by_position and parameter.kind == "positional_or_keyword" and parameter is named[place]
        positional = leads or parameter.kind in ("positional_only", "var_positional")
        parts.append(value.text if positional else f"{parameter.name}={value.text}")
        imports += value.imports
        free += value.free
        symbols += value.symbols
    text = f"{spoken}({', '.join(parts)})"
    if len(text) > 84:
        inner = "".join(f"    {part},\n" for part in parts)
        text = f"{spoken}(\n{inner})"
    return Call(text, tuple(dict.fromkeys(imports)), tuple(dict.fromkeys(free)), tuple(dict.fromkeys(symbols)))


def chosen_parameters(shelf: Shelf, symbol: Symbol, rng: random.Random, optional: int | None) -> list[Parameter]:
    """Required ones, and up to `optional` others, in signature order. Which ones, evidence decides where it calls the
    symbol. When not said: one to three, of a long signature up to five, so that more of its names are seen once."""
    named = [p for p in symbol.parameters or () if p.kind not in ("var_positional", "var_keyword")]
    required = [p for p in named if p.default is None]
    others = [p for p in named if p.default is not None and not p.name.startswith("_")]
    most = max(3, min(5, len(others) // 3))
    count = min(len(others), rng.randint(0 if required else 1, most) if optional is None else optional)
    picked = {p.name for p in required} | {p.name for p in shelf.customs.by_use(symbol, others, rng)[:count]}
    return [p for p in named if p.name in picked]


def _value(shelf: Shelf, parameter: Parameter, owner: Symbol, rng: random.Random, depth: int) -> Call:
    annotation = parameter.annotation or ""
    name = parameter.name
    nested = shelf.class_in(annotation, owner)
    if nested is not None:
        return _instance(shelf, nested, name, rng, depth)
    default = None if parameter.default == "None" else parameter.default
    if re.search(r"\bbool\b", annotation) or default in ("True", "False"):
        return _plain({"True": "False", "False": "True"}.get(default or "", rng.choice(("True", "False"))))
    if re.search(r"\bstr\b", annotation) or ((default or "")[:1] in "\"'" and default):
        return _plain(
            default if default and len(default) > 2 and rng.random() < 0.4 else _STRINGS.get(name, f'"{name}"')
        )
    if re.search(r"\bint\b", annotation) or re.fullmatch(r"-?\d+", default or ""):
        return _plain(default if default is not None and rng.random() < 0.3 else str(rng.choice(_INTEGERS)))
    if re.search(r"\bfloat\b", annotation) or re.fullmatch(r"-?\d*\.\d+", default or ""):
        return _plain(str(rng.choice((0.1, 0.5, 1.0, 2.5, 10.0))))
    return Call(name, (), (name,), ())


def _instance(shelf: Shelf, kind: Symbol, name: str, rng: random.Random, depth: int) -> Call:
    if choices := shelf.enumerated(kind):
        chosen, path = rng.choice(choices), shelf.best_path(kind)
        return Call(f"{kind.name}.{chosen}", (path,), (), (kind.qualname, f"{kind.qualname}.{chosen}"))
    if depth >= 1 or rng.random() < 0.35:
        return Call(name, (), (name,), ())
    makers = [f for f in shelf.of_kind("function") if f.instance_of == kind.qualname]
    maker = rng.choice(makers) if makers and rng.random() < 0.6 else kind
    inner = call(shelf, maker, rng, spoken=maker.name, optional=rng.randint(0, 2), depth=depth + 1)
    return Call(inner.text, (shelf.best_path(maker), *inner.imports), inner.free, inner.symbols)


def _plain(text: str | None) -> Call:
    return Call(str(text), (), (), ())
