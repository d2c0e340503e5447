"""Which of an owner's names are worth offering to somebody who types: they exist, and they are meant to be used."""

from __future__ import annotations

from seal_lsp.core.api import ApiSurface


def offered(surface: ApiSurface, owner: str, *, private: bool = False) -> tuple[str, ...]:
    """Members of a module or class without private names and, for a module, without what it only imports for itself
    from elsewhere (`os`, `Any`); what its `__all__` names is always offered."""
    exported = surface.exports(owner)
    return tuple(
        name for name in surface.members(owner)
        if name in exported or ((private or not name.startswith("_")) and not _borrowed(surface, owner, name))
    )  # fmt: skip


def _borrowed(surface: ApiSurface, owner: str, name: str) -> bool:
    symbol = surface.symbols.get(f"{owner}.{name}")
    if symbol is None or not symbol.target:
        return False
    top, _, rest = symbol.target.partition(".")
    return top not in surface.import_names or not rest
