"""Learning cycles on disk: one folder each under data/cycles, which explains itself after any crash.

job.json       what was asked (core.learning.LearnJob); written first
learner.json   the process at work on it: pid and its creation time
outcome.json   written by the learner when it is done   | error.json: why it could not be done
settled.json   written by the engine once the outcome took effect; nothing is left to do here

Records are files and stay; what lies in folders is weights, which go once the cycle is settled.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from seal_lsp.client.wire import decode, encode
from seal_lsp.core.errors import UsageError
from seal_lsp.core.learning import Case, CycleOutcome, LearnJob
from seal_lsp.core.library import LibraryId
from seal_lsp.engine.events import now
from seal_lsp.store.disk import write_atomic

log = logging.getLogger(__name__)

_GONE = ".gone-"
RETRY_AFTER_S = 3600.0  # a failure (no space left, say) is not tried again by the watcher before that


@dataclass(frozen=True)
class Cycle:
    folder: Path
    job: LearnJob

    @property
    def id(self) -> str:
        return self.job.cycle

    @property
    def library(self) -> LibraryId:
        return self.job.library

    def outcome(self) -> CycleOutcome | None:
        return _read(self.folder / "outcome.json", CycleOutcome)

    def error(self) -> dict | None:
        return _read(self.folder / "error.json", dict)

    def failed_recently(self) -> bool:
        try:
            return time.time() - (self.folder / "error.json").stat().st_mtime < RETRY_AFTER_S
        except OSError:
            return False

    @property
    def settled(self) -> bool:
        return (self.folder / "settled.json").exists()

    def settle(self, state: str) -> None:
        write_atomic(self.folder / "settled.json", encode({"time": now(), "state": state}))

    @property
    def started(self) -> bool:
        return any(file.name not in ("job.json", "learner.json") for file in self.folder.iterdir())

    def with_job(self, job: LearnJob) -> Cycle:
        """The same cycle asked differently; only before a learner has begun."""
        write_atomic(self.folder / "job.json", encode(job))
        return Cycle(self.folder, job)

    def fail(self, kind: str, message: str, hint: str, exit_code: int = 1) -> None:
        """Record what the learner itself could not."""
        error = {"type": kind, "message": message, "hint": hint, "exit_code": exit_code}
        write_atomic(self.folder / "error.json", encode(error))

    def probes(self) -> tuple[Case, ...]:
        """The places that the learner held out before it wrote anything."""
        found = _read(self.folder / "probes.json", dict) or {}
        return decode(tuple[Case, ...], found.get("probes", ()))

    def clear_broken_pipe(self) -> None:
        """A learner whose engine was killed may fail at telling its progress. That is no word on the library."""
        error = self.error()
        if error is not None and error.get("type") == "BrokenPipeError":
            (self.folder / "error.json").unlink(missing_ok=True)

    def weights(self) -> tuple[Path, ...]:
        """Its folders: checkpoints, trained weights, a candidate that did not go live. None of a cycle that is gone."""
        with contextlib.suppress(FileNotFoundError):
            return tuple(sorted(path for path in self.folder.iterdir() if path.is_dir() and not path.is_symlink()))
        return ()

    def remove(self) -> None:
        """All of it. Killed half-way, it is no cycle any more, and `sweep` ends the work."""
        gone = self.folder.with_name(f"{_GONE}{self.id}")
        with contextlib.suppress(FileNotFoundError):
            self.folder.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)


def new_cycle(root: Path, job: LearnJob) -> Cycle:
    folder = root / job.cycle
    folder.mkdir(parents=True)
    write_atomic(folder / "job.json", encode(job))
    return Cycle(folder, job)


def new_id(library: LibraryId) -> str:
    """Sorts by time; safe as a folder's name."""
    time = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    version = "".join(c if c.isalnum() or c in ".-" else "-" for c in library.version)
    return f"{time}-{library.name}-{version}-{secrets.token_hex(3)}"


def all_cycles(root: Path) -> list[Cycle]:
    """Oldest first. A folder whose job.json does not read is not a cycle (its writing was cut short)."""
    cycles = []
    for folder in sorted(root.glob("[!.]*")):
        job = _read(folder / "job.json", LearnJob)
        if job is not None:
            cycles.append(Cycle(folder, job))
    return cycles


def sweep(root: Path) -> None:
    """Remove what a killed `remove` left behind."""
    for leftover in tuple(root.glob(f"{_GONE}*")):
        shutil.rmtree(leftover, ignore_errors=True)


def _read(file: Path, kind: type) -> object:
    try:
        return decode(kind, file.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, UsageError) as error:
        log.warning("%s is not readable: %s", file, error)
        return None
