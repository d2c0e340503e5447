"""The SEAL API: messages between a client and an engine at a URL, one light module that both sides share.

JSON over HTTP; routes are in engine/app.py and client/engine_client.py. Libraries travel as `name@version`, nearest
to the cursor first: the engine runs a request under the first of them that has a live adapter, else under none.
"""

from __future__ import annotations

from dataclasses import dataclass, field

API_VERSION = 1


@dataclass(frozen=True, slots=True)
class LearnedLibrary:
    """A library as the engine sees it; `state`: live, rejected, learning, queued, paused, known or failed."""

    library: str
    state: str
    adapter: str = ""
    learned_at: str = ""
    snippets: int = 0
    gain: float | None = None
    previous: str = ""
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Learning:
    """The learning under way. `phase`: known, collect, write, vet, train, gate, live. `fraction` is 0..1 overall."""

    cycle: str
    library: str
    phase: str
    fraction: float
    message: str


@dataclass(frozen=True, slots=True)
class Status:
    """`kind` is Copilot's: Normal, Warning, Error, Inactive. `state`: loading, ready, learning, paused, problem."""

    state: str
    kind: str
    message: str
    model: str = ""
    runtime: str = ""
    learning: Learning | None = None
    queue: tuple[str, ...] = ()
    libraries: tuple[LearnedLibrary, ...] = ()
    paused: bool = False
    version: str = ""
    pid: int = 0
    uptime_s: float = 0.0


@dataclass(frozen=True, slots=True)
class RankRequest:
    prefix: str
    candidates: tuple[str, ...]
    libraries: tuple[str, ...] = ()
    deadline_ms: int | None = None
    request: str = ""  # an id that /v1/cancel names
    context: str = ""  # read before the prefix


@dataclass(frozen=True, slots=True)
class RankReply:
    """`scores` are natural-log probabilities of the candidates as whole names, in their order."""

    scores: tuple[float, ...]
    adapter: str
    model: str
    ms: float


@dataclass(frozen=True, slots=True)
class CompleteRequest:
    prefix: str
    suffix: str = ""
    libraries: tuple[str, ...] = ()
    max_tokens: int = 48
    stop: tuple[str, ...] = ()
    n: int = 1
    deadline_ms: int | None = None
    request: str = ""
    background: bool = False
    context: str = ""


@dataclass(frozen=True, slots=True)
class CompleteReply:
    texts: tuple[str, ...]
    adapter: str
    model: str
    finish: str
    logprob: float
    ms: float


@dataclass(frozen=True, slots=True)
class UsageLineRequest:
    """Ask for a model-written, vetted usage line of a symbol for its hover. Never blocks: state tells."""

    library: str
    symbol: str
    environment: dict = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UsageLineReply:
    """`state`: ready, preparing, none (no live adapter), rejected (vetting refused it: `reason`)."""

    state: str
    line: str = ""
    adapter: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LearnRequest:
    """`environment` is core.library.Environment as a dict of strings; `roots` are workspace folders whose call sites
    may be used as evidence. `reason`: watch, command, upgrade, demo. `held_out`: paths of case files, which may not."""

    library: str
    environment: dict
    roots: tuple[str, ...] = ()
    reason: str = "command"
    force: bool = False
    overrides: dict = field(default_factory=dict)
    held_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LearnReply:
    """`state`: queued, coalesced, learning, live (already learned), refused (with `reason`)."""

    cycle: str
    state: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LibraryRequest:
    library: str


@dataclass(frozen=True, slots=True)
class ChangeReply:
    """Answer to forget and rollback. `live` is the adapter now live ('' for none), `removed` the adapters deleted."""

    library: str
    live: str = ""
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """Sent over GET /v1/events (server-sent events, `data:` is this as JSON). `kind`: status, progress, gate, live,
    forgotten, rolled_back, unrouted, problem. `data` is the matching message as a dict (status -> Status,
    progress -> Learning, gate -> GateReport + library + status)."""

    kind: str
    time: str
    data: dict


@dataclass(frozen=True, slots=True)
class LearnedDetail:
    """What was learned of a library, for `Show what was learned` and hovers: counts, gate numbers, provenance."""

    library: str
    adapter: str
    learned_at: str
    self_edits: dict
    train: dict
    gate: dict
    snippets_by_symbol: dict = field(default_factory=dict)
    samples: tuple[dict, ...] = ()
