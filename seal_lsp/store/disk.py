"""Writing to disk so that a reader sees the old content or the new one, never half of it.

The only place that turns "the disk is full" into NoSpaceLeft. Knows nothing about what is written.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from seal_lsp.core.errors import NoSpaceLeft

# EFBIG is a file-size limit (ulimit -f) and EDQUOT a quota: for the one who writes, both are a full disk.
_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_HINT = "free some space, then run the same again; what was there before is untouched"


@contextlib.contextmanager
def full_disk_is_said(path: Path) -> Iterator[None]:
    """Raise NoSpaceLeft for an OSError in the block that means that `path` has no room."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise no_space(path) from error
        raise


def no_space(path: Path, needed: int = 0) -> NoSpaceLeft:
    wanted = f" ({_megabytes(needed)} needed)" if needed else ""
    return NoSpaceLeft(f"no space left for {path}{wanted}", hint=_HINT)


def require_space(folder: Path, needed: int) -> None:
    """Raise NoSpaceLeft unless `needed` bytes fit on the disk of `folder` (which need not exist yet)."""
    place = folder.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    free = shutil.disk_usage(place).free
    if free < needed:
        raise NoSpaceLeft(f"{folder} needs {_megabytes(needed)}, {_megabytes(free)} are free", hint=_HINT)


def write_atomic(path: Path, content: bytes | str) -> None:
    """Replace `path` by `content` in one step and make it durable. Raises NoSpaceLeft and leaves no trace."""
    data = content.encode("utf-8") if isinstance(content, str) else content
    with full_disk_is_said(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        temporary = Path(name)
        try:
            try:
                view = memoryview(data)
                while view:
                    view = view[os.write(handle, view) :]
                os.fsync(handle)
            finally:
                os.close(handle)
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    sync_folder(path.parent)


def write_json(path: Path, value: object) -> None:
    write_atomic(path, json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n")


def copy_durable(source: Path, target: Path) -> None:
    """Copy a file's bytes and flush them. Raises NoSpaceLeft and removes the partial copy."""
    with full_disk_is_said(target):
        try:
            with source.open("rb") as reader, target.open("xb") as writer:
                shutil.copyfileobj(reader, writer, 1 << 20)
                writer.flush()
                os.fsync(writer.fileno())
        except FileExistsError:
            raise
        except BaseException:
            target.unlink(missing_ok=True)
            raise


def sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sync_folder(folder: Path) -> None:
    """Make renames in `folder` durable, where the platform can open a folder."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network file systems cannot
            raise
    finally:
        os.close(handle)


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.0f} MB" if size >= 10_000_000 else f"{size / 1_000_000:.2f} MB"
