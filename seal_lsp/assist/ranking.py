"""What the signs of a name weigh, and the order that comes of it: a log-linear model over the names at a place.

The weights are in ranking.json, which `seal-lsp eval fit-ranking` writes. Two sets for each kind of place: one by
itself, one for the sum with a model's log-probability of the name. Runs in the worker and in the server.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from math import exp

from seal_lsp.assist.facts import Member

ALONE, WITH_MODEL = "alone", "with_model"
LOGPROB = "logprob"
SPREAD = 15.0
"""By how much, in nats, a model hardly ever tells two names of one place apart."""
BY_HAND = {"own": 3.0, "deprecated": -2.0, "private": -2.0, "dunder": -2.0}
"""Signs that the places measured say nothing about: what the file's own class adds, and what is seldom meant."""


def weights() -> Mapping[str, Mapping[str, Mapping[str, float]]]:
    """{kind: {"alone" | "with_model": {sign: weight}}}"""
    return _file()["kinds"]


def how_now() -> Mapping[str, object]:
    """How the weights were made."""
    return _file()["how"]


@cache
def _file() -> dict:
    return json.loads(files(__package__).joinpath("ranking.json").read_text("utf-8"))


def weigh(kind: str, signs: Mapping[str, float]) -> tuple[float, float]:
    """(the prior of a name by itself, the one beside a model)."""
    known = weights()[kind]
    by_hand = sum(weight * signs.get(sign, 0.0) for sign, weight in BY_HAND.items())
    alone, beside = known[ALONE], known[WITH_MODEL]
    return (
        by_hand + sum(alone.get(sign, 0.0) * value for sign, value in signs.items()),
        by_hand + sum(beside.get(sign, 0.0) * value for sign, value in signs.items()),
    )


def contenders(kind: str, members: Sequence[Member]) -> tuple[Member, ...]:
    """The members that a model's word could still bring first, in their order: those whose prior is behind the best by
    no more than `SPREAD` nats are worth."""
    reach = weights()[kind][WITH_MODEL][LOGPROB] * SPREAD
    best = max((member.prior_with_model for member in members), default=0.0)
    return tuple(member for member in members if member.prior_with_model >= best - reach)


def chances(kind: str, members: Sequence[Member], scores: Mapping[str, float]) -> dict[str, float]:
    """How likely each of these names is among them, 0..1: the log-linear model's own word. Without a model's scores, by
    the priors alone; a name without a score has the lowest."""
    if not members:
        return {}
    factor = weights()[kind][WITH_MODEL][LOGPROB] if scores else 0.0
    lowest = min(scores.values(), default=0.0)
    totals = {
        member.name: member.prior_with_model + factor * scores.get(member.name, lowest) if scores else member.prior
        for member in members
    }
    best = max(totals.values())
    shares = {name: exp(total - best) for name, total in totals.items()}
    whole = sum(shares.values())
    return {name: share / whole for name, share in shares.items()}


def with_scores(kind: str, members: Sequence[Member], scores: Mapping[str, float]) -> tuple[Member, ...]:
    """Members with a model's score first, the likeliest first; the others keep their order."""
    factor = weights()[kind][WITH_MODEL][LOGPROB]
    place = {member.name: at for at, member in enumerate(members)}

    def key(member: Member) -> tuple[bool, float, int]:
        score = scores.get(member.name)
        total = 0.0 if score is None else member.prior_with_model + factor * score
        return score is None, -total, place[member.name]

    return tuple(sorted(members, key=key))
