"""One learning cycle, top to bottom: know - collect - hold out - write - vet - train - gate.

The only module that knows the order of the stages. Every step is recorded in the cycle's folder when it is finished
and read from there when the cycle is run again. Making an adapter live is the engine's business: the cycle leaves a
candidate with a complete manifest and says what the gate decided.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

from seal_lsp.collect.gather import gather
from seal_lsp.core.api import ApiSurface
from seal_lsp.core.errors import EnvironmentProblem, NothingToLearn, UsageError
from seal_lsp.core.language import LanguageSupport
from seal_lsp.core.learning import Case, CycleOutcome, Evidence, GateReport, LearnJob, Review, SelfEdit, of_the_recipe
from seal_lsp.core.library import LibraryId, environment_from_dict
from seal_lsp.core.lm import Cancel, LanguageModel
from seal_lsp.core.progress import Progress
from seal_lsp.gate.examine import Exam, examine
from seal_lsp.measure.cases import load_cases
from seal_lsp.measure.corpora import drift_texts
from seal_lsp.measure.evaluate import is_valid_answer
from seal_lsp.measure.overlap import case_text
from seal_lsp.measure.probes import hold_out
from seal_lsp.pipeline import candidate, records
from seal_lsp.pipeline.fit import Fit
from seal_lsp.pipeline.journal import Journal
from seal_lsp.pipeline.known import knowledge
from seal_lsp.pipeline.subject import Subject, importable, locate
from seal_lsp.pipeline.writing import Mix, Writer, count, mix_with, model_report, voice_of, written
from seal_lsp.store.api_index import ApiIndex
from seal_lsp.store.ledger import Ledger
from seal_lsp.train.packing import Item
from seal_lsp.train.recipe import Recipe, recipe_with
from seal_lsp.vet.review import VetContext, review

log = logging.getLogger(__name__)

Base = Callable[[], LanguageModel]

LEAST_EDITS = 12


@dataclass(frozen=True)
class Vetted:
    """What training starts from, and the held-out places that judge it."""

    subject: Subject
    recipe: Recipe
    probes: list[Case]
    accepted: list[SelfEdit]
    counts: dict
    items: list[Item]


@dataclass(frozen=True)
class Tools:
    """What a cycle works with. `open_model` loads the job's base afresh, without adapters, on the runtime that serves
    it: it is asked, and judged, as it will answer. `fetch_sdist` gets a library's source distribution where a job wants
    it, or raises EnvironmentProblem. `recorded_mix` is what the outer loop measured to be best for a
    library ({} for none), `writer` the adapter under which the base writes."""

    language: LanguageSupport
    open_model: Callable[[], LanguageModel]
    fit: Fit
    index: ApiIndex
    ledger: Ledger
    now: Callable[[], str]
    fetch_sdist: Callable[[LibraryId], Path]
    recorded_mix: Callable[[LibraryId], Mapping[str, object]] = lambda library: {}
    writer: Writer | None = None


def run(job: LearnJob, folder: Path, tools: Tools, *, progress: Progress, cancel: Cancel | None = None) -> CycleOutcome:
    """Learn `job.library`. Raises EnvironmentProblem, NothingToLearn, NoSpaceLeft, Cancelled; each can be resumed."""
    journal = Journal(folder)
    recipe = recipe_with(overrides(job, ""), job.seed)
    subject = locate(job.library, environment_from_dict(job.environment), tools.language, tools.index)
    base = cache(tools.open_model)  # one copy for all that is asked before training; it goes before the next is loaded
    known = journal.once("known", lambda: _known(job, subject, base, progress, cancel))
    if known["skip"]:
        return _outcome(job, "skipped", (known["reason"],))
    ready = _prepared(journal, job, subject, recipe, tools, base, progress, cancel)
    base.cache_clear()
    probes, accepted, counts, items = ready.probes, ready.accepted, ready.counts, ready.items
    fitted = journal.once("fitted", lambda: tools.fit(items, recipe, folder, progress=progress, cancel=cancel))
    _record(tools, job, "train", [("train", {k: v for k, v in fitted.items() if k != "losses"})])
    report = records.gate_from(
        journal.once("gate", lambda: asdict(_judged(job, fitted, probes, subject, tools, folder, progress, cancel)))
    )
    _record(tools, job, "gate", [("gate", asdict(report))])
    made = candidate.Made(job, tools.now(), fitted, report, counts, accepted, recipe)
    candidate.complete(made, folder)
    status = "promoted" if report.promoted else "rejected"
    return _outcome(job, status, report.reasons, counts, fitted, report, fitted["digest"])


def prepare(job: LearnJob, folder: Path, tools: Tools, *, progress: Progress) -> Vetted:
    """The steps between asking what the base knows and training, and no other; `run` on the same folder goes on."""
    subject = locate(job.library, environment_from_dict(job.environment), tools.language, tools.index)
    recipe = recipe_with(overrides(job, ""), job.seed)
    return _prepared(Journal(folder), job, subject, recipe, tools, cache(tools.open_model), progress, None)


def _prepared(
    journal: Journal,
    job: LearnJob,
    subject: Subject,
    recipe: Recipe,
    tools: Tools,
    base: Base,
    progress: Progress,
    cancel: Cancel | None,
) -> Vetted:
    asked = tuple(case_text(case) for file in job.held_out for case in load_cases(Path(file)))
    evidence, skipped = collected(journal, job, asked, subject, tools, progress)
    probes, kept, held_texts = held_out(journal, evidence, subject, tools, recipe)
    edits, model = _written(journal, job, kept, subject, tools, recipe, base, progress, cancel)
    asking = [("writing", model)] if model["asked"] else []
    _record(tools, job, "edits", asking + [("self_edit", records.edit_row(e)) for e in edits])
    reviews = vetted(journal, job, edits, held_texts + asked, subject, tools, base, progress)
    _record(tools, job, "verdicts", [("verdict", records.verdict_row(r)) for r in reviews])
    accepted = [r.edit for r in reviews if r.accepted]
    if len(accepted) < LEAST_EDITS:
        why = f"{len(accepted)} of {len(edits)} self-edits passed vetting, {len(evidence)} pieces of evidence"
        raise NothingToLearn(f"{job.library}: {why}", hint="; ".join(f"{w}: {r}" for w, r in skipped[:3]))
    items = [item_of(edit, subject.surface, tools.language) for edit in accepted]
    return Vetted(subject, recipe, probes, accepted, count(reviews) | {"model": model}, items)


def overrides(job: LearnJob, group: str) -> dict:
    """The job's overrides of a group (`gate.`, `collect.`), without its name; those of no group are the recipe's."""
    if not group:
        return of_the_recipe(job.overrides)
    return {k.removeprefix(group): v for k, v in job.overrides.items() if k.startswith(group)}


def item_of(edit: SelfEdit, surface: ApiSurface, language: LanguageSupport) -> Item:
    """A self-edit as a training item, with the places where it names the library's API."""
    spans = sorted({(u.start, u.end) for u in language.uses(edit.text, [surface]) if u.exists})
    return Item(edit.text, len(edit.prompt), tuple(spans))


def _known(job: LearnJob, subject: Subject, base: Base, progress: Progress, cancel: Cancel | None) -> dict:
    progress("known", 0.0, "asking the base what it knows")
    found = knowledge(subject.surface, base(), cancel=cancel)
    skip = found.known and not job.force
    words = f"its name makes {found.asked} API names {found.gain:.2f} bits/byte cheaper"
    reason = f"the base model knows it already: {words}" if skip else ""
    progress("known", 1.0, reason or words)
    return asdict(found) | {"skip": skip, "reason": reason}


def collected(
    journal: Journal, job: LearnJob, asked: tuple[str, ...], subject: Subject, tools: Tools, progress: Progress
) -> tuple[list[Evidence], list[tuple[str, str]]]:
    def collect() -> dict:
        options = overrides(job, "collect.")
        sdist, missing = _sdist(options.pop("sdist", False), subject, tools, progress)
        found = gather(
            subject.library,
            subject.surface,
            subject.environment,
            language=tools.language,
            roots=tuple(Path(root) for root in job.roots),
            held_out=asked,
            sdist=sdist,
            progress=progress,
            **options,
        )
        return {"evidence": [asdict(e) for e in found.evidence], "skipped": [*missing, *found.skipped]}

    recorded = journal.once("evidence", collect)
    return [records.evidence_from(e) for e in recorded["evidence"]], [tuple(s) for s in recorded["skipped"]]


def _sdist(
    wanted: object, subject: Subject, tools: Tools, progress: Progress
) -> tuple[Path | None, list[tuple[str, str]]]:
    """(the archive, why there is none). `wanted`: a file that is here, or whether one is to be fetched. Without one
    what is installed is learned all the same, and the record says so."""
    if isinstance(wanted, str):
        if not Path(wanted).is_file():
            raise UsageError(f"no source distribution at {wanted}", hint="collect.sdist is true, false or an archive")
        return Path(wanted), []
    if not wanted:
        return None, []
    progress("collect", 0.0, "fetching the source distribution")
    try:
        return tools.fetch_sdist(subject.library.id), []
    except EnvironmentProblem as error:
        log.warning("%s", error)
        return None, [("sdist", str(error))]


def held_out(
    journal: Journal, evidence: list[Evidence], subject: Subject, tools: Tools, recipe: Recipe
) -> tuple[list[Case], list[Evidence], tuple[str, ...]]:
    """(probes, evidence that may train, texts that may not)."""

    def choose() -> dict:
        probes, units = hold_out(evidence, subject.surface, tools.language, seed=recipe.seed)
        return {"probes": [asdict(p) for p in probes], "units": sorted(units)}

    recorded = journal.once("probes", choose)
    units = set(recorded["units"])
    held = tuple(e.text for e in evidence if e.unit in units)
    return [records.case_from(p) for p in recorded["probes"]], [e for e in evidence if e.unit not in units], held


def _written(
    journal: Journal,
    job: LearnJob,
    evidence: list[Evidence],
    subject: Subject,
    tools: Tools,
    recipe: Recipe,
    base: Base,
    progress: Progress,
    cancel: Cancel | None,
) -> tuple[list[SelfEdit], dict]:
    """(self-edits, what the model was asked and why)."""

    def choose() -> dict:
        return asdict(mix_with(overrides(job, "write."), tools.recorded_mix(job.library), base()))

    mix = Mix(**journal.once("mix", choose))
    voice = lambda: voice_of(base(), tools.writer)  # noqa: E731 - opened only where something is asked
    edits, asked = written(journal, evidence, subject, tools.language, recipe, mix, voice, progress, cancel)
    return edits, model_report(asked, mix)


def vetted(
    journal: Journal,
    job: LearnJob,
    edits: list[SelfEdit],
    held_texts: tuple[str, ...],
    subject: Subject,
    tools: Tools,
    base: Base,
    progress: Progress,
) -> list[Review]:
    def judge() -> list[dict]:
        context = VetContext(
            surfaces=(subject.surface,),
            importable=importable(subject.installed, subject.environment, tools.language)
            | workspace_modules(job.roots),
            language=tools.language,
            held_out=held_texts,
            model=None if job.force else base(),  # who insists gets what the base may know too
            environment=subject.environment,
        )
        return [asdict(r) for r in review(edits, context, progress)]

    return [records.review_from(r) for r in journal.once("reviews", judge)]


def workspace_modules(roots: Sequence[str]) -> frozenset[str]:
    """Top-level modules of the workspace: its own call sites import them."""
    places = [place for root in map(Path, roots) for place in (root, root / "src") if place.is_dir()]
    modules = {path.stem for place in places for path in place.glob("*.py")}
    packages = {path.parent.name for place in places for path in place.glob("*/__init__.py")}
    return frozenset(modules | packages)


def _judged(
    job: LearnJob,
    fitted: dict,
    probes: list[Case],
    subject: Subject,
    tools: Tools,
    folder: Path,
    progress: Progress,
    cancel: Cancel | None,
) -> GateReport:
    progress("gate", 0.0, "loading what was trained")
    model = tools.open_model()
    model.load_adapter(folder / fitted["folder"], fitted["digest"])
    wrong = candidate.load_wrong(model, job.wrong_adapters)
    exam = Exam(
        probes,
        lambda prefix, answer: is_valid_answer(prefix, answer, subject.surface, tools.language),
        drift_texts(),
        wrong,
    )
    return examine(model, fitted["digest"], replace(exam, **overrides(job, "gate.")), progress=progress, cancel=cancel)


def _record(tools: Tools, job: LearnJob, step: str, rows: list[tuple[str, dict]]) -> None:
    """Append a step's rows to the ledger in one transaction, once a cycle."""
    subject = str(job.library)
    tools.ledger.append_many(
        [(kind, subject, data | {"cycle": job.cycle}) for kind, data in rows], once=f"{job.cycle}:{step}"
    )


def _outcome(
    job: LearnJob,
    status: str,
    reasons: Sequence[str],
    counts: dict | None = None,
    fitted: dict | None = None,
    report: GateReport | None = None,
    adapter: str = "",
) -> CycleOutcome:
    train = {k: v for k, v in (fitted or {}).items() if k not in ("folder", "digest")}
    gate = asdict(report) if report is not None else {}
    return CycleOutcome(job.cycle, job.library, status, tuple(reasons), counts or {}, train, gate, adapter)
