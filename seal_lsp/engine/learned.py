"""What is known of learned libraries, read from manifests, cycle folders and the ledger. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from seal_lsp.core.errors import UsageError
from seal_lsp.core.learning import Case
from seal_lsp.core.library import LibraryId
from seal_lsp.core.protocol import LearnedDetail, LearnedLibrary
from seal_lsp.engine.cycles import Cycle, all_cycles
from seal_lsp.store.adapters import Adapter, AdapterStore
from seal_lsp.store.ledger import Ledger

SAMPLES = 8
ENDED = {"rejected": "rejected", "skipped": "known"}
NOTHING = "NothingToLearn"  # no evidence survived: like `known`, not worth asking again at this version


def learned_library(adapter: Adapter, previous: str = "") -> LearnedLibrary:
    manifest = adapter.manifest
    own = manifest.get("gate", {}).get("own") or {}
    return LearnedLibrary(
        library=str(adapter.library),
        state="live",
        adapter=adapter.digest,
        learned_at=str(manifest.get("created", "")),
        snippets=int(manifest.get("self_edits", {}).get("kept", 0)),
        gain=own.get("mean"),
        previous=previous,
    )


def known_libraries(
    store: AdapterStore, cycles: Path, base: str, *, learning: str, waiting: Iterable[str], paused: bool
) -> tuple[LearnedLibrary, ...]:
    """Every library this engine has a word on. What is being learned anew while an adapter is live counts as live."""
    found: dict[str, LearnedLibrary] = {}
    for cycle in all_cycles(cycles):  # oldest first: the newest word stays
        state, reasons = _ended(cycle)
        if state:
            found[str(cycle.library)] = LearnedLibrary(str(cycle.library), state, reasons=reasons)
    for library in waiting:
        found[library] = LearnedLibrary(library, "paused" if paused else "queued")
    if learning:
        found[learning] = LearnedLibrary(learning, "paused" if paused else "learning")
    for adapter in store.all_live(base) if base else ():
        previous = store.previous(adapter.library, base)
        found[str(adapter.library)] = learned_library(adapter, previous[0].digest if previous else "")
    return tuple(found[name] for name in sorted(found))


def detail(store: AdapterStore, ledger: Ledger, library: LibraryId, base: str) -> LearnedDetail:
    """Raises UsageError when nothing of it is live."""
    adapter = _live(store, library, base)
    manifest = adapter.manifest
    samples = ledger.rows(subject=library, kind="self_edit", limit=SAMPLES, newest=True)
    return LearnedDetail(
        library=str(library),
        adapter=adapter.digest,
        learned_at=str(manifest.get("created", "")),
        self_edits=manifest.get("self_edits", {}),
        train=manifest.get("train", {}),
        gate=manifest.get("gate", {}),
        snippets_by_symbol=manifest.get("snippets_by_symbol", {}),
        samples=tuple(row.data for row in samples),
    )


def probes(store: AdapterStore, cycles: Path, library: LibraryId, base: str) -> tuple[Case, ...]:
    """The held-out places of the cycle that the live adapter came from. Raises UsageError when nothing is live."""
    wanted = _live(store, library, base).manifest.get("cycle", "")
    cycle = next((cycle for cycle in all_cycles(cycles) if cycle.id == wanted), None)
    return cycle.probes() if cycle else ()


def _live(store: AdapterStore, library: LibraryId, base: str) -> Adapter:
    adapter = store.live(library, base)
    if adapter is None:
        raise UsageError(f"no adapter of {library} is live", hint="see seal-lsp libraries")
    return adapter


def _ended(cycle: Cycle) -> tuple[str, tuple[str, ...]]:
    error = cycle.error()
    if error is not None:
        return "known" if error.get("type") == NOTHING else "failed", (str(error.get("message", "")),)
    outcome = cycle.outcome()
    if outcome is None:
        return "", ()
    return ENDED.get(outcome.status, ""), outcome.reasons
