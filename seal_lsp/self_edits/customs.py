"""How evidence calls an API: which keywords it gives, how many values by position, and what it decorates with.

Counted over the evidence that may train, so that what is written is given as people give it.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from seal_lsp.core.api import ApiSurface, Parameter, Symbol
from seal_lsp.core.language import LanguageSupport
from seal_lsp.self_edits.drawing import drawn

_BY_POSITION = (0.6, 0.3, 0.1)  # chances of 0, 1 and 2 values by position where no evidence says
_MOST = 100


@dataclass(frozen=True)
class Customs:
    """Counts by a callable's qualname: of its keywords, of how many values stand before them, and of its use as a
    decorator, `bare` (`@app.command`) or `called` (`@app.command(...)`)."""

    keywords: dict[str, Counter[str]] = field(default_factory=dict)
    positional: dict[str, Counter[int]] = field(default_factory=dict)
    bare: Counter[str] = field(default_factory=Counter)
    called: Counter[str] = field(default_factory=Counter)

    def by_use(self, symbol: Symbol, optional: Sequence[Parameter], rng: random.Random) -> list[Parameter]:
        """The optional parameters in a random order in which those that evidence gives, and else those that the
        signature has first, tend to come earlier."""
        counts = self.keywords.get(symbol.qualname, Counter())
        weights = [min(counts[p.name], _MOST) ** 0.75 + (1 + place) ** -0.5 for place, p in enumerate(optional)]
        return drawn(optional, weights, [p.name for p in optional], rng)

    def values_by_position(self, symbol: Symbol, rng: random.Random) -> int:
        """How many values a call gives by position."""
        counts = self.positional.get(symbol.qualname)
        if not counts:
            return rng.choices(range(len(_BY_POSITION)), _BY_POSITION)[0]
        return rng.choices(sorted(counts), [counts[n] for n in sorted(counts)])[0]

    def decorates(self, symbol: Symbol) -> bool:
        return bool(self.bare[symbol.qualname] or self.called[symbol.qualname])


def customs(surface: ApiSurface, texts: Iterable[tuple[str, float]], language: LanguageSupport) -> Customs:
    """Counted in (text, how much one use in it weighs)."""
    found = Customs()
    for text, weight in texts:
        for call in language.calls(text, [surface]):
            qualname = _canonical(surface, call.qualname)
            if not call.spreads:
                found.positional.setdefault(qualname, Counter())[min(call.positional, 4)] += weight
            found.keywords.setdefault(qualname, Counter()).update(dict.fromkeys(call.keywords, weight))
        for use in language.uses(text, [surface]) if "@" in text else ():
            line = text[text.rfind("\n", 0, use.start) + 1 : use.start].lstrip()
            if use.kind in ("member", "import") and line.startswith("@") and "(" not in line:
                kind = found.called if text[use.end : use.end + 1] == "(" else found.bare
                kind[_canonical(surface, use.qualname)] += weight
    return found


def _canonical(surface: ApiSurface, qualname: str) -> str:
    symbol = surface.resolve(qualname)
    return symbol.qualname if symbol is not None else qualname
