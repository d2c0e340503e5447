"""Disk room and digests for weights. Knows nothing about models."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from seal_lsp.core.errors import ModelError

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG}


def require_space(folder: Path, needed: int) -> None:
    """Raises ModelError unless `needed` bytes are free on the disk of `folder`."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise ModelError(
            f"the model needs {needed / 1e6:.0f} MB of disk, {free / 1e6:.0f} MB are free in {folder}",
            hint="free some space, or put the cache elsewhere with SEAL_HOME",
        )


@contextlib.contextmanager
def full_disk_is_a_model_error(folder: Path) -> Iterator[None]:
    """A disk that fills up meanwhile is the same expected failure as one that was full before."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise ModelError(
                f"no space left in {folder} while the model was stored",
                hint="free some space, then pull again; nothing half-written is kept",
            ) from error
        raise


def bytes_below(folder: Path) -> int:
    """Bytes of the files that stand in `folder` now. Another program may be writing and deleting there: what vanishes
    between being listed and being looked at counts as nothing."""
    total = 0
    for root, _, names in os.walk(folder):  # unlike rglob, it passes over folders that are gone
        for name in names:
            with contextlib.suppress(OSError):
                total += os.stat(os.path.join(root, name)).st_size
    return total


def sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def weights_digest(files: dict[str, str]) -> str:
    """One digest for a set of weight files given as name -> sha256; a single file's is its own."""
    if len(files) == 1:
        return next(iter(files.values()))
    return hashlib.sha256("".join(f"{files[n]}  {n}\n" for n in sorted(files)).encode()).hexdigest()


def write_last(path: Path, value: dict) -> None:
    """Write a JSON file in one atomic, durable step."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8") as stream:
            json.dump(value, stream, ensure_ascii=False, indent=1, sort_keys=True)
            stream.write("\n")
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
