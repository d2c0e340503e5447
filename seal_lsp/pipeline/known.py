"""Does the base know the library already? What the library's name tells it about the API's, before anything is learned.

A mean loss on API names does not say it: common words are cheap in any library. So each name is scored twice, after
code that names the library and after the same code with a made-up library in its place; the difference is what the
base knows of this one (pointwise mutual information of name and library, in bits a byte).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from seal_lsp.core.api import ApiSurface
from seal_lsp.core.lm import Cancel, LanguageModel
from seal_lsp.measure.names import name_pair

KNOWN_GAIN = 0.4
"""Bits a byte. The default weights gain more from the names math, json, itertools and tempfile, and less than
0.3 from each of sixteen third-party libraries, requests and NumPy among them: tests/eval/LOG.md."""
_ASKED = 32
_LEAST = 6
_MADE_UP = ("zephyr", "quillon")


@dataclass(frozen=True, slots=True)
class Knowledge:
    """`gain` in bits a byte over `asked` names; `bits_per_byte` is the plain loss on them, for the record."""

    gain: float
    bits_per_byte: float
    asked: int

    @property
    def known(self) -> bool:
        return self.asked >= _LEAST and self.gain >= KNOWN_GAIN


def knowledge(surface: ApiSurface, model: LanguageModel, *, cancel: Cancel | None = None) -> Knowledge:
    return knowledge_of(probe_pairs(surface), model, cancel=cancel)


def knowledge_of(pairs: Sequence[tuple[str, str]], model: LanguageModel, *, cancel: Cancel | None = None) -> Knowledge:
    """`pairs` are (code that imports the library, name)."""
    if not pairs:
        return Knowledge(0.0, 0.0, 0)
    own = [s.bits_per_byte for s in model.score(pairs, adapter=None, cancel=cancel)]
    elsewhere = []
    for made_up in _MADE_UP:
        moved = [(_instead(context, made_up), name) for context, name in pairs]
        elsewhere.append([s.bits_per_byte for s in model.score(moved, adapter=None, cancel=cancel)])
    gains = [fmean(others) - bits for bits, *others in zip(own, *elsewhere, strict=True)]
    return Knowledge(fmean(gains), fmean(own), len(pairs))


def _instead(context: str, made_up: str) -> str:
    """The context with another library's name where it names its own."""
    top = re.match(r"(?:from|import) (\w+)", context)
    return re.sub(rf"\b{top.group(1)}\b", made_up, context) if top else context


def probe_pairs(surface: ApiSurface) -> list[tuple[str, str]]:
    """(context, name): what a user would import or call first. Names of the top package, then of modules below it, then
    documented methods; evenly over what each of them has."""
    shallow, deep, methods = [], [], []
    for qualname, symbol in sorted(surface.symbols.items()):
        pair = name_pair(surface, qualname)
        if pair is None or qualname.partition(".")[0].lower() in symbol.name.lower():
            continue  # `TqdmWarning` is cheap because it repeats the name, not because it is known
        depth = symbol.owner.count(".")
        if pair[1].startswith("."):
            methods.append(pair)
        elif depth <= 1 and surface.resolve(qualname).kind in ("class", "function"):
            (deep if depth else shallow).append(pair)
    chosen = _evenly(shallow, _ASKED)
    chosen += _evenly(deep, _ASKED - len(chosen))
    return chosen or _evenly(methods, _ASKED)


def _evenly(pairs: list[tuple[str, str]], most: int) -> list[tuple[str, str]]:
    """At most `most` of them, spread over the whole list."""
    step = max(1, -(-len(pairs) // max(most, 1)))
    return pairs[::step] if most else []
