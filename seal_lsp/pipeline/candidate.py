"""The candidate adapter that a cycle leaves behind: FOLDER/adapter with the weights and, last, a complete manifest."""

from __future__ import annotations

import json
import logging
import platform
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from seal_lsp.core.errors import StoreDamaged
from seal_lsp.core.learning import GateReport, LearnJob, SelfEdit, digest_of
from seal_lsp.core.lm import LanguageModel
from seal_lsp.store.disk import full_disk_is_said, write_atomic
from seal_lsp.store.manifest import MANIFEST
from seal_lsp.train.recipe import Recipe

log = logging.getLogger(__name__)

_FITTED = ("steps", "seconds", "peak_rss_mb", "threads", "dtype")
_PACKAGES = ("seal-lsp", "torch", "transformers", "peft", "tokenizers", "griffelib")


@dataclass(frozen=True)
class Made:
    """Everything that a manifest tells."""

    job: LearnJob
    created: str
    fitted: dict
    report: GateReport
    counts: dict
    edits: Sequence[SelfEdit]
    recipe: Recipe


def complete(made: Made, folder: Path) -> None:
    """Copy the trained weights to FOLDER/adapter and write the manifest last; doing it again changes nothing."""
    target = folder / "adapter"
    if (target / MANIFEST).is_file():
        return
    with full_disk_is_said(target):
        shutil.copytree(folder / made.fitted["folder"], target, dirs_exist_ok=True)
    write_atomic(target / MANIFEST, json.dumps(manifest(made), indent=1, ensure_ascii=False, sort_keys=True))
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)


def manifest(made: Made) -> dict:
    """From it the run can be repeated: library, base, recipe, seed, digest of the data, versions."""
    fitted = made.fitted
    by_symbol = Counter(symbol for edit in made.edits for symbol in set(edit.symbols))
    return {
        "adapter": fitted["digest"],
        "library": str(made.job.library),
        "base": {"id": fitted["base_id"], "digest": fitted["base_digest"]},
        "created": made.created,
        "cycle": made.job.cycle,
        "reason": made.job.reason,
        "seed": made.recipe.seed,
        "scale": made.report.scale,
        "train": {**made.recipe.as_dict(), **{name: fitted[name] for name in _FITTED if name in fitted},
                  "trained_tokens": fitted["tokens"], "losses": fitted["losses"]},
        "self_edits": made.counts,
        "gate": asdict(made.report),
        "data_digest": digest_of([edit.id for edit in made.edits]),
        "snippets_by_symbol": dict(by_symbol.most_common()),
        "versions": _versions(),
    }  # fmt: skip


def load_wrong(model: LanguageModel, folders: Sequence[str]) -> str | None:
    """Load the first other library's adapter that is intact, for the wrong-library control; its digest or None."""
    for folder in map(Path, folders):
        try:
            digest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["adapter"]
            model.load_adapter(folder, digest)
        except (OSError, ValueError, KeyError, StoreDamaged) as error:
            log.warning("control adapter %s is passed over: %s", folder, error)
            continue
        return digest
    return None


def _versions() -> dict:
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
