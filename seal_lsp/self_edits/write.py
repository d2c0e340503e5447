"""Write self-edits from evidence and the API surface: templates over what is really there, by seeded chance.

Knows nothing of models, probes or checks. The mix of formats is data (`SHARES`): a format stays in it only while taking
it away costs probe gain.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence

from seal_lsp.core.api import ApiSurface
from seal_lsp.core.language import LanguageSupport
from seal_lsp.core.learning import Evidence, SelfEdit
from seal_lsp.self_edits.formats import calls, evidence_code, imports, signatures
from seal_lsp.self_edits.shelf import stock

SHARES: Mapping[str, float] = {
    "usage": 0.22,
    "source": 0.05,
    "imports": 0.26,
    "calls": 0.24,
    "members": 0.17,
    "composition": 0.03,
    "rewrite": 0.01,
    "qa": 0.01,
    "migration": 0.01,
}
"""Share of the characters each format may fill; what one format cannot fill, the others get in proportion."""


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
    usages = _heaviest_first([e for e in evidence if e.kind == "usage"], shelf.weights)
    sources = _heaviest_first([e for e in evidence if e.kind == "source"], shelf.weights)
    library = surface.library
    writers: dict[str, Iterator[SelfEdit]] = {
        "usage": evidence_code.write(usages, library, language),
        "source": evidence_code.write(sources, library, language),
        "imports": imports.write(shelf, random.Random(rng.random())),
        "calls": calls.write_calls(shelf, random.Random(rng.random())),
        "members": calls.write_members(shelf, random.Random(rng.random())),
        "composition": calls.write_composition(shelf, random.Random(rng.random())),
        "rewrite": signatures.write_rewrites(shelf, random.Random(rng.random())),
        "qa": signatures.write_questions(shelf, random.Random(rng.random())),
        "migration": signatures.write_migrations(shelf, random.Random(rng.random())),
    }
    seen: set[str] = set()
    edits: list[SelfEdit] = []
    wanted = {name: share for name, share in shares.items() if share > 0}
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


def _heaviest_first(evidence: Sequence[Evidence], weights: Mapping[str, int]) -> list[Evidence]:
    """Evidence that uses much-used names first; among equals, the order in which it was gathered."""
    return sorted(
        evidence, key=lambda e: -sum(min(weights.get(s, 0), 10) for s in set(e.symbols)) / (200 + len(e.text))
    )
