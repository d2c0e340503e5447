"""Signs that one of the names which may stand at a cursor is meant: small numbers by name, weighed in ranking.py.

Runs in the analysis worker. Here what all kinds of places share; imports, members and keywords have a file each.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seal_lsp.assist.facts import Member
from seal_lsp.core.api import Symbol
from seal_lsp.core.code import ApiUse
from seal_lsp.core.habits import Count, Habits
from seal_lsp.languages.python.surroundings import Surroundings, words

if TYPE_CHECKING:
    from seal_lsp.languages.python.receiver import Receiver
    from seal_lsp.languages.python.uses import Reading
    from seal_lsp.languages.python.values import World

Signs = dict[str, float]


@dataclass(frozen=True)
class Ground:
    """What signs are read from. `rarity` weighs the words of the candidates: a word that few have says more."""

    text: str
    start: int
    receiver: Receiver
    reading: Reading | None
    around: Surroundings
    world: World
    uses: tuple[ApiUse, ...]
    unbound: frozenset[str]
    habits: Mapping[str, Habits]
    rarity: Mapping[str, float]

    def count(self, library: str, kind: str, owner: str, name: str = "") -> Count:
        known = self.habits.get(library)
        return known.of(kind, owner, name) if known is not None else Count()

    def name_count(self, library: str, kind: str, name: str) -> int:
        known = self.habits.get(library)
        return known.names.get((kind, name), 0) if known is not None else 0

    def alike(self, name: str, where: str | Iterable[str]) -> float:
        """The share of a name's words, rare ones weighing more, that stand in some place."""
        there = self.around.words.get(where, frozenset()) if isinstance(where, str) else where
        own = words(name)
        total = sum(self.rarity.get(word, 1.0) for word in own)
        return sum(self.rarity.get(word, 1.0) for word in own if word in there) / total if total else 0.0


def rarity_of(names: Iterable[str]) -> dict[str, float]:
    names = list(names)
    holders = Counter(word for name in names for word in set(words(name)))
    return {word: math.log(1 + len(names) / count) for word, count in holders.items()}


def signed(members: tuple[Member, ...], ground: Ground) -> tuple[Signs, ...]:
    """One set of signs for each member, in their order."""
    from seal_lsp.assist import import_signs, keyword_signs, member_signs

    makers: dict[str, Callable[[tuple[Member, ...], Ground], list[Signs]]] = {
        "import": import_signs.signs,
        "member": member_signs.signs,
        "keyword": keyword_signs.signs,
    }
    found = makers[ground.receiver.kind](members, ground)
    return tuple(common(member, ground) | own for member, own in zip(members, found, strict=True))


def common(member: Member, ground: Ground) -> Signs:
    name, around = member.name, ground.around
    return {
        "length": len(name) / 10,
        "words": len(words(name)) / 3,
        "own": float(member.used_here and not member.qualname),
        "dunder": float(name.startswith("__")),
        "deprecated": float(bool(member.deprecated)),
        "private": float(name.startswith("_")),
        "documented": float(bool(member.doc)),
        "named_before": math.log1p(around.names_before[name]),
        "named_after": math.log1p(around.names_after[name]),
        "is_named_after": float(around.names_after[name] > 0),
        "like_line": ground.alike(name, "line"),
        "like_tail": ground.alike(name, "tail"),
        "like_function": ground.alike(name, "function"),
        "like_near": ground.alike(name, "near"),
        "like_target": ground.alike(name, "target"),
    }


def own_or_inherited(symbol: Symbol | None, owner: Symbol | None) -> Signs:
    """Whether a name is defined where it is looked for."""
    if symbol is None:
        return {"foreign": 1.0}
    if owner is None:
        return {}
    inherited = symbol.owner != owner.qualname
    foreign = symbol.qualname.partition(".")[0] != owner.qualname.partition(".")[0]
    return {"inherited": float(inherited), "foreign": float(foreign)}


def habit(count: Count) -> Signs:
    return {"habit_code": math.log1p(count.code), "habit_examples": math.log1p(count.examples)}
