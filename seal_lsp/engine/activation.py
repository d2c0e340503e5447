"""What the outcome of a cycle, a forget or a rollback changes: the adapter store, the model, the ledger, the listeners.

Each step can be repeated: an engine killed in between ends the work at its next start. Knows nothing of processes.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from pathlib import Path

from seal_lsp.core.errors import SealError, StoreDamaged
from seal_lsp.core.learning import CycleOutcome
from seal_lsp.core.library import LibraryId
from seal_lsp.core.protocol import ChangeReply, LearnReply
from seal_lsp.engine.cycles import Cycle, all_cycles, sweep
from seal_lsp.engine.events import EventHub
from seal_lsp.engine.generation import GenerationQueue, Priority
from seal_lsp.engine.learned import NOTHING, learned_library
from seal_lsp.engine.model_host import ModelHost, ModelSource
from seal_lsp.store.adapters import Adapter, AdapterStore
from seal_lsp.store.ledger import Ledger

log = logging.getLogger(__name__)

AUTOMATIC = ("watch", "upgrade")
PROMOTE_WARM_S = 10.0  # what was learned for minutes can wait a little more for a pause in the typing
ROLLBACK_WARM_S = 1.0  # the user waits for what is taken back to be gone


class Activation:
    """`on_gone` is told the digest of every adapter that is no longer there (caches keyed by it go); `warm` reads what
    somebody works on under an adapter that is about to go live, for so many seconds at most."""

    def __init__(
        self,
        store: AdapterStore,
        ledger: Ledger,
        cycles: Path,
        host: ModelHost,
        queue: GenerationQueue,
        hub: EventHub,
        on_gone: Callable[[str], None],
        warm: Callable[[LibraryId, str, float], Awaitable[None]],
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._cycles = cycles
        self._host = host
        self._queue = queue
        self._hub = hub
        self._on_gone = on_gone
        self._warm = warm

    def already(self, library: LibraryId, base: ModelSource, reason: str) -> LearnReply | None:
        """Why a library need not be learned again, None if it may be. Blocks; reads the disk."""
        if self._store.live(library, base.digest) is not None:
            return LearnReply("", "live")
        if reason not in AUTOMATIC:
            return None
        ends = [
            row
            for kind in ("activate", "forget", "rollback")
            for row in self._ledger.rows(subject=library, kind=kind, limit=1, newest=True)
        ]
        last = max(ends, key=lambda row: row.seq, default=None)
        if last is not None and last.kind != "activate":
            return LearnReply("", "refused", f"you took it back ({last.kind}); ask for it yourself to learn it again")
        for cycle in reversed(all_cycles(self._cycles)):
            if cycle.library != library or cycle.job.model != base.spec:
                continue
            outcome = cycle.outcome()
            if outcome is not None and outcome.status != "promoted":
                return LearnReply(cycle.id, "refused", f"{outcome.status}: {'; '.join(outcome.reasons)}")
            error = cycle.error()
            if error is not None and (error.get("type") == NOTHING or cycle.failed_recently()):
                return LearnReply(cycle.id, "refused", f"failed: {error.get('message', '')}")
            break
        return None

    def unroute_others(self, library: LibraryId, base: str, environment: dict) -> None:
        """A workspace moved to another version: its requests name that one from now on. Note which adapters it left;
        they stay, since another workspace may use them."""
        for adapter in self._store.all_live(base):
            if adapter.library.name == library.name and adapter.library != library:
                data = {
                    "adapter": adapter.digest,
                    "instead": str(library),
                    "environment": environment.get("prefix", ""),
                }
                self._ledger.append("unroute", adapter.library, data)
                self._hub.publish("unrouted", {"library": str(adapter.library), **data})

    def prepare(self, cycle: Cycle) -> Cycle:
        """Fill in what is known only when a cycle begins; a cycle under way loses only controls that were deleted."""
        job, base = cycle.job, self._host.base().digest
        if cycle.started:
            wrong = tuple(folder for folder in job.wrong_adapters if Path(folder).is_dir())
        else:
            live = self._store.all_live(base)
            wrong = tuple(str(adapter.folder) for adapter in live if adapter.library.name != job.library.name)
            own = self._store.live(job.library, base)
            job = replace(job, parent=own.digest if own else "")
        ready = replace(job, wrong_adapters=wrong)
        return cycle if ready == cycle.job else cycle.with_job(ready)

    async def settle(self, cycle: Cycle) -> None:
        """Let the end of a cycle take effect, once."""
        outcome, error = cycle.outcome(), cycle.error()
        if outcome is not None and error is None:
            gate = {
                **outcome.gate,
                "library": str(outcome.library),
                "status": outcome.status,
                "reasons": list(outcome.reasons),
                "cycle": cycle.id,
            }
            self._hub.publish("gate", gate)
            if outcome.status == "promoted":
                await self._promote(cycle, outcome)
            end = {"status": outcome.status, "reasons": list(outcome.reasons)}
        else:
            error = error or {"type": "SealError", "message": "the learner ended without an outcome"}
            self._hub.publish("problem", {"hint": "", **error, "library": str(cycle.library), "cycle": cycle.id})
            end = {"status": "failed", "reasons": [str(error.get("message", ""))]}
        await asyncio.to_thread(
            self._ledger.append, "cycle", cycle.library, {"cycle": cycle.id, **end}, once=f"cycle:{cycle.id}:settled"
        )
        cycle.settle(end["status"])
        await self.prune()

    async def prune(self) -> None:
        """Delete what nothing goes back to: the weights of settled cycles, and adapters that `AdapterStore.prune` calls
        superseded. Each has its row in the ledger before it goes: killed in between, the next call ends the work."""
        try:
            for adapter in await asyncio.to_thread(self._prune):
                await self._drop(adapter)
        except (SealError, OSError):
            log.exception("old weights could not be deleted; the next cycle tries again")

    async def forget(self, library: LibraryId) -> ChangeReply:
        """Delete every adapter of exactly this version, on any base, and what it was learned from."""
        removed = await asyncio.to_thread(self._store.forget, library)
        for adapter in removed:
            await self._drop(adapter)
        digests = tuple(adapter.digest for adapter in removed)
        await asyncio.to_thread(self._ledger.append, "forget", library, {"adapters": list(digests)})
        for cycle in await asyncio.to_thread(all_cycles, self._cycles):
            if cycle.library == library:
                await asyncio.to_thread(cycle.remove)
        reply = ChangeReply(str(library), "", digests)
        self._hub.publish("forgotten", reply)
        return reply

    async def rollback(self, library: LibraryId) -> ChangeReply:
        """Back to the adapter before the live one, or to none. The one taken back stays on disk, not live."""
        base = self._host.base().digest
        before = await asyncio.to_thread(self._store.live, library, base)
        if before is None:
            return ChangeReply(str(library))
        for adapter in (await asyncio.to_thread(self._store.previous, library, base))[:1]:
            await self._make_ready(adapter, ROLLBACK_WARM_S)
        after = await asyncio.to_thread(self._store.rollback, library, base)
        await self._drop(before)
        live = after.digest if after else ""
        await asyncio.to_thread(
            self._ledger.append, "rollback", library, {"from": before.digest, "to": live, "base": base}
        )
        reply = ChangeReply(str(library), live)
        self._hub.publish("rolled_back", reply)
        return reply

    def unusable(self, adapter: Adapter, error: SealError) -> None:
        """An adapter on disk is not what its digest says, or its model is run by a server that cannot have it: requests
        go without it, and everybody is told. Only damage is a fact about the adapter, for the ledger."""
        if isinstance(error, StoreDamaged):
            data = {"adapter": adapter.digest, "base": adapter.base, "reason": error.message}
            try:
                self._ledger.append("damaged", adapter.library, data, once=f"damaged:{adapter.digest}:{error.message}")
            except SealError:
                log.exception("the ledger could not be written")
        kind, library = type(error).__name__, str(adapter.library)
        told = {"type": kind, "message": error.message, "hint": error.hint, "library": library}
        self._hub.publish("problem", told)

    async def _promote(self, cycle: Cycle, outcome: CycleOutcome) -> None:
        before = await asyncio.to_thread(self._store.live, cycle.library, self._host.base().digest)
        adapter = await asyncio.to_thread(self._install, cycle, outcome)
        await self._make_ready(adapter, PROMOTE_WARM_S)
        await asyncio.to_thread(self._store.promote, adapter)
        data = {
            "adapter": adapter.digest,
            "base": adapter.base,
            "cycle": cycle.id,
            "gate": outcome.gate,
            "replaces": before.digest if before and before.digest != adapter.digest else "",
        }
        await asyncio.to_thread(self._ledger.append, "activate", cycle.library, data, once=f"activate:{cycle.id}")
        self._hub.publish("live", asdict(learned_library(adapter)) | {"cycle": cycle.id})

    async def _make_ready(self, adapter: Adapter, patience_s: float) -> None:
        """Loaded, and the places that somebody works on read under it: the next key need not wait for either."""
        if self._host.state == "ready":
            _, router = self._host.ready()
            if await self._queue.run(lambda cancel: router.load(adapter), Priority.CONTROL):
                await self._warm(adapter.library, adapter.digest, patience_s)

    def _install(self, cycle: Cycle, outcome: CycleOutcome) -> Adapter:
        candidate = cycle.folder / "adapter"
        if (candidate / "manifest.json").exists():
            adapter = self._store.install(candidate)
        else:  # an engine was killed after install had moved it
            adapter = self._store.find(outcome.adapter)
        if adapter is None:
            raise StoreDamaged(
                f"the adapter that {cycle.id} promoted is gone", hint=f"seal-lsp learn {cycle.library} --force"
            )
        return adapter

    def _prune(self) -> tuple[Adapter, ...]:
        sweep(self._cycles)
        unfinished = set()
        for cycle in all_cycles(self._cycles):
            if not cycle.settled:
                unfinished.add(cycle.id)
            elif folders := cycle.weights():
                data = {"cycle": cycle.id, "folders": [folder.name for folder in folders], "bytes": _size(*folders)}
                self._ledger.append("prune", cycle.library, data, once=f"prune:{cycle.id}")
                for folder in folders:
                    shutil.rmtree(folder, ignore_errors=True)

        def told(adapter: Adapter) -> None:
            cycle = str(adapter.manifest.get("cycle", ""))
            data = {"adapter": adapter.digest, "base": adapter.base, "cycle": cycle, "bytes": _size(adapter.folder)}
            self._ledger.append("prune", adapter.library, data, once=f"prune:{cycle}:{adapter.digest}")

        return self._store.prune(told, spare=unfinished)

    async def _drop(self, adapter: Adapter) -> None:
        self._on_gone(adapter.digest)
        if self._host.state == "ready":
            _, router = self._host.ready()
            await self._queue.run(lambda cancel: router.unload(adapter.digest), Priority.CONTROL)


def _size(*folders: Path) -> int:
    """Bytes of all files below."""
    return sum(file.stat().st_size for folder in folders for file in folder.rglob("*") if file.is_file())
