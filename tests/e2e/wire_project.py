"""A workspace with orchard-tools in its .venv, and the engine that serves it: a real daemon with a scripted model."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shlex
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import orchard

from seal_lsp.client.engine_client import EngineClient
from seal_lsp.client.start import ensure_engine
from seal_lsp.store.paths import Paths

LIBRARY = str(orchard.LIBRARY)
SCRIPT = {
    # The base is sure of what it prefers: what speaks for a name without a model would put `fold` first.
    "preferences": {"climb": 0.5, "Ladder": 0.5, "fold": 1e-9, "folding": 1e-9},
    "rules": {
        "ladder.climb": "(rungs=2)\nprint(1)",
        "ladder.fold": "()\n",
        "ladder.climb(": "rungs=3)",
        "= forecast": "(days=3)\nprint(2)",
        "= plant_row": "('russet', rows=2)",
        "slow = ": "one two three four five six seven eight nine ten eleven twelve",
    },
}
NO_LEARNING = {"learn": {"auto": False}}
MAIN = """from orchard import Ladder, forecast

ladder = Ladder(height=2.0)
ladder.climb()
cold = forecast(days=2)
"""


def make_workspace(root: Path, *, version: str = "1.2.0", declared: bool = True) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    orchard.install(root / ".venv", version=version)
    dependencies = '["orchard-tools"]' if declared else "[]"
    (root / "pyproject.toml").write_text(f'[project]\nname = "farm"\nversion = "1"\ndependencies = {dependencies}\n')
    (root / "main.py").write_text(MAIN)
    return root


def environ(home: Path, **more: str) -> dict[str, str]:
    """What the server is started with: nothing of this machine's settings or environments."""
    dropped = ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SEAL_") and name not in dropped}
    return {**kept, "SEAL_HOME": str(home), "XDG_CONFIG_HOME": str(home / "config"), "OMP_NUM_THREADS": "1",
            "SEAL_INLINE__FIRST_MS": "20000", **more}  # fmt: skip


@contextlib.asynccontextmanager
async def engine(home: Path, **script: object) -> AsyncIterator[EngineClient]:
    """The daemon, ready; it ends with the block."""
    home.mkdir(parents=True, exist_ok=True)
    file = home / "script.json"
    file.write_text(json.dumps({**SCRIPT, **script}))
    learner = shlex.join([sys.executable, "-S", str(Path(__file__).with_name("wire_learner.py"))])
    command = (sys.executable, "-m", "seal_lsp.cli.engine", "--model", f"scripted:{file}", "--learner", learner)
    before = os.environ.copy()
    os.environ["SEAL_HOME"] = str(home)
    try:
        client = await ensure_engine(paths_of(home), command=command, idle_exit_s=120, timeout_s=60)
    finally:
        os.environ.clear()
        os.environ.update(before)
    try:
        async with asyncio.timeout(30):
            while (await client.status()).state == "loading":
                await asyncio.sleep(0.05)
        yield client
    finally:
        with contextlib.suppress(Exception):
            await client.shutdown()
        await client.aclose()


def paths_of(home: Path) -> Paths:
    return Paths(home / "data", home / "cache", home / "run")
