"""Does the base know the library already? A probe of its loss on the API's names, before anything is learned."""

from __future__ import annotations

from statistics import fmean

from seal_lsp.core.api import ApiSurface
from seal_lsp.core.lm import Cancel, LanguageModel

KNOWN_BITS_PER_BYTE = 0.75
"""Below it, the mean name costs the base less than a guess among a handful would: see tests/eval/LOG.md."""
_ASKED = 32


def bits_on_names(surface: ApiSurface, model: LanguageModel, *, cancel: Cancel | None = None) -> tuple[float, int]:
    """(mean bits per byte of public names where they are imported or reached, how many were asked)."""
    pairs = probe_pairs(surface)
    if not pairs:
        return 0.0, 0
    scores = model.score(pairs, adapter=None, cancel=cancel)
    return fmean(s.bits_per_byte for s in scores), len(pairs)


def probe_pairs(surface: ApiSurface) -> list[tuple[str, str]]:
    """(context, name): documented public names first, evenly over the surface."""
    pairs = []
    for qualname, symbol in sorted(surface.symbols.items()):
        owner = surface.resolve(symbol.owner) if symbol.owner else None
        target = surface.resolve(qualname)
        if not symbol.public or owner is None or target is None or target.kind == "module":
            continue
        if owner.kind == "module" and symbol.owner.count(".") <= 1:
            pairs.append((f"from {symbol.owner} import", f" {symbol.name}"))
        elif owner.kind == "class" and symbol.kind == "method" and target.doc:
            variable = owner.name.lower()
            head = f"from {owner.owner} import {owner.name}\n\n{variable} = {owner.name}()\n{variable}"
            pairs.append((head, f".{symbol.name}"))
    step = max(1, len(pairs) // _ASKED)
    return pairs[::step][:_ASKED]
