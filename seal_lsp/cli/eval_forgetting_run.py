"""Measure forgetting: generic text under each adapter and under routing, and the matrix of libraries learned in turn.

Composition: the numbers are measure/forgetting.py's, routing is the analysis worker's and the engine's.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from seal_lsp.cli.eval_facts import Document, document_of, look
from seal_lsp.cli.eval_learn import Learned, learn_all
from seal_lsp.cli.eval_product import fill, served
from seal_lsp.cli.eval_progress import Watch
from seal_lsp.cli.eval_report import library_of, provenance, settings_of
from seal_lsp.cli.eval_run import Bench, load_adapters, load_model, prepared
from seal_lsp.cli.eval_setup import Options, Subject
from seal_lsp.core.errors import SealError
from seal_lsp.core.learning import Case, digest_of
from seal_lsp.core.library import Environment, LibraryId
from seal_lsp.engine.routing import AdapterRouter
from seal_lsp.measure.arms import PREFIX_TOKENS
from seal_lsp.measure.corpora import FORGETTING, forgetting_texts
from seal_lsp.measure.evaluate import rank_of_gold
from seal_lsp.measure.forgetting import Placed, drift, kept, scores_of
from seal_lsp.measure.remembered import RememberedModel
from seal_lsp.measure.tally import bits_per_byte
from seal_lsp.store.adapters import AdapterStore
from seal_lsp.store.disk import write_atomic


@dataclass(frozen=True)
class Written:
    """A case as it stands in one file: `before` at its top, and the libraries that the product names at its place."""

    case: Case
    before: str
    libraries: tuple[str, ...]


def run(options: Options, watch: Watch) -> dict:
    """Measure, write DIR/forgetting.json, and return it."""
    began = time.monotonic()
    with prepared(options, watch) as bench:
        learned = learn_all(bench.subjects, options, bench.paths, bench.base, watch)
        live = served(learned, options)
        model, _ = load_model(bench)
        load_adapters(model, [one for one in learned.values() if one.adapter])
        corpora = forgetting_texts(characters=options.characters, seed=options.seed)
        drifts, routed = _drifts(bench, model, learned, live, corpora)
        order = [subject for subject in bench.subjects if subject.library in live]
        steps = _matrix(bench, model, order, live)
    found = provenance(options, bench.base, "eval forgetting") | {
        "seconds": round(time.monotonic() - began, 1),
        "answers": {"asked": bench.memory.asked, "from_earlier_runs": bench.memory.found},
        "settings": settings_of(options) | {"characters": options.characters},
        "corpora": {
            name: {
                "what": FORGETTING[name],
                "texts": len(pairs),
                "characters": sum(len(text) for _, text in pairs),
                "digest": digest_of(pairs),
            }
            for name, pairs in corpora.items()
        },
        "drift": drifts,
        "routed": routed,
        "order": [subject.name for subject in order],
        "matrix": steps,
        "kept": _kept(order, steps),
        "libraries": {subject.name: library_of(subject, learned[subject.library]) for subject in bench.subjects},
        "failures": _failures(bench.subjects, learned, live),
    }
    write_atomic(options.report / "forgetting.json", json.dumps(found, ensure_ascii=False, indent=1) + "\n")
    return found


def _drifts(bench: Bench, model: RememberedModel, learned, live, corpora) -> tuple[dict, dict]:
    """({library: {corpus: drift with its adapter live}}, {corpus: texts, and how many routing gives any adapter})."""
    options, drifts = bench.options, {}
    with_adapter = {str(library): one for library, one in learned.items() if one.adapter}
    with bench.watch.task("generic text", len(corpora) * (1 + len(with_adapter))) as step:

        def score(adapter: str | None, pairs):
            found = model.score(pairs, adapter=adapter)
            step()
            return found

        base = {name: score(None, pairs) for name, pairs in corpora.items()}
        for library, one in with_adapter.items():
            drifts[library] = {
                name: drift(
                    base[name], score(one.adapter.digest, pairs), resamples=options.resamples, seed=options.seed
                )
                for name, pairs in corpora.items()
            }
    routed = {}
    environment = union([subject.environment for subject in bench.subjects])
    for name, pairs in corpora.items():
        documents = [Document(before + text, len(before + text)) for before, text in pairs]
        found = look(documents, environment, bench.paths.index, bench.memory, bench.watch, name)
        routed[name] = {
            "texts": len(documents),
            "under_an_adapter": sum(any(LibraryId.parse(one) in live for one in facts.libraries) for facts in found),
        }
    return drifts, routed


def _matrix(bench: Bench, model: RememberedModel, order: Sequence[Subject], live: Mapping[LibraryId, Learned]) -> list:
    """One entry a step: what had been learned last, and every library's scores with all up to then live."""
    environment = union([subject.environment for subject in bench.subjects])
    written = {subject.name: _written(bench, subject, order, environment) for subject in order}
    steps = []
    with bench.watch.task("libraries learned in turn", (len(order) + 1) * len(order)) as step:
        for k in range(len(order) + 1):
            store = AdapterStore(bench.paths.adapters)
            fill(store, {subject.library: live[subject.library] for subject in order[:k]})
            router = AdapterRouter(store, model, _damaged)
            libraries = {}
            for subject in order:
                libraries[subject.name] = {
                    kind: _scores(model, router, subject, places) for kind, places in written[subject.name].items()
                }
                step()
            steps.append({"learned": order[k - 1].name if k else "", "libraries": libraries})
    return steps


def _written(bench: Bench, subject: Subject, order: Sequence[Subject], environment: Environment) -> dict:
    """{file with this library alone, file that imports the next one too: its cases}, what is copyable apart."""
    at = list(order).index(subject)
    befores = {"plain": ""}
    if len(order) > 1:
        befores["mixed"] = _use_of(order[(at + 1) % len(order)])
    found = {}
    for kind, before in befores.items():
        documents = [document_of(case, before=before) for case in subject.cases]
        facts = look(documents, environment, bench.paths.index, bench.memory, bench.watch, f"{subject.name} {kind}")
        places = [Written(case, before, one.libraries) for case, one in zip(subject.cases, facts, strict=True)]
        found[kind] = [place for place in places if not place.case.copyable]
        found[f"{kind}_copyable"] = [place for place in places if place.case.copyable]
    return found


def _use_of(subject: Subject) -> str:
    """Two lines that import a library and name something of it."""
    package = subject.surface.import_names[0]
    names = [name for name in subject.surface.members(package) if not name.startswith("_")]
    return f"import {package}\n\n{package}.{names[0]}\n\n" if names else f"import {package}\n\n"


def _scores(model: RememberedModel, router: AdapterRouter, subject: Subject, places: Sequence[Written]) -> dict:
    placed = []
    for place in places:
        adapter = router.route(place.libraries)
        case, text = place.case, place.before + place.case.prefix
        digest = adapter.digest if adapter else None
        ranked = model.rank_names(text, case.candidates, adapter=digest, max_prompt_tokens=PREFIX_TOKENS)
        whose = "none" if adapter is None else "own" if adapter.library == subject.library else "other"
        bits = bits_per_byte(ranked[case.candidates.index(case.gold)][0], case.gold)
        placed.append(Placed(case.copyable, rank_of_gold([*map(sum, ranked)], case.candidates, case.gold), bits, whose))
    return scores_of(placed)


def _kept(order: Sequence[Subject], steps: Sequence[Mapping]) -> dict:
    """{library: {kind: share of its gain that is left at the end}}"""
    found: dict[str, dict] = {}
    for at, subject in enumerate(order):
        before, learned, end = (steps[k]["libraries"][subject.name] for k in (0, at + 1, len(order)))
        found[subject.name] = {
            kind: kept(before[kind], learned[kind], end[kind]) for kind in before if before[kind]["cases"]
        }
    return found


def union(environments: Sequence[Environment]) -> Environment:
    """One environment with everything that several have, as if all were installed into the first."""
    folders = dict.fromkeys(folder for one in environments for folder in one.site_packages)
    return replace(environments[0], site_packages=tuple(folders))


def _damaged(adapter, error: SealError) -> None:
    raise error


def _failures(subjects: Sequence[Subject], learned, live) -> list[str]:
    said = []
    for subject in subjects:
        one = learned[subject.library]
        if one.adapter is None:
            said.append(f"{subject.name} was not learned: {'; '.join(one.reasons)}")
        elif subject.library not in live:
            said.append(f"{subject.name}: the gate rejected it, so it is not in the matrix: {'; '.join(one.reasons)}")
    return said
