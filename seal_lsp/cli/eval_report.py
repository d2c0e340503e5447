"""The report of a comparison as data: numbers, where they come from, and everything needed to measure them again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median

from seal_lsp.cli.eval_learn import Learned, outcome_of
from seal_lsp.cli.eval_machine import machine, versions
from seal_lsp.cli.eval_product import PATIENCE
from seal_lsp.cli.eval_setup import Options, Subject, code_digest
from seal_lsp.core.library import LibraryId
from seal_lsp.lm.registry import ModelFolder
from seal_lsp.measure.arms import ANSWER_TOKENS, ARMS, PREFIX_TOKENS, RAG_TOKENS
from seal_lsp.measure.hover_lines import HoverLine, counted
from seal_lsp.measure.silence import silence
from seal_lsp.measure.tally import SPLITS, Row, compare

PAIRS = (
    *((arm, "base") for arm in ARMS[1:]), ("adapter", "wrong-adapter"), ("adapter", "base+rag"),
    ("adapter+rag", "base+rag"), ("product", "grounded"),
)  # fmt: skip
"""(arm, against which)."""


@dataclass(frozen=True)
class Measured:
    """What a run has found. `wrong` are the controls by the library that they were measured on, `live` the adapters
    that the product served."""

    subjects: Sequence[Subject]
    learned: Mapping[LibraryId, Learned]
    wrong: Mapping[LibraryId, Learned]
    live: Mapping[LibraryId, Learned]
    rows: Sequence[Row]
    hovers: Sequence[HoverLine] = ()


def report_of(options: Options, base: ModelFolder, found: Measured, not_run: Mapping[str, str]) -> dict:
    """JSON-friendly. Shares are 0..1; a difference is `arm` minus `against`, in bits_per_byte smaller is better."""
    arms, libraries, differences = compare(found.rows, PAIRS, resamples=options.resamples, seed=options.seed)
    return provenance(options, base) | {
        "settings": settings_of(options),
        "arms_run": list(options.arms),
        "arms_not_run": dict(not_run),
        "arms": arms,
        "differences": differences,
        "menu_ms": _median([row.milliseconds for row in found.rows if row.milliseconds is not None]),
        "silence": {
            split: silence(row for row in found.rows if row.arm == "product" and SPLITS[split](row))
            for split in ("noncopyable", "copyable")
        },
        "libraries": {
            subject.name: library_of(subject, found.learned.get(subject.library))
            | _served(subject, options, found)
            | {"arms": libraries.get(subject.name, {})}
            for subject in found.subjects
        },
        "hovers": counted(found.hovers, resamples=options.resamples, seed=options.seed) if found.hovers else None,
        "failures": _failures(options, found),
    }


def provenance(options: Options, base: ModelFolder, command: str = "eval") -> dict:
    return {
        "command": options.command_line(command),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": versions(),
        "code": code_digest(),
        "model": {"id": base.id, "digest": base.digest, "parameters": base.parameters, "spec": base.spec},
    }


def settings_of(options: Options) -> dict:
    return {
        "seed": options.seed,
        "limit": options.limit,
        "overrides": dict(options.overrides),
        "prefix_tokens": PREFIX_TOKENS,
        "rag_tokens": RAG_TOKENS,
        "answer_tokens": ANSWER_TOKENS,
        "resamples": options.resamples,
        "hover_symbols": options.hovers,
        "device": options.device,
        "runtime": options.runtime,
        "threads": options.threads,
        "product": PATIENCE | {"learn": "off"},
        "product_ignores_the_gate": options.ignore_gate,
        "product_document": "the rest of the cursor's line left out"
        if options.typed
        else "prefix and suffix as they are",
    }


def library_of(subject: Subject, learned: Learned | None) -> dict:
    """What was measured on, and how it was learned."""
    found: dict = {
        "cases": len(subject.cases),
        "files": {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in subject.files},
        "environment": subject.interpreter,
    }
    if learned is None:
        return found
    outcome, manifest = outcome_of(learned), learned.adapter.manifest if learned.adapter else {}
    return found | {
        "status": learned.status,
        "reasons": list(learned.reasons),
        "adapter": learned.adapter.digest if learned.adapter else "",
        "scale": learned.scale if learned.adapter else None,
        "learner_seconds": learned.seconds,
        "self_edits": outcome.self_edits if outcome else manifest.get("self_edits", {}),
        "gate": outcome.gate if outcome else manifest.get("gate", {}),
        "train": manifest.get("train", {}),
        "data_digest": manifest.get("data_digest", ""),
    }


def _served(subject: Subject, options: Options, found: Measured) -> dict:
    wrong = found.wrong.get(subject.library)
    return {
        "wrong_adapter": {"library": str(wrong.library), "adapter": wrong.adapter.digest} if wrong else None,
        "product_adapter": subject.library in found.live if "product" in options.arms else None,
    }


def _failures(options: Options, found: Measured) -> list[str]:
    """What a reader of the means must know."""
    said = []
    for subject in found.subjects:
        one = found.learned.get(subject.library)
        if one is not None and one.adapter is None:
            why = "; ".join(one.reasons)
            said.append(f"{subject.name} was not learned ({why}): its adapter arms are the bare base")
        elif "product" in options.arms and one is not None and subject.library not in found.live:
            why = "; ".join(one.reasons)
            said.append(f"{subject.name}: the gate rejected the adapter ({why}): the product served the bare base")
        if "wrong-adapter" in options.arms and subject.library not in found.wrong:
            said.append(f"{subject.name} has no wrong-library control: no other adapter was learned")
    return said


def _median(values: list[float]) -> float | None:
    return round(median(values), 1) if values else None
