"""Adapters on disk: which exist, which is live, which went before it.

    root/<base digest 12>/<name@version>/<adapter digest 16>/   an adapter's files (see manifest.py)
    root/<base digest 12>/<name@version>/live.json              {"live": digest, "previous": [digests, newest first]}

A folder without a complete manifest does not exist for anybody. Changes hold one lock over the whole store, so that two
engines cannot interleave; readers need none, since every change is one rename. Does not load adapters, and does not
judge them: `promote` is called after the gate's decision.
"""

from __future__ import annotations

import contextlib
import json
import logging
import shutil
import uuid
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from seal_lsp.core.errors import SealError, StoreDamaged
from seal_lsp.core.library import LibraryId
from seal_lsp.store.disk import copy_durable, require_space, sha256_of, sync_folder, write_json
from seal_lsp.store.manifest import (
    MANIFEST,
    WEIGHTS,
    Adapter,
    base_part,
    is_digest,
    library_part,
    read_candidate,
    read_installed,
)

log = logging.getLogger(__name__)

__all__ = ["Adapter", "AdapterStore"]

POINTER = "live.json"
PREVIOUS_KEPT = 2  # adapters kept for rollback, for each library@version and base: as many steps back can be taken
_CARRIED = {".safetensors", ".json", ".jsonl", ".md"}  # never a pickle
_HEADROOM = 4_000_000


class AdapterStore:
    """Reading methods may be called from any thread and process at any time."""

    def __init__(self, root: Path, *, lock_timeout_s: float = 30.0) -> None:
        self.root = root
        self._lock_timeout_s = lock_timeout_s

    def list(self, base: str | None = None) -> tuple[Adapter, ...]:
        """Every adapter that exists, live or not, by library and age."""
        pattern = f"{base_part(base)}/*/*/{MANIFEST}" if base else f"*/*/*/{MANIFEST}"
        found = (read_installed(path.parent) for path in self.root.glob(pattern))
        known = [adapter for adapter in found if adapter and (base is None or adapter.base == base)]
        return tuple(sorted(known, key=lambda a: (a.library, a.base, str(a.manifest.get("created", "")), a.digest)))

    def find(self, digest: str) -> Adapter | None:
        """The adapter with this (full) digest, for whatever library and base."""
        return next((adapter for adapter in self.list() if adapter.digest == digest), None)

    def live(self, library: LibraryId, base: str) -> Adapter | None:
        """The adapter that requests about `library` run under; call `verify` before loading it."""
        pointer = _pointer(self._folder(library, base))
        return self._at(library, base, pointer[0]) if pointer[0] else None

    def all_live(self, base: str) -> tuple[Adapter, ...]:
        libraries = sorted({adapter.library for adapter in self.list(base)})
        return tuple(adapter for library in libraries if (adapter := self.live(library, base)))

    def previous(self, library: LibraryId, base: str) -> tuple[Adapter, ...]:
        """What rollback would go back to, nearest first."""
        digests = _pointer(self._folder(library, base))[1]
        return tuple(adapter for digest in digests if (adapter := self._at(library, base, digest)))

    def verify(self, adapter: Adapter) -> None:
        """Raise StoreDamaged unless the files are what the manifest says. Reads the weights once."""
        hint = f"not loaded; `seal-lsp forget {adapter.library}`, then learn it again"
        expected = {**adapter.manifest.get("files", {}), WEIGHTS: adapter.digest}
        for name, digest in expected.items():
            path = adapter.folder / name
            if not path.is_file():
                raise StoreDamaged(f"adapter of {adapter.library}: {path} is missing", hint=hint)
            found = sha256_of(path)
            if found != digest:
                raise StoreDamaged(
                    f"adapter of {adapter.library}: {path} has the digest {found[:16]}, not {digest[:16]}", hint=hint
                )

    def install(self, folder: Path) -> Adapter:
        """Move a complete candidate folder in; the same candidate twice is the same adapter.

        Raises StoreDamaged when the candidate is incomplete or not what its digest says, NoSpaceLeft. Killed at any
        instant, either the adapter exists or it does not; the candidate goes only after it does.
        """
        candidate = read_candidate(folder)
        self.verify(candidate)
        home = self._folder(candidate.library, candidate.base)
        target = home / candidate.digest[:16]
        with self._locked():
            self._sweep()
            if read_installed(target) is None:
                files = [path for path in sorted(folder.iterdir()) if path.suffix in _CARRIED and path.is_file()]
                require_space(self.root, sum(path.stat().st_size for path in files) + _HEADROOM)
                _remove(target)  # a folder without a manifest
                staging = home / f".incoming-{uuid.uuid4().hex}"
                staging.mkdir(parents=True)
                try:
                    copied = [path for path in files if path.name != MANIFEST]
                    for path in copied:
                        copy_durable(path, staging / path.name)
                    sums = {path.name: sha256_of(staging / path.name) for path in copied}
                    write_json(staging / MANIFEST, {**candidate.manifest, "files": sums})
                    staging.rename(target)
                except BaseException:
                    _remove(staging)
                    raise
                sync_folder(home)
            installed = read_installed(target)
            if installed is None or installed.digest != candidate.digest:
                raise StoreDamaged(f"{target} holds another adapter", hint="remove that folder, then learn again")
            self.verify(installed)
        if folder.resolve() != target.resolve():
            _remove(folder)
        return installed

    def promote(self, adapter: Adapter) -> None:
        """Make an installed adapter live; the one before it is kept for rollback. Doing it twice changes nothing."""
        with self._locked():
            stored = self._at(adapter.library, adapter.base, adapter.digest)
            if stored is None:
                what = f"{adapter.library} has no adapter {adapter.digest[:16]}"
                raise StoreDamaged(what, hint="it was forgotten, or never installed; learn it again")
            self.verify(stored)
            home = self._folder(adapter.library, adapter.base)
            live, previous = _pointer(home)
            if live == adapter.digest:
                return
            kept = [digest for digest in ([live] if live else []) + previous if digest != adapter.digest]
            write_json(home / POINTER, {"live": adapter.digest, "previous": kept})

    def rollback(self, library: LibraryId, base: str) -> Adapter | None:
        """Make the previous adapter live again; with none left, none is live (the base answers alone)."""
        with self._locked():
            home = self._folder(library, base)
            live, previous = _pointer(home)
            if not live:
                return None
            while previous:
                adapter = self._at(library, base, previous.pop(0))
                if adapter is not None and _intact(self, adapter):
                    write_json(home / POINTER, {"live": adapter.digest, "previous": previous})
                    return adapter
            write_json(home / POINTER, {"live": "", "previous": []})
            return None

    def forget(self, library: LibraryId, base: str | None = None) -> tuple[Adapter, ...]:
        """Delete all adapters of exactly this library@version (for one base, or all); returns what was deleted.

        The pointer goes first: killed half-way, nothing of it is live any more, and the next call ends the work.
        """
        parts = [base_part(base)] if base else [path.name for path in self.root.glob("*") if path.is_dir()]
        with self._locked():
            removed = tuple(adapter for adapter in self.list(base) if adapter.library == library)
            for part in parts:
                home = self.root / part / library_part(library)
                if not home.is_dir():
                    continue
                (home / POINTER).unlink(missing_ok=True)
                sync_folder(home)
                gone = home.with_name(f".forgotten-{uuid.uuid4().hex}")
                home.rename(gone)
                sync_folder(gone.parent)
            self._sweep()
        return removed

    def prune(self, told: Callable[[Adapter], None], *, spare: Collection[str] = ()) -> tuple[Adapter, ...]:
        """Delete the adapters that nothing goes back to; returns them. `told` hears of each before it is deleted, so
        that its record survives a kill; the next call ends the work (and tells again of what is still there).

        Kept, for each library@version and base: the live one, the PREVIOUS_KEPT before it, and what is newer than the
        live one (taken back, or about to be promoted). Where none is live, and of the cycles in `spare`, all.
        """
        with self._locked():
            gone = tuple(one for one in self.list() if one.manifest.get("cycle") not in spare and self._superseded(one))
            for adapter in gone:
                told(adapter)
                home = self._folder(adapter.library, adapter.base)
                live, previous = _pointer(home)
                if adapter.digest in previous:
                    previous.remove(adapter.digest)
                    write_json(home / POINTER, {"live": live, "previous": previous})
                adapter.folder.rename(home.with_name(f".forgotten-{uuid.uuid4().hex}"))
            self._sweep()
        return gone

    def _superseded(self, adapter: Adapter) -> bool:
        live = self.live(adapter.library, adapter.base)
        if live is None or adapter == live:
            return False
        previous = self.previous(adapter.library, adapter.base)
        older = str(adapter.manifest.get("created", "")) < str(live.manifest.get("created", ""))
        return adapter not in previous[:PREVIOUS_KEPT] and (adapter in previous or older)

    def _folder(self, library: LibraryId, base: str) -> Path:
        return self.root / base_part(base) / library_part(library)

    def _at(self, library: LibraryId, base: str, digest: str) -> Adapter | None:
        adapter = read_installed(self._folder(library, base) / digest[:16])
        matches = adapter and (adapter.digest, adapter.library, adapter.base) == (digest, library, base)
        return adapter if matches else None

    def _sweep(self) -> None:
        """Remove what a killed install or forget left behind. Only under the lock: the work of others is safe."""
        for pattern in ("*/*/.incoming-*", "*/.forgotten-*"):
            for leftover in tuple(self.root.glob(pattern)):
                _remove(leftover)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self.root.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.root / ".lock", timeout=self._lock_timeout_s):
                yield
        except Timeout as error:
            raise SealError(f"{self.root} is held by another process", hint="end it, or try again") from error


def _pointer(home: Path) -> tuple[str, list[str]]:
    """(live, previous) of a library's folder; ('', []) where nothing is live."""
    path = home / POINTER
    try:
        value = json.loads(path.read_bytes())
        live, previous = value["live"], value["previous"]
        if all(digest == "" or is_digest(digest) for digest in (live, *previous)):
            return live, [digest for digest in previous if digest]
        problem = "not a digest"
    except FileNotFoundError:
        return "", []
    except (OSError, ValueError, KeyError, TypeError) as error:
        problem = str(error)
    log.warning("%s is damaged (%s): nothing of this library is live until it is learned again", path, problem)
    return "", []


def _intact(store: AdapterStore, adapter: Adapter) -> bool:
    try:
        store.verify(adapter)
    except StoreDamaged as error:
        log.warning("rollback passes over a damaged adapter: %s", error)
        return False
    return True


def _remove(path: Path) -> None:
    """Delete a folder; what cannot be deleted now is left for the next sweep."""
    if not path.exists():
        return
    (path / MANIFEST).unlink(missing_ok=True)  # first: a half-deleted adapter must not look like one
    shutil.rmtree(path, ignore_errors=True)
