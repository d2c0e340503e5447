"""Write self-edits from evidence and the API surface: templates over what is really there, by seeded chance.

Knows nothing of models, probes or checks. The mix of formats is data (`SHARES`): a format stays in it only while taking
it away costs probe gain.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import heapify, heappop, heapreplace

from seal_lsp.core.api import ApiSurface
from seal_lsp.core.language import LanguageSupport
from seal_lsp.core.learning import Evidence, SelfEdit
from seal_lsp.self_edits.formats import calls, evidence_code, imports, signatures
from seal_lsp.self_edits.shelf import Shelf, stock

SHARES: Mapping[str, float] = {
    "usage": 0.15,
    "own": 0.04,
    "source": 0.08,
    "imports": 0.24,
    "qualified": 0.06,
    "calls": 0.23,
    "members": 0.15,
    "composition": 0.03,
    "rewrite": 0.01,
    "qa": 0.01,
    "migration": 0.01,
}
"""Share of the characters each format may fill; what one format cannot fill, the others get in proportion. `usage` is
what people write and are shown, and gets more where evidence has more of it (`_MOST_USAGE`); `own` are the library's
calls of itself. `imports` and `qualified` share what both have as people do (`Shelf.through`)."""

_MOST_USAGE = 0.4
_AGAIN = 0.7
_SHORT = 200  # characters that a piece of evidence counts as longer than it is: not the shortest ones only


def write(
    evidence: Sequence[Evidence],
    surface: ApiSurface,
    language: LanguageSupport,
    *,
    seed: int,
    characters: int,
    shares: Mapping[str, float] = SHARES,
) -> list[SelfEdit]:
    """Self-edits of about `characters` characters in all, no two the same; the same inputs give the same list."""
    shelf = stock(surface, evidence, language)
    rng = random.Random(seed)
    usage = [e for e in evidence if e.kind == "usage"]
    shown, own = [e for e in usage if e.shown], [e for e in usage if not e.shown]
    sources = [e for e in evidence if e.kind == "source"]
    library = surface.library
    writers: dict[str, Iterator[SelfEdit]] = {
        "usage": evidence_code.write(_covering(shown, shelf), library, language),
        "own": evidence_code.write(_covering(own, shelf), library, language),
        "source": evidence_code.write(_covering(sources, shelf), library, language),
        "imports": imports.write(shelf, random.Random(rng.random())),
        "calls": calls.write_calls(shelf, random.Random(rng.random())),
        "members": calls.write_members(shelf, random.Random(rng.random())),
        "qualified": calls.write_qualified(shelf, random.Random(rng.random())),
        "composition": calls.write_composition(shelf, random.Random(rng.random())),
        "rewrite": signatures.write_rewrites(shelf, random.Random(rng.random())),
        "qa": signatures.write_questions(shelf, random.Random(rng.random())),
        "migration": signatures.write_migrations(shelf, random.Random(rng.random())),
    }
    seen: set[str] = set()
    edits: list[SelfEdit] = []
    wanted = {name: share for name, share in shares.items() if share > 0}
    if {"imports", "qualified"} <= wanted.keys():
        names = wanted["imports"] + wanted["qualified"]
        wanted |= {"imports": names * (1 - shelf.through), "qualified": names * shelf.through}
    if "usage" in wanted:
        wanted["usage"] = _usage_share(wanted, shown, characters)
    left = characters
    while wanted and left > 0:
        total = sum(wanted.values())
        exhausted = []
        for name, share in wanted.items():
            budget = left * share / total
            taken = _take(writers[name], budget, seen)
            edits += taken
            if sum(len(e.text) for e in taken) < 0.8 * budget:
                exhausted.append(name)
        left = characters - sum(len(e.text) for e in edits)
        if left < 0.05 * characters or not exhausted:
            break
        for name in exhausted:
            del wanted[name]
    return edits


def _usage_share(shares: Mapping[str, float], shown: Sequence[Evidence], characters: int) -> float:
    """What `usage` gets beside the others: all that evidence shows, up to _MOST_USAGE of the whole. Where people's code
    is plenty, adapters know held-out places of it better by what they see of it (tests/eval/LOG.md)."""
    there = sum(min(len(item.text), evidence_code.LONGEST) for item in shown)
    others = sum(shares.values()) - shares["usage"]
    most = min(there / max(1, characters), _MOST_USAGE)
    return max(shares["usage"], most * others / (1 - most))


def _take(writer: Iterable[SelfEdit], budget: float, seen: set[str]) -> list[SelfEdit]:
    """New self-edits until the budget is full; gives up when fifty in a row were seen before."""
    taken: list[SelfEdit] = []
    repeats = 0
    for edit in writer:
        if edit.id in seen:
            repeats += 1
            if repeats > 50:
                break
            continue
        repeats = 0
        seen.add(edit.id)
        taken.append(edit)
        budget -= len(edit.text)
        if budget <= 0:
            break
    return taken


def _covering(evidence: Sequence[Evidence], shelf: Shelf) -> list[Evidence]:
    """What names most of the public API that was not named before, for its length, comes first: greedy weighted
    coverage (Minoux 1978: what would gain most is looked at again before it is taken). A name that was there n times is
    worth its weight times `_AGAIN` to the n."""
    named = [_public_api(item, shelf) for item in evidence]
    times: Counter[str] = Counter()

    def gain(at: int) -> float:
        new = sum(weight * _AGAIN ** times[name] for name, weight in named[at].items())
        return new / (_SHORT + min(len(evidence[at].text), evidence_code.LONGEST))

    waiting = [(-gain(at), at) for at in range(len(evidence))]
    heapify(waiting)
    order = []
    while waiting:
        at = waiting[0][1]
        if (now := -gain(at)) > waiting[0][0]:
            heapreplace(waiting, (now, at))
            continue
        heappop(waiting)
        order.append(evidence[at])
        times.update(named[at].keys())
    return order


def _public_api(item: Evidence, shelf: Shelf) -> dict[str, float]:
    """The weight of each canonical symbol that it names, of those that users reach; for the top of a package, of those
    that it offers there."""
    resolve = shelf.surface.resolve
    symbols = list(filter(None, map(resolve, item.symbols)))
    found = [s for s in symbols if {s.qualname, s.owner} & shelf.paths.keys()]
    if item.kind == "source" and item.provenance.file.endswith(("__init__.py", "__init__.pyi")):
        spelled = set(re.findall(r"\w+", item.text))
        for module in (s.qualname for s in symbols):
            names = sorted(spelled & shelf.offered.get(module, {}).keys())
            found += filter(None, (resolve(f"{module}.{name}") for name in names))
    return {s.qualname: shelf.weight(s.qualname) for s in found}
