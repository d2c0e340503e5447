"""One adapter's folder: adapter_model.safetensors, adapter_config.json and manifest.json, which is written last.

A manifest is complete when it names the adapter's digest, its library and its base; everything else in it (self-edits,
training, gate) is for people and for other rooms. Nothing here writes.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from seal_lsp.core.errors import StoreDamaged, UsageError
from seal_lsp.core.library import LibraryId

WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"
MANIFEST = "manifest.json"

_DIGEST = re.compile(r"[0-9a-f]{64}")
_SAFE_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._!+-]*")


@dataclass(frozen=True, slots=True)
class Adapter:
    """`digest` is the sha256 of the weights, `base` the digest of the model that they were trained on."""

    digest: str
    library: LibraryId
    base: str
    folder: Path
    manifest: dict = field(compare=False, repr=False)

    @property
    def weights(self) -> Path:
        return self.folder / WEIGHTS


def read_installed(folder: Path) -> Adapter | None:
    """The adapter in a folder of the store; None when its manifest is missing, incomplete or of another place."""
    adapter = _from_manifest(folder)
    if adapter is None:
        return None
    where = (adapter.base[:12], str(adapter.library), adapter.digest[:16])
    return adapter if where == (folder.parent.parent.name, folder.parent.name, folder.name) else None


def _from_manifest(folder: Path) -> Adapter | None:
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        library, base = LibraryId.parse(manifest["library"]), manifest["base"]["digest"]
        digest, files = manifest["adapter"], manifest.get("files", {})
        complete = is_digest(digest) and isinstance(base, str) and _SAFE_PART.fullmatch(base)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, UsageError):
        return None
    if not complete or not isinstance(files, dict):
        return None
    if not all(_SAFE_PART.fullmatch(name) and is_digest(value) for name, value in files.items()):
        return None
    return Adapter(digest, library, base, folder, manifest)


def read_candidate(folder: Path) -> Adapter:
    adapter = _from_manifest(folder)
    if adapter is None:
        raise StoreDamaged(f"{folder} holds no complete adapter", hint="let the learning cycle end, or learn again")
    if not (folder / CONFIG).is_file():
        raise StoreDamaged(f"{folder / CONFIG} is missing", hint="learn again")
    return adapter


def base_part(base: str) -> str:
    return _safe(base[:12], base)


def library_part(library: LibraryId) -> str:
    # A version comes from a file that somebody else wrote: it must not name another folder.
    return f"{_safe(library.name, str(library))}@{_safe(library.version, str(library))}"


def _safe(part: str, whole: str) -> str:
    if not _SAFE_PART.fullmatch(part):
        hint = "adapters are kept by name@version and model digest"
        raise UsageError(f"cannot name a folder after {whole!r}", hint=hint)
    return part


def is_digest(value: object) -> bool:
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None
