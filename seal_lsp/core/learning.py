"""Values that move forward through a learning cycle: evidence -> self-edit -> review -> adapter -> gate decision.

Stages never import one another; they pass these. Everything is frozen and JSON-friendly (`dataclasses.asdict`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from seal_lsp.core.library import LibraryId


def digest_of(value: object) -> str:
    """sha256 hex of a JSON-friendly value, keys sorted: identity for snippets and inputs."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where evidence was read. `source`: workspace, docstring, readme, sdist, dependent, library or surface.
    `sha256` is of the evidence text; `line` is 1-based, 0 when unknown."""

    source: str
    distribution: str
    version: str
    file: str
    line: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Text about a library: `kind` is usage (runnable code that calls it) or source (the library's own code).

    `unit` names the independent thing it came from (a README section, a function, a file): held-out probes are drawn
    by unit, so that no sibling line of a probe is trained on.
    """

    kind: str
    text: str
    unit: str
    symbols: tuple[str, ...]
    provenance: Provenance

    @property
    def shown(self) -> bool:
        """Whether it is what people write or are shown, not the library's own code."""
        return self.provenance.source != "library"


@dataclass(frozen=True, slots=True)
class SelfEdit:
    """One training snippet: loss is taken on `completion`, never on `prompt`. `writer` is template:NAME or model:ID."""

    format: str
    prompt: str
    completion: str
    library: LibraryId
    symbols: tuple[str, ...]
    provenance: tuple[Provenance, ...]
    writer: str

    @property
    def id(self) -> str:
        return digest_of([self.format, self.prompt, self.completion, str(self.library)])

    @property
    def text(self) -> str:
        return self.prompt + self.completion


@dataclass(frozen=True, slots=True)
class Verdict:
    """One check's word on one self-edit. `reason` is empty when it passed."""

    check: str
    passed: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Review:
    """A self-edit with every verdict given on it; the first failed check ends the review."""

    edit: SelfEdit
    verdicts: tuple[Verdict, ...]

    @property
    def accepted(self) -> bool:
        return all(v.passed for v in self.verdicts)

    @property
    def rejection(self) -> Verdict | None:
        return next((v for v in self.verdicts if not v.passed), None)


@dataclass(frozen=True, slots=True)
class Case:
    """A held-out place where code names an API (schema of `cases.jsonl`): `prefix` ends where `gold` starts."""

    library: str
    version: str
    package: str
    path: str
    kind: str
    gold: str
    copyable: bool
    candidates: tuple[str, ...]
    prefix: str
    suffix: str
    id: str = ""


WHERE = ("device", "runtime", "weights")
"""Overrides that say where the model runs; no recipe has them. Answers are judged on the `runtime` that serves them."""


def of_the_recipe(overrides: Mapping[str, object]) -> dict:
    """Those that are recipe fields: of no stage, and not WHERE."""
    return {name: value for name, value in overrides.items() if "." not in name and name not in WHERE}


@dataclass(frozen=True, slots=True)
class LearnJob:
    """What the engine asks of a learner process (`job.json`). `overrides` are recipe fields changed for this run, with
    a dot options of a stage (`gate.*`, `collect.*`), and what it runs on (WHERE). `held_out` are paths of case files
    (JSONL): nothing that shares 13 words with one of their places is trained on."""

    cycle: str
    library: LibraryId
    environment: dict
    roots: tuple[str, ...]
    reason: str
    model: str
    seed: int = 0
    force: bool = False
    overrides: dict = field(default_factory=dict)
    wrong_adapters: tuple[str, ...] = ()
    parent: str = ""
    held_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GateReport:
    """Every number behind a promotion. Gains are base minus adapter in bits per byte on gold names (positive is better)
    with a 95 % paired-bootstrap interval; drift is in bits per token and as a ratio of bits per byte."""

    promoted: bool
    reasons: tuple[str, ...]
    scale: float
    own: dict
    wrong_library: dict | None
    drift: dict
    canaries: dict
    valid_share: dict
    probes: int


@dataclass(frozen=True, slots=True)
class CycleOutcome:
    """What a learner leaves behind (`outcome.json`). `status`: promoted (the gate said yes; the engine makes it live),
    rejected, skipped (the base knows it already, or nothing to learn)."""

    cycle: str
    library: LibraryId
    status: str
    reasons: tuple[str, ...]
    self_edits: dict
    train: dict
    gate: dict
    adapter: str = ""

    def as_dict(self) -> dict:
        return asdict(self)
