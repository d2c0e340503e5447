"""A SEAL_HOME of a command's own, below a folder of its choice: the user's weights are linked into it, nothing else is
shared, and its engine ends with the command.
"""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from seal_lsp.core.errors import EngineUnavailable, ModelError

if TYPE_CHECKING:
    from seal_lsp.lm.registry import ModelFolder
    from seal_lsp.store.paths import Paths

_GONE_S = 20.0  # an engine ends what runs, closes its socket and removes its files


def private_home(folder: Path) -> Paths:
    """`folder` as a home, made when it is not there. The weights in it are only read."""
    from seal_lsp.store.paths import Paths

    paths = Paths.default({"SEAL_HOME": str(folder)})
    weights = Paths.default().models
    paths.cache.mkdir(parents=True, exist_ok=True)
    if paths.models.is_symlink():
        paths.models.unlink()
    elif paths.models.is_dir():
        paths.models.rmdir()  # somebody's own weights are never removed: this fails when there is anything in it
    weights.mkdir(parents=True, exist_ok=True)
    paths.models.symlink_to(weights, target_is_directory=True)
    return paths.ensure()


def weights_in(paths: Paths, name: str = "") -> ModelFolder:
    """The model of that id or spec, the one in use without a name. Raises ModelError when it has not been pulled."""
    from seal_lsp.lm.registry import ModelRegistry

    registry = ModelRegistry(paths)
    found = registry.find(name) if name and name != "default" else registry.current()
    if found is None:
        what = f"no model {name!r} has been pulled" if name else "no model has been pulled"
        raise ModelError(what, hint=f"run: seal-lsp model pull {name}".rstrip())
    return found


async def stop_engine(paths: Paths) -> None:
    """End the engine that serves this home, if there is one, and wait until it is gone."""
    from seal_lsp.client.start import known_client

    with contextlib.suppress(EngineUnavailable):
        async with known_client(paths) as client:
            await client.shutdown()
    await asyncio.to_thread(_until_free, paths.runtime / "engine.lock")


def _until_free(file: Path) -> None:
    """Wait for the engine that holds this lock: it lets go of it last, when its socket is put away."""
    if file.exists():
        with contextlib.suppress(Timeout), FileLock(file, timeout=_GONE_S):
            pass
