"""The models in the cache: one folder each, complete when its manifest.json is there (written last).

Knows folders, manifests and the pointer to the model in use; sources.py knows where weights come from.
"""

from __future__ import annotations

import contextlib
import json
import logging
import math
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from seal_lsp.core.errors import ModelError
from seal_lsp.core.progress import Progress, silent
from seal_lsp.lm.files import full_disk_is_a_model_error, sha256_of, write_last
from seal_lsp.lm.sources import DEFAULT_SPEC, WeightSource, source_for

log = logging.getLogger(__name__)

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A model on disk. `digest` is the sha256 of its weights as obtained: adapters are bound to it."""

    id: str
    path: Path
    digest: str
    architecture: str
    parameters: int
    spec: str = ""
    license: str = ""

    def as_dict(self) -> dict:
        return {**asdict(self), "path": str(self.path)}


class ModelPlaces(Protocol):
    """`store.paths.Paths` is one."""

    @property
    def models(self) -> Path: ...


class ModelRegistry:
    """Safe for several processes: pulls wait for one another, readers only ever see complete folders."""

    def __init__(self, paths: ModelPlaces) -> None:
        self.root = Path(paths.models)

    def pull(self, spec: str = "default", progress: Progress = silent) -> ModelFolder:
        """Have the model of `spec` in the cache; at once when it is there. Raises ModelError, UsageError."""
        return self.pull_from(source_for(spec), progress)

    def pull_from(self, source: WeightSource, progress: Progress = silent) -> ModelFolder:
        found = self._complete(source.id)
        if found is not None:
            return found
        with full_disk_is_a_model_error(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            with self._lock(progress):
                found = self._complete(source.id)  # another process may have been faster
                return found if found is not None else self._pull(source, progress)

    def list(self) -> tuple[ModelFolder, ...]:
        if not self.root.is_dir():
            return ()
        names = sorted(f.name for f in self.root.iterdir() if f.is_dir() and not f.name.startswith("."))
        return tuple(m for m in map(self._complete, names) if m is not None)

    def find(self, name: str) -> ModelFolder | None:
        """By id or by the spec it was pulled from; None when it is not here."""
        name = DEFAULT_SPEC if name in ("", "default") else name
        return next((m for m in self.list() if name in (m.id, m.spec)), None)

    def use(self, name: str) -> ModelFolder:
        """Make a pulled model the current one. Raises ModelError when it is not here."""
        found = self.find(name)
        if found is None:
            raise ModelError(f"no model {name!r} in the cache", hint=f"seal-lsp model pull {name}")
        write_last(self.root / "current.json", {"id": found.id})
        return found

    def current(self) -> ModelFolder | None:
        """The model in use: the one chosen, else the default, else the only one; None when there is none."""
        try:
            chosen = json.loads((self.root / "current.json").read_text(encoding="utf-8"))["id"]
        except (OSError, ValueError, KeyError, TypeError):
            chosen = ""
        found = self._complete(chosen) if chosen else None
        if found is not None:
            return found
        models = self.list()
        return self.find("default") or (models[0] if len(models) == 1 else None)

    def verify(self, folder: ModelFolder) -> None:
        """Read every file and compare with the manifest. Raises ModelError when one differs."""
        for name, facts in _manifest(folder.path)["files"].items():
            if sha256_of(folder.path / name) != facts["sha256"]:
                raise ModelError(f"{folder.path / name} is damaged", hint=_again(folder))

    def _pull(self, source: WeightSource, progress: Progress) -> ModelFolder:
        target, partial = self.root / source.id, self.root / f".partial-{source.id}-{os.getpid()}"
        for leftover in self.root.glob(".partial-*"):  # we hold the lock: whoever made these is gone
            shutil.rmtree(leftover, ignore_errors=True)
        partial.mkdir()
        try:
            fetched = source.fetch(partial, progress)
            progress("store", 0.0, "writing the manifest")
            manifest = {"spec": source.spec, **_describe(partial), **asdict(fetched)}
            write_last(partial / MANIFEST, manifest)
            if target.exists():  # incomplete or damaged: _complete() refused it
                shutil.rmtree(target)
            os.replace(partial, target)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        progress("store", 1.0, str(target))
        found = self._complete(source.id)
        if found is None:
            raise ModelError(f"{target} changed while it was stored", hint="pull again")
        return found

    def _complete(self, name: str) -> ModelFolder | None:
        """The model in folder `name` when it has a manifest and every file its size."""
        path = self.root / name
        try:
            manifest = _manifest(path)
            if any((path / n).stat().st_size != f["bytes"] for n, f in manifest["files"].items()):
                raise ValueError("a file has another size than in the manifest")
            return ModelFolder(
                name,
                path,
                manifest["digest"],
                manifest["architecture"],
                manifest["parameters"],
                manifest["spec"],
                manifest.get("license", ""),
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("model folder %s is damaged: %s", path, error)
            return None

    @contextlib.contextmanager
    def _lock(self, progress: Progress) -> Iterator[None]:
        lock = FileLock(self.root / ".pull.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            progress("wait", 0.0, "another process is pulling a model")
            lock.acquire()
        try:
            yield
        finally:
            lock.release()


def _manifest(path: Path) -> dict:
    return json.loads((path / MANIFEST).read_text(encoding="utf-8"))


def _describe(folder: Path) -> dict:
    from safetensors import safe_open

    files, parameters = {}, 0
    for file in sorted(f for f in folder.iterdir() if f.is_file()):
        files[file.name] = {"sha256": sha256_of(file), "bytes": file.stat().st_size}
        if file.suffix == ".safetensors":
            parameters += _parameters(file, safe_open)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return {"files": files, "parameters": parameters, "architecture": config["model_type"]}


def _parameters(file: Path, safe_open) -> int:
    try:
        with safe_open(file, framework="np") as tensors:
            shapes = [tensors.get_slice(name).get_shape() for name in tensors.keys()]  # noqa: SIM118
    except Exception as error:  # safetensors' own exception type is not exported for a truncated header
        raise ModelError(f"{file.name} is damaged: {error}", hint="fetch the model again") from error
    return sum(math.prod(shape) for shape in shapes)


def _again(folder: ModelFolder) -> str:
    return f"remove {folder.path}, then: seal-lsp model pull {folder.spec}"
