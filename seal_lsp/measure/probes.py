"""Held-out probes: usages put aside, whole units at a time, before any self-edit is written from the rest.

A probe is a `Case`: a place in a held-out unit where code names the library's API, with the names that are valid there.
"""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from seal_lsp.core.api import ApiSurface
from seal_lsp.core.code import ApiUse
from seal_lsp.core.language import LanguageSupport
from seal_lsp.core.learning import Case, Evidence, digest_of

SHARE = 0.2
LEAST_PLACES = 48
MOST_SHARE = 0.4
MOST_PROBES = 48
_PER_NAME = 3
_PER_UNIT = 6
_COPYABLE_SHARE = 0.35
_CONTEXT = 640


def hold_out(
    evidence: Sequence[Evidence], surface: ApiSurface, language: LanguageSupport, *, seed: int
) -> tuple[list[Case], frozenset[str]]:
    """Probes drawn from about 20 % of the usage units, and the names of those units.

    More units (40 % at most) are put aside while they give fewer than `LEAST_PLACES` places: a gate with ten probes
    decides nothing. Units are shuffled by seed over their text's digest, so adding evidence moves few of them. As large
    a share of what people write or are shown is put aside as of the library's own code, and its places come first: the
    gate is to say what users will see.
    """
    units: dict[str, list[Evidence]] = defaultdict(list)
    for item in evidence:
        if item.kind == "usage":
            units[item.unit].append(item)
    order = _in_proportion(units, seed)
    held: list[str] = []
    places: list[Case] = []
    shown: set[str] = set()
    for unit in order:
        if len(held) >= MOST_SHARE * len(order) or (len(held) >= SHARE * len(order) and len(places) >= LEAST_PLACES):
            break
        found = [case for item in units[unit] for case in cases_of(item, surface, language)]
        if found:
            held.append(unit)
            thinned = _thin(found, _PER_UNIT, seed)
            places += thinned
            shown |= {case.id for case in thinned if units[unit][0].shown}
    return _choose(places, shown, seed), frozenset(held)


def cases_of(item: Evidence, surface: ApiSurface, language: LanguageSupport) -> list[Case]:
    """Every place in one usage where code names the library's public API and the valid names are known."""
    cases = []
    uses = language.uses(item.text, [surface])
    for use in uses:
        candidates = valid_names(use, uses, surface)
        if use.exists is not True or use.name not in candidates or len(candidates) < 2:
            continue
        prefix = item.text[: use.start][-_CONTEXT:]
        cases.append(
            Case(
                library=surface.library.name,
                version=surface.library.version,
                package=surface.import_names[0] if surface.import_names else "",
                path=f"{item.provenance.file}:{item.provenance.line}",
                kind=use.kind,
                gold=use.name,
                copyable=re.search(rf"\b{re.escape(use.name)}\b", item.text[: use.start]) is not None,
                candidates=candidates,
                prefix=prefix,
                suffix=item.text[use.end :][:_CONTEXT],
                id=digest_of([item.provenance.sha256, use.start, use.kind])[:16],
            )
        )
    return cases


def valid_names(use: ApiUse, uses: Sequence[ApiUse], surface: ApiSurface) -> tuple[str, ...]:
    """All public names that may stand where `use` stands; () when that cannot be known."""
    if use.kind == "keyword":
        given = {u.name for u in uses if u.kind == "keyword" and u.owner == use.owner and _same_call(u, use)}
        names = surface.keywords(use.owner) or ()
        return tuple(n for n in names if n == use.name or n not in given)
    if use.kind in ("import", "member") and use.owner:
        return tuple(n for n in surface.members(use.owner) if not n.startswith("_"))
    return ()


def _same_call(other: ApiUse, use: ApiUse) -> bool:
    """Keywords of one call follow each other within a few lines; good enough to leave out what is already given."""
    return other.start < use.start and use.line - other.line < 8


def _in_proportion(units: Mapping[str, Sequence[Evidence]], seed: int) -> list[str]:
    """Shuffled so that every beginning has as large a share of what is shown as of the library's own code."""
    shuffled = sorted(units, key=lambda unit: digest_of([seed, unit]))
    places: dict[str, float] = {}
    for shown in (True, False):
        some = [unit for unit in shuffled if units[unit][0].shown is shown]
        places |= {unit: (n + 0.5) / len(some) for n, unit in enumerate(some)}
    return sorted(shuffled, key=places.__getitem__)


def _thin(cases: list[Case], most: int, seed: int) -> list[Case]:
    """At most `most` of a unit's places, non-copyable ones first."""
    rng = random.Random(seed)
    shuffled = rng.sample(cases, len(cases))
    return sorted(shuffled, key=lambda case: case.copyable)[:most]


def _choose(places: list[Case], shown: set[str], seed: int) -> list[Case]:
    """Few a name, mostly not copyable, what is `shown` first, at most MOST_PROBES."""
    rng = random.Random(seed)
    by_name: Counter[str] = Counter()
    chosen: list[Case] = []
    copyable = 0
    for case in sorted(rng.sample(places, len(places)), key=lambda c: (c.copyable, c.id not in shown)):
        if by_name[case.gold] >= _PER_NAME or len(chosen) >= MOST_PROBES:
            continue
        if case.copyable and copyable >= max(4, _COPYABLE_SHARE * MOST_PROBES):
            continue
        by_name[case.gold] += 1
        copyable += case.copyable
        chosen.append(case)
    return chosen
