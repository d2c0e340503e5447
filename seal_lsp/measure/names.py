"""The shortest code after which a public name of a library is due: where a base is asked what it knows of that name."""

from __future__ import annotations

from seal_lsp.core.api import ApiSurface

_KINDS = ("class", "function", "method", "property", "attribute")


def name_pair(surface: ApiSurface, qualname: str) -> tuple[str, str] | None:
    """(code, name), name with what separates it; None for what is private, or neither imported nor a class's own."""
    symbol, target = surface.symbols.get(qualname), surface.resolve(qualname)
    owner = surface.resolve(symbol.owner) if symbol is not None and symbol.owner else None
    if symbol is None or not symbol.public or target is None or target.kind not in _KINDS or owner is None:
        return None
    if owner.kind == "module":
        return f"from {symbol.owner} import", f" {symbol.name}"
    if owner.kind == "class":
        variable = owner.name.lower()
        head = f"from {owner.owner} import {owner.name}\n\n{variable} = {owner.name}()\n{variable}"
        return head, f".{symbol.name}"
    return None
