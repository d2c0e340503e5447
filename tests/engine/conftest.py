"""An engine with rules for a model, asked over its real app; and a learner that is a real process."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from rule_model import BASE, HeldModel

from seal_lsp.client.engine_client import EngineClient
from seal_lsp.core.protocol import Event, LearnRequest, UsageLineReply
from seal_lsp.engine.app import create_app
from seal_lsp.engine.engine import Engine
from seal_lsp.engine.model_host import ModelSource
from seal_lsp.store.paths import Paths

FAKE_LEARNER = (sys.executable, "-S", str(Path(__file__).with_name("fake_learner.py")))


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path / "data", tmp_path / "cache", tmp_path / "run").ensure()


@pytest.fixture
def model() -> HeldModel:
    return HeldModel()


class Running:
    """An engine that runs, the client that asks it, and every event since."""

    def __init__(self, engine: Engine, client: EngineClient, model: HeldModel) -> None:
        self.engine, self.client, self.model = engine, client, model
        self.events: list[Event] = []
        self._news = asyncio.Event()

    async def listen(self) -> None:
        with self.engine.hub.subscribe() as queue:
            while (event := await queue.get()) is not None:
                self.events.append(event)
                self._news.set()

    def kinds(self, *wanted: str) -> list[str]:
        return [event.kind for event in self.events if event.kind in wanted]

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until `holds()`, looking again after every event."""
        async with asyncio.timeout(30):
            while not holds():
                self._news.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), 0.05)

    async def learn(self, library: str = "acme@1.0", *, reason: str = "watch", force: bool = False, **overrides):
        request = LearnRequest(library, {"prefix": "/venv"}, (), reason, force, {"base": BASE, **overrides})
        return await self.client.learn(request)

    def trains(self) -> bool:
        """The learner is in its longest phase."""
        learning = self.engine.learning.learning
        return learning is not None and learning.phase == "train"

    async def settled(self) -> None:
        await self.until(lambda: self.engine.learning.learning is None and not self.engine.learning.waiting)


@pytest.fixture
def start(paths: Paths, model: HeldModel):
    """`async with start() as running`; several one after the other share the same folders."""

    @contextlib.asynccontextmanager
    async def begin(resolve=None, writer=None, token: str = "", model=model, **options) -> AsyncIterator[Running]:
        def refuse(*_: object) -> UsageLineReply:
            raise AssertionError("no usage line was expected")

        engine = Engine(
            paths,
            resolve or (lambda: ModelSource("rules", "rules", BASE, lambda: model)),
            learner_command=FAKE_LEARNER,
            writer=writer or refuse,
            **options,
        )
        transport = httpx.ASGITransport(create_app(engine, token=token))
        async with engine.running(), EngineClient("http://engine", token or None, transport=transport) as client:
            running = Running(engine, client, model)
            listening = asyncio.create_task(running.listen())
            if resolve is None:
                await running.until(lambda: engine.host.state == "ready")
            yield running
        await listening

    return begin
