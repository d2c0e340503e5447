"""What the outer loop leaves behind, below one folder of the data: trials, the best mix of each library, writers.

    trials.jsonl                            every (evidence, self-edits, mix, gain); kept by measure/remembered.py
    mixes.json                              {base digest: {name@version: {"mix": ..., "measured": ...}}}
    <base digest 12>/<digest 16>/           a writer's adapter: weights, adapter_config.json, manifest.json (last)
    <base digest 12>/current.json           {"digest": of the writer that learning uses}

A writer's manifest names no library, and it lies outside the adapters' folder: nothing can serve it for completions.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Mapping
from pathlib import Path

from seal_lsp.core.library import LibraryId
from seal_lsp.store.disk import sha256_of, write_atomic
from seal_lsp.store.manifest import CONFIG, MANIFEST, WEIGHTS, base_part, is_digest

log = logging.getLogger(__name__)

KIND = "writer"


class Writers:
    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def trials(self) -> Path:
        return self.root / "trials.jsonl"

    def mix_for(self, library: LibraryId, base: str) -> dict:
        """The mix that was measured to be better than the default, as `write.` options; {} for none."""
        return _read(self.root / "mixes.json").get(base, {}).get(str(library), {}).get("mix", {})

    def keep_mix(self, library: LibraryId, base: str, mix: Mapping | None, measured: Mapping) -> None:
        """Record what the next learning of this library uses; None takes back what was recorded."""
        path = self.root / "mixes.json"
        every = _read(path)
        libraries = every.setdefault(base, {})
        libraries.pop(str(library), None)
        if mix is not None:
            libraries[str(library)] = {"mix": dict(mix), "measured": dict(measured)}
        write_atomic(path, json.dumps(every, ensure_ascii=False, indent=1, sort_keys=True))

    def install(self, weights: Path, digest: str, base: str, manifest: Mapping) -> Path:
        """Copy a writer's adapter in, its manifest last; doing it again writes the manifest anew."""
        target = self.root / base_part(base) / digest[:16]
        target.mkdir(parents=True, exist_ok=True)
        for name in (WEIGHTS, CONFIG):
            shutil.copyfile(weights / name, target / name)
        whole = {**manifest, "kind": KIND, "adapter": digest, "base": {**manifest.get("base", {}), "digest": base}}
        write_atomic(target / MANIFEST, json.dumps(whole, ensure_ascii=False, indent=1, sort_keys=True))
        return target

    def use(self, digest: str, base: str) -> None:
        """Learning lets the base write under this adapter from now on; '' for none."""
        write_atomic(self.root / base_part(base) / "current.json", json.dumps({"digest": digest}))

    def current(self, base: str) -> tuple[Path, str] | None:
        """(folder, digest) of the writer in use; None when there is none or it is not what its digest says."""
        digest = _read(self.root / base_part(base) / "current.json").get("digest", "")
        if not is_digest(digest):
            return None
        folder = self.root / base_part(base) / digest[:16]
        weights = folder / WEIGHTS
        manifest = _read(folder / MANIFEST)
        if manifest.get("base", {}).get("digest") != base or not weights.is_file() or sha256_of(weights) != digest:
            log.warning("the writer in %s is damaged and not used", folder)
            return None
        return folder, digest


def _read(path: Path) -> dict:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else {}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        log.warning("%s cannot be read and is passed over: %s", path, error)
        return {}
