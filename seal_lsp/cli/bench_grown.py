"""Libraries written for a measurement, `grown_000` and on, as pip would have installed them, and for each a copy of one
adapter: the same numbers, other bytes, a digest of its own."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save_file

from seal_lsp.cli.eval_learn import Learned
from seal_lsp.core.library import LibraryId
from seal_lsp.store.manifest import MANIFEST, WEIGHTS, Adapter

FEW = 40  # names of a library where their number is not the point


def grown(count: int) -> list[LibraryId]:
    return [LibraryId(f"grown-{at:03}", "1.0") for at in range(count)]


def install(libraries: Sequence[LibraryId], site: Path, names: int = FEW) -> None:
    """Write them into a site folder, each with about so many names."""
    for library in libraries:
        module = library.name.replace("-", "_")
        package = site / module
        package.mkdir(parents=True)
        parts = [
            f'class Tool{n:04}:\n    """Tool {n}."""\n\n    def __init__(self, size: int = {n}) -> None:\n'
            f'        self.size = size\n\n    def turn_{n:04}(self, times: int = 1) -> int:\n        """Turn it."""\n'
            f"        return times\n"
            for n in range(max(1, names // 3))
        ]
        (package / "__init__.py").write_text("\n\n".join(parts), encoding="utf-8")
        info = site / f"{module}-{library.version}.dist-info"
        info.mkdir()
        about = f"Metadata-Version: 2.1\nName: {library.name}\nVersion: {library.version}\n"
        (info / "METADATA").write_text(about, encoding="utf-8")
        (info / "top_level.txt").write_text(f"{module}\n", encoding="utf-8")
        (info / "RECORD").write_text(f"{module}/__init__.py,,\n", encoding="utf-8")


def imports(numbers: Iterable[int]) -> str:
    return "".join(f"from grown_{at:03} import Tool0000 as Tool{at:03}\n" for at in numbers)


def copies(adapter: Adapter, libraries: Sequence[LibraryId], folder: Path) -> dict[LibraryId, Learned]:
    """A copy of the adapter below `folder` for each of them; below a folder of another name, another digest."""
    with safe_open(adapter.weights, framework="pt") as opened:
        tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - it is no dict
    found = {}
    for library in libraries:
        place = folder / library.name
        shutil.copytree(adapter.folder, place)
        save_file(tensors, place / WEIGHTS, metadata={"format": "pt", "copied_to": f"{folder.name}/{library.name}"})
        digest = hashlib.sha256((place / WEIGHTS).read_bytes()).hexdigest()
        manifest = adapter.manifest | {"library": str(library), "adapter": digest}
        if WEIGHTS in manifest.get("files", {}):
            manifest["files"] = manifest["files"] | {WEIGHTS: digest}
        (place / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
        found[library] = Learned(library, "given", (), Adapter(digest, library, adapter.base, place, manifest))
    return found
