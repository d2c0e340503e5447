"""One run of the outer loop, from libraries to its report. Composition: what happens is in pipeline/outer_loop.py.

Trials, the recorded mixes and the writer go to the user's data, where the next learning finds them; all else stays in
the report's folder.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from seal_lsp.cli.eval_machine import machine, versions
from seal_lsp.cli.eval_progress import Watch
from seal_lsp.cli.eval_run import Bench as EvalBench
from seal_lsp.cli.eval_run import prepared
from seal_lsp.cli.eval_setup import SHAPE_AN_ADAPTER, Options, Subject, code_digest
from seal_lsp.collect.package_index import fetch_sdist
from seal_lsp.core.errors import UsageError
from seal_lsp.core.learning import LearnJob, of_the_recipe
from seal_lsp.core.library import LibraryId, environment_as_dict
from seal_lsp.languages.python.support import Python
from seal_lsp.measure.remembered import Memory
from seal_lsp.pipeline import cycle, outer_loop
from seal_lsp.pipeline.fit import fit_with
from seal_lsp.pipeline.writing import Mix, characters_for, token_budget
from seal_lsp.settings.schema import Settings
from seal_lsp.store.api_index import ApiIndex
from seal_lsp.store.disk import write_atomic
from seal_lsp.store.ledger import Ledger
from seal_lsp.store.paths import Paths
from seal_lsp.store.writers import Writers
from seal_lsp.train.recipe import Recipe, recipe_with

_TRAIN_PASSES = 4  # a trained token costs as much as so many scored ones: forward, backward, replay's second forward
_PROMPT_TOKENS = 400
_PROBE_TOKENS = 48 * 180


@dataclass(frozen=True)
class Plan:
    libraries: int
    mixes: int
    rounds: int
    model_share: float
    cost_only: bool


def run(options: Options, plan: Plan, watch: Watch) -> dict:
    """Say the cost, then do it; writes DIR/improve-writer.json. Raises UsageError when there is no library to hold out
    from the writer's training."""
    began = time.monotonic()
    with prepared(options, watch) as bench:
        subjects = bench.subjects[: plan.libraries]
        if len(subjects) < 2:
            raise UsageError(
                f"{len(subjects)} library is too few: one teaches the writer, another judges it",
                hint="give a second case file, or name==version",
            )
        recipe = recipe_with(of_the_recipe(options.overrides), options.seed)
        tried = outer_loop.mixes(plan.mixes, model_share=plan.model_share, seed=options.seed)
        model, open_model = _model(bench)
        cost = _cost(model, subjects, tried, plan, recipe)
        watch.say(cost["words"])
        found = {"command": _command(options, plan), "cost": cost}
        if plan.cost_only:
            return found
        writers = Writers(Paths.default().ensure().writers)
        memory = Memory(writers.trials)
        try:
            tools = cycle.Tools(
                language=Python(),
                open_model=open_model,
                fit=fit_with(open_model, bench.paths.rehearsals),
                index=ApiIndex(bench.paths.index),
                ledger=Ledger(bench.paths.ledger),
                now=lambda: datetime.now(UTC).isoformat(timespec="seconds"),
                fetch_sdist=partial(fetch_sdist, folder=bench.paths.sdists),
            )
            loop = outer_loop.Bench(
                tools, model, recipe, options.report / "outer-loop", memory, code_digest(*SHAPE_AN_ADAPTER), _quiet
            )
            grounds = []
            for subject in subjects:
                watch.say(f"{subject.name}: collecting, holding out, measuring the base")
                grounds.append(outer_loop.prepare(_job(subject, options, bench.base.id), loop))
            rounds = outer_loop.improve(grounds, tried, plan.rounds, loop, watch.say)
            found |= {
                "held_out": subjects[-1].name,
                "model": {"id": bench.base.id, "digest": bench.base.digest, "parameters": bench.base.parameters},
                "recipe": recipe.as_dict(),
                "rounds": [_round(one) for one in rounds],
                "best": _best(rounds, tried, writers, bench),
                "writer": _writer(rounds, writers, bench, subjects),
                "trials": {"file": str(writers.trials), "asked": memory.asked, "from_earlier_runs": memory.found},
            }
        finally:
            memory.close()
    found |= {"machine": machine(), "versions": versions(), "seconds": round(time.monotonic() - began, 1)}
    write_atomic(options.report / "improve-writer.json", json.dumps(found, ensure_ascii=False, indent=1) + "\n")
    return found


def _model(bench: EvalBench):
    from seal_lsp.lm.load import load

    def open_model():
        return load(bench.base, device=bench.options.device, threads=bench.options.threads)

    return open_model(), open_model


def _job(subject: Subject, options: Options, model: str) -> LearnJob:
    return LearnJob(
        cycle=f"outer-loop-{subject.name}",
        library=subject.library,
        environment=environment_as_dict(subject.environment),
        roots=(),
        reason="improve-writer",
        model=model,
        seed=options.seed,
        force=True,
        overrides=Settings().learn_overrides() | {k: v for k, v in options.overrides.items() if "." in k},
        held_out=tuple(str(file.absolute()) for file in subject.files),
    )


def _cost(model, subjects: Sequence[Subject], tried: Sequence[Mix], plan: Plan, recipe: Recipe) -> dict:
    """What a run costs at most, in tokens, and in minutes by the speed of one forward pass here."""
    began = time.monotonic()
    scored = model.score([("", "value = compute(first, second)\n" * 40)] * 2)
    speed = sum(one.tokens for one in scored) / (time.monotonic() - began)
    asking = [mix for mix in tried if mix.model_share > 0]
    trials = plan.rounds * (len(subjects) * len(tried) + len(asking))
    generated = plan.rounds * (len(subjects) + 1) * sum(token_budget(mix, characters_for(recipe)) for mix in asking)
    trained = trials * recipe.tokens
    passes = trained * _TRAIN_PASSES + (trials + len(subjects)) * _PROBE_TOKENS
    passes += generated * (1 + _PROMPT_TOKENS / 64)  # a request for every 64 tokens of answers
    minutes = passes / speed / 60
    words = (
        f"{trials} trials train on {trained:,} tokens in all, the model writes at most {generated:,}: about "
        f"{max(1, round(minutes)):,} minutes here ({speed:,.0f} tokens/s forward), the writer's own training on top"
    )
    return {"trials": trials, "trained_tokens": trained, "generated_tokens": generated, "minutes": round(minutes, 1),
            "forward_tokens_per_second": round(speed), "words": words}  # fmt: skip


def _round(one: outer_loop.Round) -> dict:
    return {
        "trials": [_trial(row) for row in one.rows],
        "why": one.why,
        "pairs": one.taught.pairs if one.taught else 0,
        "training": {k: one.taught.record[k] for k in ("steps", "tokens", "seconds", "losses")} if one.taught else {},
        "before": one.before,
        "after": one.after,
    }


def _trial(row: Mapping) -> dict:
    counts, wrote = row["counts"], outer_loop.writing_of([row])
    return {
        "library": row["library"],
        "set": row["mix"]["write.model_seed"],
        "model_share": row["mix"]["write.model_share"],
        "shares": row["mix"]["write.shares"],
        "writer": row["writer"],
        **{key: wrote[key] for key in ("asked", "read", "dropped", "passed")},
        "dropped_why": row["model"]["dropped"],
        "kept": counts["kept"],
        "rejected_formats": counts["rejected_formats"],
        "tokens": row["tokens"],
        "gain": row["gain"],
    }


def _best(rounds: Sequence[outer_loop.Round], tried: Sequence[Mix], writers: Writers, bench: EvalBench) -> dict:
    """Each library's best mix under the bare base; recorded for its next learning where it is better than the default
    with certainty, since the best of several is always a little lucky."""
    found = {}
    by_library: dict[str, list[Mapping]] = {}
    for row in rounds[0].rows:
        by_library.setdefault(row["library"], []).append(row)
    for library, rows in by_library.items():
        row, over = outer_loop.best(rows, rows[0])
        certain = over["low"] > 0
        options = {key.removeprefix("write."): value for key, value in row["mix"].items()}
        options.pop("model_tokens")
        measured = {"gain": row["gain"], "over_default": over, "tokens": row["tokens"], "trials": len(rows)}
        writers.keep_mix(LibraryId.parse(library), bench.base.digest, options if certain else None, measured)
        found[library] = {"set": row["mix"]["write.model_seed"], "mix": options, "over_default": over,
                          "recorded": certain}  # fmt: skip
    return found


def _writer(
    rounds: Sequence[outer_loop.Round], writers: Writers, bench: EvalBench, subjects: Sequence[Subject]
) -> dict:
    """Keep the last writer; learning uses it only when more of its self-edits pass and they gain no less."""
    last = next((one for one in reversed(rounds) if one.taught), None)
    if last is None:
        return {"digest": "", "used": False, "words": "no writer was taught"}
    first = rounds[0].before
    better = last.after["passed_share"] > first["passed_share"] and last.after["gain"] >= first["gain"]
    digest = last.taught.digest
    manifest = {
        "base": {"id": bench.base.id},
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "pairs": last.taught.pairs,
        "taught_by": [subject.name for subject in subjects[:-1]],
        "judged_on": subjects[-1].name,
        "before": first,
        "after": last.after,
        "train": last.taught.recipe.as_dict() | {k: last.taught.record[k] for k in ("steps", "tokens", "losses")},
        "versions": versions(),
    }
    folder = writers.install(last.taught.folder, digest, bench.base.digest, manifest)
    if better:
        writers.use(digest, bench.base.digest)
    verb = "is used where the model writes self-edits" if better else "is kept, not used: it was not better"
    return {"digest": digest, "folder": str(folder), "used": better, "words": f"the writer {digest[:12]} {verb}"}


def _command(options: Options, plan: Plan) -> str:
    numbers = {"libraries": plan.libraries, "mixes": plan.mixes, "rounds": plan.rounds, "model-share": plan.model_share}
    return options.command_line("improve-writer") + "".join(f" --{name} {n}" for name, n in numbers.items())


def _quiet(phase: str, fraction: float, message: str) -> None:
    """The trials' own lines say enough."""
