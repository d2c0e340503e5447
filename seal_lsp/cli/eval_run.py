"""One comparison of arms, from case files to the numbers of its report. Composition: what is measured is in measure/.

Everything that was asked of a model or a server is kept below the report's folder, so that the same command goes on.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace

from filelock import FileLock, Timeout

from seal_lsp.cli.eval_facts import names_at_cases
from seal_lsp.cli.eval_hovers import ARMS as HOVER_ARMS
from seal_lsp.cli.eval_hovers import hover_lines, symbols_of
from seal_lsp.cli.eval_learn import Learned, check_overrides, evidence_of, learn_all, read_adapter
from seal_lsp.cli.eval_product import Shown, ask_product, served
from seal_lsp.cli.eval_progress import Watch
from seal_lsp.cli.eval_report import Measured, report_of
from seal_lsp.cli.eval_setup import Options, Subject, locate, subject_of
from seal_lsp.cli.private_home import private_home, weights_in
from seal_lsp.core.errors import UsageError
from seal_lsp.core.library import LibraryId
from seal_lsp.languages.python.support import Python
from seal_lsp.lm.registry import ModelFolder
from seal_lsp.measure.answers import Judgement, judge, without_half_name
from seal_lsp.measure.arms import Answer, AtHand, answers, cheapest_first
from seal_lsp.measure.hover_lines import HoverLine
from seal_lsp.measure.remembered import Memory, RememberedModel
from seal_lsp.measure.retrieval import Passages, passages_of
from seal_lsp.measure.tally import Row, row_of
from seal_lsp.store.disk import write_atomic
from seal_lsp.store.paths import Paths

PLACES = 16
"""So many places are asked for together, in each arm."""
LEARNED_ARMS = ("adapter", "adapter+rag", "wrong-adapter", "product")


@dataclass(frozen=True)
class Bench:
    """What every measurement of a run shares."""

    options: Options
    paths: Paths
    base: ModelFolder
    subjects: tuple[Subject, ...]
    memory: Memory
    watch: Watch


@contextmanager
def prepared(options: Options, watch: Watch) -> Iterator[Bench]:
    """What is wrong with the command line is found before anything that takes long. Raises UsageError, ModelError."""
    check_overrides(options.overrides, options.seed)
    located = locate(options)
    options.report.mkdir(parents=True, exist_ok=True)
    lock = FileLock(options.report / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UsageError(f"{options.report} is being written by another run", hint="give another --report") from None
    try:
        paths = private_home(options.report / "home")
        base = weights_in(paths, options.model)
        watch.say(f"base {base.id}; reading the libraries")
        subjects = tuple(subject_of(one, paths) for one in located)
        memory = Memory(options.report / "answers.jsonl")
        try:
            yield Bench(options, paths, base, subjects, memory, watch)
        finally:
            memory.close()
    finally:
        lock.release()


def possible_arms(bench: Bench, arms: Sequence[str], *, asked: bool) -> tuple[tuple[str, ...], dict[str, str]]:
    """(arms that can run, why others cannot). Raises UsageError for one that was asked for by name and cannot."""
    other_library = len({subject.library.name for subject in bench.subjects}) > 1
    reasons = {}
    if "wrong-adapter" in arms and bench.options.wrong_adapter is None and not other_library:
        reasons["wrong-adapter"] = "there is one library only: give a second one, or --wrong-adapter FOLDER"
    if reasons and asked:
        arm, why = next(iter(reasons.items()))
        raise UsageError(f"the arm {arm} cannot run", hint=why)
    return tuple(arm for arm in arms if arm not in reasons), reasons


def run(options: Options, watch: Watch, *, asked: bool = True) -> dict:
    """Measure, write DIR/results.jsonl, DIR/hovers.jsonl and DIR/report.json, and return the report."""
    began = time.monotonic()
    with prepared(options, watch) as bench:
        arms, not_run = possible_arms(bench, options.arms, asked=asked)
        bench = replace(bench, options=replace(options, arms=arms))
        learned = learn(bench, arms)
        wrong = wrong_adapters(bench, learned) if "wrong-adapter" in arms else {}
        rows, hovers = measure(bench, arms, learned, wrong)
    watch.say("counting")
    live = served(learned, bench.options) if "product" in arms else {}
    measured = Measured(bench.subjects, learned, wrong, live, rows, hovers)
    report = report_of(bench.options, bench.base, measured, not_run) | {
        "seconds": round(time.monotonic() - began, 1),
        "answers": {"asked": bench.memory.asked, "from_earlier_runs": bench.memory.found},
    }
    for name, some in {"results": rows, "hovers": hovers}.items():
        lines = "".join(json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in some)
        write_atomic(options.report / f"{name}.jsonl", lines)
    write_atomic(options.report / "report.json", json.dumps(report, ensure_ascii=False, indent=1) + "\n")
    return report


def learn(bench: Bench, arms: Sequence[str]) -> dict[LibraryId, Learned]:
    """The adapters of the run's libraries, where an arm needs them."""
    if not set(arms) & set(LEARNED_ARMS):
        return {}
    learned = learn_all(bench.subjects, bench.options, bench.paths, bench.base, bench.watch)
    for subject in bench.subjects:
        one = learned[subject.library]
        bench.watch.say(f"{subject.name}: {one.status} {'; '.join(one.reasons)}".rstrip())
    return learned


def load_model(bench: Bench):
    """(the model, its tokens), what it is asked remembered."""
    from seal_lsp.lm.load import load

    # Two arms' worth of prompts are kept: arms that are asked the same under the same adapter follow one another.
    model = load(
        bench.base,
        device=bench.options.device,
        runtime=bench.options.runtime,
        threads=bench.options.threads,
        prefixes=2 * PLACES,
    )
    return RememberedModel(model, bench.memory), model.tokens


def load_adapters(model: RememberedModel, adapters: Sequence[Learned]) -> None:
    """With the scale that the gate chose, as they are served."""
    for one in adapters:
        if one.adapter is not None and one.adapter.digest not in model.adapters():
            model.load_adapter(one.adapter.folder, one.adapter.digest)
            model.set_scale(one.adapter.digest, one.scale)


def measure(
    bench: Bench,
    arms: Sequence[str],
    learned: Mapping[LibraryId, Learned],
    wrong: Mapping[LibraryId, Learned],
) -> tuple[list[Row], list[HoverLine]]:
    names = {}
    if {"grounded", "product"} & set(arms):  # for the product it reads whatever its documents import into the index
        for subject in bench.subjects:
            names[subject.library] = names_at_cases(
                subject, bench.paths.index, bench.memory, bench.watch, typed=bench.options.typed
            )
    rows: list[Row] = []
    hovers: list[HoverLine] = []
    plain = [arm for arm in arms if arm != "product"]
    if plain:
        model, tokens = load_model(bench)
        load_adapters(model, [*learned.values(), *wrong.values()])
        for subject in bench.subjects:
            own, other = learned.get(subject.library), wrong.get(subject.library)
            passages = _passages(bench, subject, own) if any(arm.endswith("+rag") for arm in plain) else None
            found = names.get(subject.library, {})
            at_hand = AtHand(model, tokens, _digest(own), _digest(other), passages, found)
            rows += _arms(bench, subject, plain, at_hand)
            hovers += _hovers(bench, subject, plain, at_hand)
    if "product" in arms:
        live = served(learned, bench.options)
        shown = ask_product(bench.subjects, live, bench.options, bench.paths, bench.base, bench.memory, bench.watch)
        for subject in bench.subjects:
            rows += _product(subject, shown[subject.name], live)
    return rows, hovers


def _arms(bench: Bench, subject: Subject, arms: Sequence[str], at_hand: AtHand) -> list[Row]:
    """Rows place by place. What an arm says at a handful of places is asked together, which is several times faster."""
    rows = []
    with bench.watch.task(f"{subject.name}: {', '.join(arms)}", len(subject.cases) * len(arms)) as step:
        for start in range(0, len(subject.cases), PLACES):
            cases = subject.cases[start : start + PLACES]
            found = {}
            for arm in cheapest_first(arms, at_hand):
                found[arm] = []
                for case, given in zip(cases, answers(arm, cases, at_hand), strict=True):
                    judged = _judged(case, given, subject)
                    found[arm].append(row_of(arm, subject.name, case, given, judged, at_hand.under(arm) or ""))
                    step()
            rows += [found[arm][at] for at in range(len(cases)) for arm in arms]
    return rows


def _hovers(bench: Bench, subject: Subject, arms: Sequence[str], at_hand: AtHand) -> list[HoverLine]:
    some = [arm for arm in HOVER_ARMS if arm in arms]
    if not some or not bench.options.hovers:
        return []
    symbols = symbols_of(subject.surface, bench.options.hovers, seed=bench.options.seed)
    with bench.watch.task(f"{subject.name}: hover lines", len(symbols) * len(some)) as step:
        return hover_lines(some, symbols, subject, at_hand, step)


def _passages(bench: Bench, subject: Subject, own: Learned | None) -> Passages:
    bench.watch.say(f"{subject.name}: gathering what can be retrieved")
    return Passages(passages_of(evidence_of(subject, own)))


def _product(subject: Subject, shown: Sequence[Shown], live: Mapping[LibraryId, Learned]) -> list[Row]:
    own = live.get(subject.library)
    digest = own.adapter.digest if own and own.adapter else ""
    return [
        row_of(
            "product",
            subject.name,
            case,
            one.answer,
            _judged(case, one.answer, subject),
            digest,
            one.milliseconds,
            one.confidence,
        )
        for case, one in zip(subject.cases, shown, strict=True)
    ]


def _judged(case, given: Answer, subject: Subject) -> Judgement:
    text = without_half_name(given.text, given.finish)
    due = case.kind, case.candidates
    return judge(case.prefix, text, subject.surface, Python(), subject.importable, due=due)


def wrong_adapters(bench: Bench, learned: Mapping[LibraryId, Learned]) -> dict[LibraryId, Learned]:
    """For each library the adapter of another one: the one that was given, else the next that was learned, going round.
    A library for which there is none is left out, and its wrong-adapter arm is the bare base."""
    if bench.options.wrong_adapter is not None:
        adapter = read_adapter(bench.options.wrong_adapter, bench.base)
        if any(adapter.library.name == subject.library.name for subject in bench.subjects):
            what = f"--wrong-adapter is of {adapter.library}, which is measured"
            raise UsageError(what, hint="give an adapter of another library")
        return {subject.library: Learned(adapter.library, "given", (), adapter) for subject in bench.subjects}
    found = {}
    for at, subject in enumerate(bench.subjects):
        for other in (*bench.subjects[at + 1 :], *bench.subjects[:at]):
            one = learned[other.library]
            if one.adapter is not None and other.library.name != subject.library.name:
                found[subject.library] = one
                break
    return found


def _digest(learned: Learned | None) -> str | None:
    return learned.adapter.digest if learned is not None and learned.adapter is not None else None
