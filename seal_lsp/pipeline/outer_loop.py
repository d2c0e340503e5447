"""SEAL's outer loop in the small (ReST-EM, arXiv 2506.10943): try mixes, measure, keep the best, teach the writer.

A trial writes self-edits in one mix, vets them, trains an adapter shortly with the real fit and measures what it gains
on the library's held-out places; the adapter is deleted then, never merged, never live. The writer is the base under an
adapter trained on the model-written self-edits of trials that gained more than their library's mean; it is judged on a
library whose trials taught it nothing. Knows no command line.
"""

from __future__ import annotations

import math
import random
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean

from seal_lsp.core.learning import Case, Evidence, LearnJob, digest_of
from seal_lsp.core.library import environment_from_dict
from seal_lsp.core.lm import LanguageModel
from seal_lsp.core.progress import Progress
from seal_lsp.gate.examine import name_bits
from seal_lsp.measure.bootstrap import paired
from seal_lsp.measure.cases import load_cases
from seal_lsp.measure.overlap import case_text
from seal_lsp.measure.remembered import Memory
from seal_lsp.pipeline import cycle
from seal_lsp.pipeline.journal import Journal
from seal_lsp.pipeline.subject import Subject, locate
from seal_lsp.pipeline.writer_training import Taught, teach
from seal_lsp.pipeline.writing import Mix, Writer, asked_in, count, model_report, voice_of, written
from seal_lsp.self_edits.model_writer import lessons
from seal_lsp.self_edits.write import SHARES
from seal_lsp.train.recipe import Recipe

_SPREAD = 0.6  # standard deviation of the logarithm by which a format's share is changed


@dataclass(frozen=True)
class Bench:
    """What all trials share. `folder` holds work that can be resumed, `memory` the trials; `code` names the code."""

    tools: cycle.Tools
    model: LanguageModel
    recipe: Recipe
    folder: Path
    memory: Memory
    code: str
    progress: Progress


@dataclass(frozen=True)
class Ground:
    """A library made ready once for all its trials. `texts` may not be trained on."""

    job: LearnJob
    subject: Subject
    evidence: list[Evidence]
    probes: list[Case]
    texts: tuple[str, ...]
    base_bits: list[float]

    @property
    def digest(self) -> str:
        return digest_of([[e.provenance.sha256 for e in self.evidence], self.texts, [p.id for p in self.probes]])


def prepare(job: LearnJob, bench: Bench) -> Ground:
    """Collect and hold out, as a cycle does, and measure the base. Raises EnvironmentProblem."""
    journal = Journal(bench.folder / "grounds" / f"{job.library}-{digest_of([asdict(job), bench.code])[:12]}")
    tools = bench.tools
    subject = locate(job.library, environment_from_dict(job.environment), tools.language, tools.index)
    asked = tuple(case_text(case) for file in job.held_out for case in load_cases(Path(file)))
    evidence, _ = cycle.collected(journal, job, asked, subject, tools, bench.progress)
    probes, kept, held = cycle.held_out(journal, evidence, subject, tools, bench.recipe)
    bits = journal.once("base_bits", lambda: name_bits(bench.model, probes, None, None))
    return Ground(job, subject, kept, probes, held + asked, bits)


def mixes(number: int, *, model_share: float, seed: int) -> list[Mix]:
    """The default first; then the default with a set of model-written self-edits; then changed shares, each with a set
    of its own. With `model_share` 0 only the shares change."""
    found = [Mix(0.0, dict(SHARES), why="trial")]
    for k in range(1, number):
        rng = random.Random(f"{seed}:{k}")
        changed = {name: share * math.exp(rng.gauss(0.0, _SPREAD)) for name, share in SHARES.items()}
        total = sum(changed.values())
        keeps = k == 1 and model_share > 0
        shares = dict(SHARES) if keeps else {name: round(share / total, 4) for name, share in changed.items()}
        found.append(Mix(model_share, shares, model_seed=k, why="trial"))
    return found


def attempt(ground: Ground, mix: Mix, writer: Writer | None, bench: Bench) -> dict:
    """One trial, or what is remembered of it: {library, evidence, mix, writer, asked, accepted, counts, model, tokens,
    bits, gain}. Its adapter is gone afterwards."""
    question = {
        "library": str(ground.job.library),
        "evidence": ground.digest,
        "base": bench.model.info.digest,
        "runtime": [bench.model.info.runtime, bench.model.info.device],
        "recipe": bench.recipe.as_dict(),
        "mix": mix.overrides(),
        "writer": writer[1] if writer else "",
        "code": bench.code,
    }
    journal = Journal(bench.folder / "trials" / f"{ground.job.library}-{digest_of(question)[:12]}")
    row = bench.memory.once(question, lambda: question | _tried(ground, mix, writer, bench, journal))
    for leftover in ("weights", "checkpoints"):
        shutil.rmtree(journal.folder / leftover, ignore_errors=True)
    return row


def best(rows: Sequence[Mapping], default: Mapping) -> tuple[Mapping, dict]:
    """(the trial with the largest gain, its gain over the default mix as an interval)."""
    found = max(rows, key=lambda row: row["gain"]["mean"])
    return found, paired(default["bits"], found["bits"]).as_dict()


def winners(rows: Sequence[Mapping]) -> list[Mapping]:
    """Of each library's trials those with a positive gain above the library's mean."""
    found = []
    for library in dict.fromkeys(row["library"] for row in rows):
        own = [row for row in rows if row["library"] == library]
        mean = fmean(row["gain"]["mean"] for row in own)
        found += [row for row in own if row["gain"]["mean"] > max(0.0, mean)]
    return found


def writing_of(rows: Sequence[Mapping]) -> dict:
    """How a writer did over trials: requests, pieces that could be read and could not, that passed vetting, gain."""
    read = dropped = passed = 0
    for row in rows:
        own = [edit for one in asked_in(row["asked"]) for edit in one.edits]
        read += len(own)
        dropped += sum(len(one["dropped"]) for one in row["asked"])
        passed += len({edit.id for edit in own} & set(row["accepted"]))
    return {
        "asked": sum(len(row["asked"]) for row in rows),
        "read": read,
        "dropped": dropped,
        "passed": passed,
        "passed_share": round(passed / (read + dropped), 4) if read + dropped else 0.0,
        "gain": round(fmean(row["gain"]["mean"] for row in rows), 4) if rows else 0.0,
    }


@dataclass(frozen=True)
class Round:
    """`rows` are this round's trials by library; `taught` is None, and `why` says it, where there was nothing to learn
    from. `before` and `after` are `writing_of` on the held-out library."""

    rows: list[Mapping]
    taught: Taught | None
    why: str
    before: dict
    after: dict


def improve(
    grounds: Sequence[Ground], tried: Sequence[Mix], rounds: int, bench: Bench, say: Callable[[str], None]
) -> list[Round]:
    """Rounds of trials and teaching; the last library is held out from teaching. Each writer starts from the base and
    learns from the winners of all rounds so far: adapters are never trained one on another."""
    held = grounds[-1]
    asking = [mix for mix in tried if mix.model_share > 0]
    writer: Writer | None = None
    lectures: list[tuple[str, str]] = []
    found: list[Round] = []
    for number in range(1, rounds + 1):
        rows = []
        for ground in grounds:
            for mix in tried:
                rows.append(attempt(ground, mix, writer, bench))
                say(f"round {number}: {_line(rows[-1])}")
        before = [row for row in rows if row["library"] == str(held.job.library) and row["asked"]]
        end = voice_of(bench.model).end
        for row in winners([row for row in rows if row["library"] != str(held.job.library)]):
            lectures += lessons(asked_in(row["asked"]), set(row["accepted"]), end)
        lectures = list(dict.fromkeys(lectures))
        if not lectures:
            why = "no trial that gained more than its library's mean had a model-written self-edit that passed vetting"
            found.append(Round(rows, None, why, writing_of(before), {}))
            break
        say(f"round {number}: the writer learns from {len(lectures)} answers")
        taught = teach(lectures, bench.tools.fit, bench.recipe, bench.folder / "writers", bench.progress)
        writer = (taught.folder, taught.digest)
        after = [attempt(held, mix, writer, bench) for mix in asking]
        for row in after:
            say(f"round {number}: after, {_line(row)}")
        found.append(Round(rows, taught, "", writing_of(before), writing_of(after)))
    return found


def _tried(ground: Ground, mix: Mix, writer: Writer | None, bench: Bench, journal: Journal) -> dict:
    tools, subject, job = bench.tools, ground.subject, ground.job
    voice = voice_of(bench.model, writer)
    edits, asked = written(
        journal, ground.evidence, subject, tools.language, bench.recipe, mix, lambda: voice, bench.progress
    )
    reviews = cycle.vetted(journal, job, edits, ground.texts, subject, tools, lambda: bench.model, bench.progress)
    accepted = [r.edit for r in reviews if r.accepted]
    items = [cycle.item_of(edit, subject.surface, tools.language) for edit in accepted]
    bits, tokens = ground.base_bits, 0
    if items:
        fitted = journal.once(
            "fitted", lambda: tools.fit(items, bench.recipe, journal.folder, progress=bench.progress, cancel=None)
        )
        tokens = fitted["tokens"]
        bench.model.load_adapter(journal.folder / fitted["folder"], fitted["digest"])
        bits = name_bits(bench.model, ground.probes, fitted["digest"], None)
        bench.model.unload_adapter(fitted["digest"])
    return {
        "asked": [asdict(one) for one in asked],
        "templates": [asdict(e) for e in accepted if not e.writer.startswith("model:")],
        "accepted": [edit.id for edit in accepted],
        "counts": count(reviews),
        "model": model_report(asked, mix),
        "tokens": tokens,
        "bits": bits,
        "gain": paired(ground.base_bits, bits).as_dict(),
    }


def _line(row: Mapping) -> str:
    gain, mix = row["gain"], row["mix"]
    wrote = writing_of([row])
    share = f"model share {mix['write.model_share']:g}" + (f", writer {row['writer'][:12]}" if row["writer"] else "")
    return (
        f"{row['library']} set {mix['write.model_seed']} ({share}): {gain['mean']:+.3f} bits/byte "
        f"[{gain['low']:+.3f}, {gain['high']:+.3f}]; the model's {wrote['passed']} of {wrote['read']} read passed"
    )
