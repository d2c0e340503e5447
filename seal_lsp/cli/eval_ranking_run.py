"""Fit the menu's weights: signs at the places of case files, the model's word on the likeliest names, one fit for each
kind of place with each library left out in turn.

A place is read twice: with the rest of its line, and without it, as while it is typed. Names are those that the product
offers, not the case's candidates; a place whose gold it does not offer counts as missed.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from seal_lsp.assist import tasks
from seal_lsp.assist.menu import MAX_RANKED, PREFIX_CHARACTERS, window
from seal_lsp.assist.ranking import ALONE, BY_HAND, WITH_MODEL, how_now
from seal_lsp.assist.ranking import weights as weights_now
from seal_lsp.cli.eval_facts import ask_all, document_of
from seal_lsp.cli.eval_learn import given as given_adapters
from seal_lsp.cli.eval_progress import Watch
from seal_lsp.cli.eval_report import provenance
from seal_lsp.cli.eval_run import Bench, load_adapters, load_model, prepared
from seal_lsp.cli.eval_setup import Options, Subject
from seal_lsp.core.errors import UsageError
from seal_lsp.core.learning import Case
from seal_lsp.engine.answers import PROMPT_TOKENS
from seal_lsp.measure.answers import Judgement
from seal_lsp.measure.arms import Answer
from seal_lsp.measure.log_linear import LOGPROB, Choice, fit, rank
from seal_lsp.measure.tally import Row, compare, row_of
from seal_lsp.store.disk import write_atomic

KINDS = ("import", "member", "keyword")
WHOLE, TYPED = "", ", rest of the line not there"
MODEL, PRIORS, BOTH = "model", "priors", "priors + model"
_DIGITS = 4


@dataclass(frozen=True)
class Fit:
    """How it is fitted. `test` files are measured only; `places` a library are asked of the model, all for None;
    `keep_priors` leaves the weights without a model as they are now."""

    test: frozenset[Path]
    places: int | None
    penalty: float
    pull: float
    without: tuple[str, ...]
    ablate: bool
    keep_priors: bool = False


@dataclass(frozen=True)
class Spot:
    """A place in one of its two documents. `names` are offered, `signs` are theirs; `scores` are the model's for those
    that it was asked about, {} where it was not."""

    subject: Subject
    case: Case
    document: str
    names: tuple[str, ...] = ()
    signs: tuple[Mapping[str, float], ...] = ()
    prefix: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)

    @property
    def offered(self) -> bool:
        return self.case.gold in self.names

    def choice(self, *, model: bool) -> Choice:
        """With the model's word, only the names that it was asked about."""
        kept = [at for at, name in enumerate(self.names) if not model or name in self.scores]
        signs = tuple(
            {**self.signs[at], LOGPROB: self.scores[self.names[at]]} if model else self.signs[at] for at in kept
        )
        return Choice(self.subject.name, signs, [self.names[at] for at in kept].index(self.case.gold))


def run(options: Options, how: Fit, out: Path | None, watch: Watch) -> dict:
    with prepared(options, watch) as bench:
        tested = {s.name for s in bench.subjects if set(s.files) <= how.test}
        trained = [s.name for s in bench.subjects if s.name not in tested]
        if len(trained) < 2:
            raise UsageError(
                "one library cannot be left out of itself", hint="give case files of two libraries or more"
            )
        spots = _without([spot for s in bench.subjects for spot in _spots(bench, s)], how.without)
        alone, left_out = _priors_now(trained) if how.keep_priors else _fit_each(spots, trained, how, watch, _fit_alone)
        # The priors choose which names the model is asked about, as in the product.
        spots = _ask_model(bench, spots, alone, left_out, how) if how.places != 0 else spots
        both, both_out = _fit_each(spots, trained, how, watch, _fit_beside, alone, left_out)
        rows = [row for spot in spots for row in _rows(spot, alone, left_out, both, both_out)]
        found = provenance(options, bench.base) | {
            "command": _command(options, how),
            "fitted_on": {s.name: _files(s) for s in bench.subjects if s.name not in tested},
            "tested_on": {s.name: _files(s) for s in bench.subjects if s.name in tested},
            "penalty": how.penalty, "pull": how.pull, "without": list(how.without),
            "adapters": {str(k): v.adapter.digest for k, v in given_adapters(options, bench.base).items()},
            "missed": sum(not spot.offered for spot in spots) / max(1, len(spots)),
            "fitted": _counted([row for row in rows if row.library not in tested], options),
            "tested": _counted([row for row in rows if row.library in tested], options) if tested else None,
            "weights": {kind: {ALONE: _rounded(alone[kind]), WITH_MODEL: _rounded(both[kind])} for kind in KINDS},
        }  # fmt: skip
        if how.ablate:
            found["ablation"] = _ablation(spots, trained, how, watch)
    write_atomic(options.report / "ranking.json", json.dumps(found, ensure_ascii=False, indent=1) + "\n")
    if out is not None:
        kept = ("command", "code", "model", "adapters", "fitted_on", "penalty", "pull", "without")
        made = {name: found[name] for name in kept}
        weights = {"how": {**how_now(), WITH_MODEL: made} if how.keep_priors else made, "kinds": found["weights"]}
        write_atomic(out, json.dumps(weights, ensure_ascii=False, indent=1) + "\n")
    return found


def _command(options: Options, how: Fit) -> str:
    """The command that fits the same again."""
    fitted = replace(options, cases=tuple(file for file in options.cases if file not in how.test))
    words: list[object] = [word for file in options.cases if file in how.test for word in ("--test", file)]
    words += ["--places", how.places] if how.places is not None else []
    words += ["--keep-priors"] if how.keep_priors else []
    words += ["--penalty", how.penalty, "--pull", how.pull, *(w for sign in how.without for w in ("--without", sign))]
    return f"{fitted.command_line('eval fit-ranking')} {shlex.join(map(str, words))}"


def _spots(bench: Bench, subject: Subject) -> list[Spot]:
    found = []
    for document, typed in ((WHOLE, False), (TYPED, True)):
        documents = [document_of(case, typed=typed) for case in subject.cases]
        what = f"{subject.name}{document}"
        rows = asyncio.run(
            ask_all(
                tasks.signs, list, documents, subject.environment, bench.paths.index, bench.memory, bench.watch, what
            )
        )
        for case, row in zip(subject.cases, rows, strict=True):
            names = [] if row is None or row[0] != case.kind else [one for one in row[1] if not one[0].startswith("_")]
            spot = Spot(subject, case, document, tuple(one[0] for one in names), tuple(one[1] for one in names))
            found.append(replace(spot, prefix=window(case.prefix, PREFIX_CHARACTERS)))
    return found


def _without(spots: Sequence[Spot], signs: Sequence[str]) -> list[Spot]:
    """Signs whose weights are set by hand are not fitted either: these places say nothing about them."""
    gone = {*signs, *BY_HAND}
    return [
        replace(spot, signs=tuple({k: v for k, v in each.items() if k not in gone} for each in spot.signs))
        for spot in spots
    ]


Weights = dict[str, dict[str, float]]


def _fit_each(spots, trained, how: Fit, watch: Watch, one, *earlier) -> tuple[Weights, dict[str, Weights]]:
    """(weights by kind from all fitted libraries, the same without each of them)."""
    everything: Weights = {}
    left_out: dict[str, Weights] = {library: {} for library in trained}
    with watch.task(f"fitting {one.__name__.removeprefix('_fit_')}", len(KINDS) * (len(trained) + 1)) as step:
        for kind in KINDS:
            some = [s for s in spots if s.case.kind == kind and s.offered and s.subject.name in trained]
            if len({s.subject.name for s in some}) < min(2, len(trained)):
                what = f"fewer than two libraries have {kind} places to fit on"
                raise UsageError(what, hint="give more case files, or a higher --limit")
            everything[kind] = one(some, how, *([earlier[0][kind]] if earlier else []))
            step()
            for library in trained:
                others = [s for s in some if s.subject.name != library]
                left_out[library][kind] = one(others, how, *([earlier[1][library][kind]] if earlier else []))
                step()
    return everything, left_out


def _priors_now(trained: Sequence[str]) -> tuple[Weights, dict[str, Weights]]:
    alone = {kind: dict(weights_now()[kind][ALONE]) for kind in KINDS}
    return alone, {library: alone for library in trained}


def _fit_alone(spots: Sequence[Spot], how: Fit) -> dict[str, float]:
    return fit([spot.choice(model=False) for spot in spots], penalty=how.penalty)


def _fit_beside(spots: Sequence[Spot], how: Fit, alone: Mapping[str, float]) -> dict[str, float]:
    """Few places are asked of a model, so the weights stay near those without one; the model's own is free. Where none
    is asked, the model's weight stays what it is now."""
    asked = [spot.choice(model=True) for spot in spots if spot.case.gold in spot.scores]
    if not asked:
        return {**alone, LOGPROB: weights_now()[spots[0].case.kind][WITH_MODEL][LOGPROB]}
    return {**alone, **fit(asked, penalty=how.pull, around=alone, free=(LOGPROB,))}


def _ask_model(bench: Bench, spots: Sequence[Spot], alone: Weights, left_out: Mapping[str, Weights], how: Fit):
    """The model ranks the likeliest names of each place: without adapters as the base, else only where one was learned,
    under it: what the product will ask is an adapter."""
    model, _ = load_model(bench)
    adapters = given_adapters(bench.options, bench.base)
    load_adapters(model, list(adapters.values()))
    chosen = set()
    for subject in bench.subjects:
        some = list(subject.cases) if not adapters or subject.library in adapters else []
        random.Random(bench.options.seed).shuffle(some)
        chosen |= {(subject.name, case.prefix, case.gold) for case in some[: how.places]}
    found = []
    with bench.watch.task("asking the model", len(spots)) as step:
        for spot in spots:
            step()
            if (spot.subject.name, spot.case.prefix, spot.case.gold) not in chosen or not spot.names:
                found.append(spot)
                continue
            weights = left_out.get(spot.subject.name, alone)[spot.case.kind]
            own = adapters.get(spot.subject.library)
            names = _likeliest(spot, weights)
            ranked = model.rank_names(
                spot.prefix, names, adapter=own.adapter.digest if own else None, max_prompt_tokens=PROMPT_TOKENS
            )
            found.append(replace(spot, scores=dict(zip(names, map(sum, ranked), strict=True))))
    return found


def _likeliest(spot: Spot, weights: Mapping[str, float]) -> list[str]:
    sums = [sum(weights.get(sign, 0.0) * value for sign, value in each.items()) for each in spot.signs]
    order = sorted(range(len(spot.names)), key=lambda at: (-sums[at], at))
    return sorted(spot.names[at] for at in order[:MAX_RANKED])


def _rows(spot: Spot, alone: Weights, left_out: Mapping[str, Weights], both: Weights, both_out) -> list[Row]:
    """One row for each way to order the names; a library is judged by weights that never saw it."""
    name, kind = spot.subject.name, spot.case.kind
    ways = {PRIORS: left_out.get(name, alone)[kind]}
    if spot.scores:
        ways |= {MODEL: {LOGPROB: 1.0}, BOTH: both_out.get(name, both)[kind]}
    rows = []
    for way, weights in ways.items():
        at = None
        if spot.offered and (way == PRIORS or spot.case.gold in spot.scores):
            at = rank(spot.choice(model=way != PRIORS), weights)
        elif spot.offered:
            at = len(spot.scores) + 1
        answer = Answer(spot.names, tuple(0.0 for _ in spot.names), "", "stop", own=True)
        row = row_of(way + spot.document, name, spot.case, answer, Judgement(0, (), ()), "")
        rows.append(replace(row, rank=at))
    return rows


def _counted(rows: Sequence[Row], options: Options) -> dict:
    pairs = [(BOTH + d, other + d) for d in (WHOLE, TYPED) for other in (PRIORS, MODEL)]
    arms, libraries, differences = compare(rows, pairs, resamples=options.resamples, seed=options.seed)
    return {"arms": arms, "libraries": libraries, "differences": differences}


def _ablation(spots: Sequence[Spot], trained: Sequence[str], how: Fit, watch: Watch) -> dict[str, dict[str, float]]:
    """For each kind what leaving a sign out changes, each library judged by the others: the mean log-likelihood of the
    gold in nats, positive where the sign helps, and the first and first five in points."""
    from seal_lsp.measure.log_linear import likelihood

    found: dict[str, dict] = {}
    for kind in KINDS:
        some = [s for s in spots if s.case.kind == kind and s.offered and s.subject.name in trained]
        signs = sorted({sign for spot in some for each in spot.signs for sign in each})
        with watch.task(f"leaving out signs of {kind} places", len(signs) + 1) as step:
            base = None
            for sign in ("", *signs):
                kept = _without(some, (sign,)) if sign else some
                seen = []
                for library in trained:
                    own = [s.choice(model=False) for s in kept if s.subject.name == library]
                    weights = _fit_alone([s for s in kept if s.subject.name != library], how)
                    seen += [(likelihood(c, weights), rank(c, weights)) for c in own]
                numbers = (
                    sum(one for one, _ in seen) / len(seen),
                    100 * sum(at == 1 for _, at in seen) / len(seen),
                    100 * sum(at <= 5 for _, at in seen) / len(seen),
                )
                base = base or numbers
                changes = [round(a - b, _DIGITS) for a, b in zip(base, numbers, strict=True)]
                found.setdefault(kind, {})[sign or "(all)"] = changes if sign else [round(x, _DIGITS) for x in numbers]
                step()
    return found


def _rounded(weights: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, _DIGITS) for name, value in sorted(weights.items()) if round(value, _DIGITS)}


def _files(subject: Subject) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in subject.files}
