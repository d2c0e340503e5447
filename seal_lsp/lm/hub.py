"""Hugging Face repositories: what one holds and how to fetch it. The only file that knows huggingface_hub."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from seal_lsp.core.errors import ModelError
from seal_lsp.core.progress import Progress
from seal_lsp.lm.files import bytes_below

# Weights as safetensors, and the text files that a config or a tokenizer is made of; never pickles, never code.
_WANTED = (
    "*.safetensors",
    "*.safetensors.index.json",
    "*.json",
    "tokenizer.model",
    "merges.txt",
    "vocab.txt",
    "*.jinja",
)
_UNWANTED = ("manifest.json", "adapter_*", "*.onnx*", "consolidated*.safetensors")


@dataclass(frozen=True, slots=True)
class RepositoryFacts:
    commit: str
    architecture: str
    bytes: int
    license: str


def wanted(name: str) -> bool:
    return any(fnmatch(name, p) for p in _WANTED) and not any(fnmatch(name, p) for p in _UNWANTED)


def looks_like_repository(name: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", name) is not None


def facts_of(repository: str, revision: str) -> RepositoryFacts:
    """Sizes, licence and architecture, before anything heavy is fetched. Raises ModelError."""
    from huggingface_hub import HfApi, hf_hub_download

    with _said(repository):
        info = HfApi().model_info(repository, revision=revision or None, files_metadata=True)
        files = [f for f in info.siblings or [] if "/" not in f.rfilename and wanted(f.rfilename)]
        if not any(f.rfilename.endswith(".safetensors") for f in files):
            raise ModelError(f"{repository} has no .safetensors", hint="pickled weights are not read")
        config = json.loads(Path(hf_hub_download(repository, "config.json", revision=info.sha)).read_text())
    card = info.card_data.to_dict() if info.card_data else {}
    return RepositoryFacts(
        info.sha, str(config.get("model_type", "")), sum(f.size or 0 for f in files), str(card.get("license") or "")
    )


def download(repository: str, commit: str, into: Path, size: int, progress: Progress) -> None:
    """Fetch the wanted top-level files at one commit into `into`."""
    from huggingface_hub import snapshot_download

    with _said(repository), _watched(into, size, repository, progress):
        snapshot_download(
            repository,
            revision=commit,
            local_dir=into,
            allow_patterns=list(_WANTED),
            ignore_patterns=[*_UNWANTED, "*/*"],
        )
    shutil.rmtree(into / ".cache", ignore_errors=True)  # huggingface_hub's own bookkeeping


@contextlib.contextmanager
def _said(repository: str) -> Iterator[None]:
    import httpx
    from huggingface_hub import errors
    from huggingface_hub.utils import disable_progress_bars

    disable_progress_bars()
    try:
        yield
    except (errors.RepositoryNotFoundError, errors.GatedRepoError, errors.RevisionNotFoundError) as error:
        raise ModelError(
            f"{repository} is not there, or not for this user: {_first(error)}",
            hint="check the name and, for a gated model, `hf auth login`",
        ) from error
    except (
        errors.OfflineModeIsEnabled,
        errors.LocalEntryNotFoundError,
        errors.HfHubHTTPError,
        httpx.HTTPError,
        ConnectionError,
    ) as error:
        raise ModelError(
            f"{repository} cannot be fetched: {_first(error)}",
            hint="check the network (HF_HUB_OFFLINE, proxy), or pull a local folder instead",
        ) from error
    except (errors.HFValidationError, errors.EntryNotFoundError, ValueError, KeyError) as error:
        raise ModelError(f"{repository} is not a usable model: {_first(error)}", hint="check the name") from error


@contextlib.contextmanager
def _watched(folder: Path, size: int, name: str, progress: Progress) -> Iterator[None]:
    """Report what has arrived on disk: the library's own bars write to the terminal."""
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.5):
            progress("download", min(bytes_below(folder) / max(size, 1), 0.99), name)

    thread = threading.Thread(target=look, name="seal-download-progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    progress("download", 1.0, name)


def _first(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
