"""How a command talks to the engine: find or start it, ask, close. Knows settings and paths, not what is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from seal_lsp.client.engine_client import EngineClient
    from seal_lsp.settings.schema import Settings

T = TypeVar("T")


def ask(work: Callable[[EngineClient], Awaitable[T]], *, start: bool = True) -> T:
    """Run `work` with a client. Without `start` an engine must be running already: raises EngineUnavailable."""
    from seal_lsp.client.start import ensure_engine, known_client
    from seal_lsp.store.paths import Paths

    settings = user_settings()
    paths = Paths.default()

    async def run() -> T:
        if start:
            client = await ensure_engine(paths, url=settings.engine.url, idle_exit_s=settings.engine.idle_exit_s)
        else:
            client = known_client(paths, settings.engine.url)
        async with client:
            return await work(client)

    return asyncio.run(run())


def user_settings() -> Settings:
    """The user's file and SEAL_ variables; what is off in them is said once, on stderr, and becomes its default."""
    from seal_lsp.cli.output import note
    from seal_lsp.settings.load import load

    settings, problems = load()
    for problem in problems:
        note(f"settings: {problem}")
    return settings
