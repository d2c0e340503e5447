"""Learn the libraries of a measurement with the real learner process, one after the other, or take given adapters.

A cycle's folder is named by everything that shapes its adapter, so the same run takes it up again, finished or not. The
gate's word is recorded, not obeyed: a rejected adapter is measured too.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from seal_lsp.cli.eval_progress import Watch
from seal_lsp.cli.eval_setup import SHAPE_AN_ADAPTER, Options, Subject, code_digest
from seal_lsp.core import errors
from seal_lsp.core.errors import Cancelled, SealError, UsageError
from seal_lsp.core.learning import CycleOutcome, Evidence, LearnJob, digest_of, of_the_recipe
from seal_lsp.core.library import LibraryId, environment_as_dict
from seal_lsp.languages.python.fingerprint import fingerprint
from seal_lsp.languages.python.support import Python
from seal_lsp.lm.registry import ModelFolder
from seal_lsp.measure.overlap import case_text
from seal_lsp.store.disk import write_atomic
from seal_lsp.store.manifest import Adapter, read_candidate
from seal_lsp.store.paths import Paths

STATUSES = ("promoted", "rejected", "failed", "given")


@dataclass(frozen=True)
class Learned:
    """How learning one library ended. `status`: promoted, rejected (both leave an adapter), failed (none), given (the
    adapter came from a folder). `seconds` are the learner's, over all its runs; `folder` is the cycle's."""

    library: LibraryId
    status: str
    reasons: tuple[str, ...] = ()
    adapter: Adapter | None = None
    folder: Path | None = None
    seconds: float | None = None

    @property
    def scale(self) -> float:
        return float(self.adapter.manifest.get("scale", 1.0)) if self.adapter else 1.0


def check_overrides(overrides: Mapping[str, object], seed: int) -> None:
    """Raises UsageError for a recipe field that does not exist, before anything is learned."""
    from seal_lsp.train.recipe import recipe_with

    recipe_with(of_the_recipe(overrides), seed)


def given(options: Options, base: ModelFolder) -> dict[LibraryId, Learned]:
    """The adapters of --adapter, by library. Raises UsageError when one was trained on other weights."""
    found: dict[LibraryId, Learned] = {}
    for folder in options.adapters:
        adapter = read_adapter(folder, base)
        gate = adapter.manifest.get("gate", {})
        found[adapter.library] = Learned(adapter.library, "given", tuple(gate.get("reasons", ())), adapter)
    return found


def read_adapter(folder: Path, base: ModelFolder) -> Adapter:
    adapter = read_candidate(folder)
    if adapter.base != base.digest:
        raise UsageError(
            f"the adapter in {folder} belongs to other weights: {adapter.base[:12]}, not {base.id}, {base.digest[:12]}",
            hint="give its model with --model, or learn the library anew",
        )
    return adapter


def learn_all(
    subjects: Sequence[Subject], options: Options, paths: Paths, base: ModelFolder, watch: Watch
) -> dict[LibraryId, Learned]:
    """Every library's adapter. Each learner is given the adapters learned before it as the gate's wrong-library
    control, as the engine does."""
    done = given(options, base)
    for subject in subjects:
        if subject.library in done:
            continue
        controls = [
            one.adapter.folder for one in done.values() if one.adapter and one.library.name != subject.library.name
        ]
        done[subject.library] = asyncio.run(_learn(subject, options, paths, base, controls, watch))
    return done


async def _learn(
    subject: Subject, options: Options, paths: Paths, base: ModelFolder, controls: Sequence[Path], watch: Watch
) -> Learned:
    from seal_lsp.client.wire import encode
    from seal_lsp.settings.schema import Settings

    where = {name: value for name in ("device", "runtime") if (value := getattr(options, name)) != "auto"}
    overrides = Settings().learn_overrides() | where | dict(options.overrides)
    inputs = {
        "library": subject.name,
        "installed": fingerprint(subject.installed),
        "environment": environment_as_dict(subject.environment),
        "base": base.digest,
        "seed": options.seed,
        "overrides": overrides,
        "held_out": sorted(digest_of(file.read_text(encoding="utf-8")) for file in subject.files),
        "controls": [read_candidate(folder).digest for folder in controls],
        "code": code_digest(*SHAPE_AN_ADAPTER),
    }
    cycle = f"{subject.library.name}-{subject.library.version}-{digest_of(inputs)[:12]}"
    folder = options.report / "learned" / cycle
    if not (folder / "outcome.json").is_file():
        _say_what_else_is_there(subject, folder, watch)
        folder.mkdir(parents=True, exist_ok=True)
        job = LearnJob(
            cycle=cycle,
            library=subject.library,
            environment=inputs["environment"],
            roots=(),
            reason="eval",
            model=base.id,
            seed=options.seed,
            force=True,
            overrides=overrides,
            wrong_adapters=tuple(map(str, controls)),
            held_out=tuple(str(file.absolute()) for file in subject.files),
        )
        write_atomic(folder / "job.json", encode(job))
        await _run_learner(folder, paths, subject.name, watch)
    return _ended(subject.library, folder)


def _say_what_else_is_there(subject: Subject, folder: Path, watch: Watch) -> None:
    """A library is learned again when anything changed that shapes its adapter, this package's code included."""
    if folder.exists():
        watch.say(f"{subject.name}: taking its learning up again")
        return
    name = f"{subject.library.name}-{subject.library.version}-*"
    for other in sorted(folder.parent.glob(f"{name}/adapter/manifest.json")):
        watch.say(
            f"{subject.name} is learned anew: {other.parent} had other inputs or code (--adapter takes it as it is)"
        )


async def _run_learner(folder: Path, paths: Paths, name: str, watch: Watch) -> None:
    """Raises Cancelled when it was stopped, and what says that the command line was wrong."""
    from seal_lsp.engine.learner import LEARNER, LearnerProcess, overall

    began = time.monotonic()
    home = paths.data.parent
    with watch.task(f"learning {name}", 100) as step:

        def report(phase: str, fraction: float, message: str) -> None:
            step.to(overall(phase, fraction), f"{phase}: {message}")

        process = LearnerProcess(LEARNER, folder, report, environ={"SEAL_HOME": str(home)}, lowest=False)
        await process.start()
        waiting = asyncio.ensure_future(process.wait())
        try:
            code = await asyncio.shield(waiting)
        except asyncio.CancelledError:
            await process.stop()
            await waiting
            raise
        finally:
            spent = _read(folder / "wall.json").get("seconds", 0.0) + time.monotonic() - began
            write_atomic(folder / "wall.json", json.dumps({"seconds": round(spent, 1)}))
    await asyncio.sleep(0)  # a stop that came in the lines above would be lost with the end of this task
    if code == Cancelled.exit_code:
        raise Cancelled(f"learning {name} was stopped", hint="the same command takes it up again")
    if code != 0 and not (folder / "error.json").is_file():
        raise SealError(f"the learner of {name} ended with {code}: {process.last_words}", hint=f"see {folder}")


def _ended(library: LibraryId, folder: Path) -> Learned:
    seconds = _read(folder / "wall.json").get("seconds")
    outcome = _read(folder / "outcome.json")
    if outcome:
        reasons = tuple(outcome["reasons"])
        if outcome["status"] in ("promoted", "rejected"):
            return Learned(library, outcome["status"], reasons, read_candidate(folder / "adapter"), folder, seconds)
        return Learned(library, "failed", reasons, None, folder, seconds)
    error = _read(folder / "error.json")
    if error.get("type") == UsageError.__name__:
        raise UsageError(error.get("message", ""), hint=error.get("hint", ""))
    if error.get("type") in (errors.ModelError.__name__, errors.NoSpaceLeft.__name__):
        raise getattr(errors, error["type"])(error.get("message", ""), hint=error.get("hint", ""))
    why = ": ".join(part for part in (error.get("type", ""), error.get("message", "")) if part)
    return Learned(library, "failed", (why or "the learner left no word",), None, folder, seconds)


def outcome_of(learned: Learned) -> CycleOutcome | None:
    """What the cycle recorded; None for adapters from folders and for cycles that failed."""
    found = _read(learned.folder / "outcome.json") if learned.folder else {}
    return CycleOutcome(**(found | {"library": learned.library, "reasons": tuple(found["reasons"])})) if found else None


def evidence_of(subject: Subject, learned: Learned | None) -> list[Evidence]:
    """What the collector gathered about the library, without what shares 13 words with its cases: the learner's own
    record where there is one."""
    from seal_lsp.collect.gather import gather
    from seal_lsp.measure.cases import load_cases
    from seal_lsp.pipeline.records import evidence_from

    recorded = _read(learned.folder / "evidence.json") if learned and learned.folder else {}
    if recorded:
        return [evidence_from(one) for one in recorded["evidence"]]
    held_out = [case_text(case) for file in subject.files for case in load_cases(file)]
    found = gather(subject.installed, subject.surface, subject.environment, language=Python(), held_out=held_out)
    return list(found.evidence)


def _read(file: Path) -> dict:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
