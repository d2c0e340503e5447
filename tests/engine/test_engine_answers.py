"""Rank and complete over the app: answers, errors, cancelling, deadlines, priorities."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from rule_model import BASE

from seal_lsp.client.engine_client import EngineClient
from seal_lsp.core.errors import Cancelled, EngineUnavailable, ModelError, UsageError
from seal_lsp.core.protocol import CompleteRequest, LearnRequest, RankRequest, UsageLineRequest
from seal_lsp.engine.answers import shortened
from seal_lsp.engine.app import create_app
from seal_lsp.engine.generation import GenerationQueue, Priority
from seal_lsp.engine.model_host import ModelSource


async def test_rank_and_complete_without_libraries(start):
    async with start() as running:
        ranked = await running.client.rank(RankRequest("acme.", ("longer", "run")))
        assert (ranked.scores, ranked.adapter, ranked.model) == ((-6.0, -3.0), "", "rules")
        completed = await running.client.complete(CompleteRequest("acme.", n=3))
        assert completed.texts == ("base()",)
        assert (completed.adapter, completed.finish) == ("", "stop")
        status = await running.client.status()
        assert (status.state, status.kind, status.model) == ("ready", "Normal", "rules")


@pytest.mark.parametrize(
    ("route", "body", "code", "kind", "says"),
    [
        ("rank", b"{", 400, "UsageError", "not a RankRequest"),
        ("rank", b'{"prefix": "x"}', 400, "UsageError", "candidates"),
        ("rank", b'{"prefix": "x", "candidates": []}', 400, "UsageError", "nothing to rank"),
        ("learn", b'{"library": "nonsense", "environment": {}}', 400, "UsageError", "not a library"),
        ("forget", b'{"library": ""}', 400, "UsageError", "not a library"),
        ("rank", b'{"prefix": "' + b"x" * 4_000_001 + b'", "candidates": ["a"]}', 400, "UsageError", "message of more"),
        ("learned?library=acme@1.0", None, 400, "UsageError", "no adapter"),
        ("probes", None, 400, "UsageError", "library is missing"),
        ("audit?limit=many", None, 400, "UsageError", "numbers"),
    ],
)
async def test_bad_requests_say_what_is_wrong(start, route, body, code, kind, says):
    async with start() as running:
        transport = httpx.ASGITransport(create_app(running.engine))
        async with httpx.AsyncClient(transport=transport, base_url="http://engine") as http:
            url = f"/v1/{route}"
            reply = await (http.post(url, content=body) if body is not None else http.get(url))
        assert reply.status_code == code
        assert reply.json()["type"] == kind
        assert says in reply.json()["message"]


async def test_without_a_model_static_questions_are_answered(start):
    def none() -> ModelSource:
        raise ModelError("no model has been pulled", hint="run: seal-lsp model pull")

    async with start(resolve=none) as running:
        await running.until(lambda: running.engine.host.state == "problem")
        status = await running.client.status()
        assert (status.state, status.kind) == ("problem", "Error")
        assert "seal-lsp model pull" in status.message
        assert await running.client.libraries() == ()
        assert await running.client.audit() == ()
        for ask in (
            running.client.rank(RankRequest("a", ("b",))),
            running.client.complete(CompleteRequest("a")),
            running.client.usage_line(UsageLineRequest("acme@1.0", "acme.run")),
            running.client.learn(LearnRequest("acme@1.0", {})),
        ):
            with pytest.raises(ModelError, match="no model has been pulled"):
                await ask


async def test_a_model_that_fails_to_load_is_a_problem(start):
    def load():
        raise ImportError("No module named 'torch'")

    async with start(resolve=lambda: ModelSource("x", "x", BASE, load)) as running:
        await running.until(lambda: running.engine.host.state == "problem")
        assert "torch" in (await running.client.status()).message
        await running.learn()
        assert (await running.client.status()).queue == ("acme@1.0",)  # it waits for a model, it does not fail


async def test_while_the_model_loads(start, model):
    import threading

    loading = threading.Event()

    def load():
        loading.wait(30)
        return model

    async with start(resolve=lambda: ModelSource("rules", "rules", BASE, load)) as running:
        assert (await running.client.status()).state == "loading"
        with pytest.raises(EngineUnavailable, match="still loading"):
            await running.client.rank(RankRequest("a", ("b",)))
        loading.set()
        await running.until(lambda: running.engine.host.state == "ready")
        assert (await running.client.rank(RankRequest("a", ("b",)))).scores == (-1.0,)


async def test_several_distinct_completions_come_from_less_and_less_context(start, model):
    wide, near = "a = 1\nb = 2\n", "c = 3\nacme."
    rules = {wide + near: "whole()", near: "half()", "acme.": "line()"}
    async with start(model=type(model)(rules=rules)) as running:
        for n, texts in ((1, ("whole()",)), (2, ("whole()", "half()")), (5, ("whole()", "half()", "line()"))):
            assert (await running.client.complete(CompleteRequest(wide + near, n=n))).texts == texts


async def test_cancel_by_id_running_and_waiting(start):
    async with start() as running:
        running.model.gate.clear()
        first = asyncio.create_task(running.client.rank(RankRequest("first", ("b",), request="1")))
        await running.until(lambda: running.model.entered == ["first"])
        second = asyncio.create_task(running.client.rank(RankRequest("second", ("b",), request="2")))
        await running.until(lambda: "2" in running.engine.answers._open)
        assert await running.client.cancel("2")
        with pytest.raises(Cancelled):
            await second
        assert await running.client.cancel("1")
        with pytest.raises(Cancelled):
            await first
        assert not await running.client.cancel("1")
        running.model.gate.set()
        assert (await running.client.rank(RankRequest("third", ("b",)))).scores == (-1.0,)
        assert running.model.entered == ["first", "third"]


async def test_cancelling_the_task_stops_the_work(start):
    async with start() as running:
        running.model.gate.clear()
        task = asyncio.create_task(running.client.complete(CompleteRequest("typing")))
        await running.until(lambda: running.model.entered)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await running.until(lambda: running.model.cancelled == 1)


async def test_deadline(start):
    async with start() as running:
        running.model.gate.clear()
        with pytest.raises(Cancelled, match="not done within 30 ms"):
            await running.client.rank(RankRequest("slow", ("b",), deadline_ms=30))
        await running.until(lambda: running.model.cancelled == 1)
        running.model.gate.set()
        assert (await running.client.rank(RankRequest("x", ("b",), deadline_ms=20_000))).scores == (-1.0,)


async def test_token(start):
    async with start(token="a-long-enough-token") as running:
        assert (await running.client.status()).state == "ready"
        transport = httpx.ASGITransport(create_app(running.engine, token="a-long-enough-token"))
        for wrong in (None, "a-long-enough-tokeN", ""):
            async with EngineClient("http://engine", wrong, transport=transport) as client:
                with pytest.raises(EngineUnavailable, match="token"):
                    await client.status()


async def test_typing_goes_before_usage_lines_and_interrupts_them():
    queue = GenerationQueue()
    order: list[str] = []
    entered = asyncio.Event()
    loop = asyncio.get_running_loop()

    def background(cancel):
        order.append("line begins")
        loop.call_soon_threadsafe(entered.set)
        while order.count("typing") == 0:
            if cancel.is_set():
                raise Cancelled("made way")
        order.append("line ends")
        return "line"

    queue.start()
    line = queue.submit(background, Priority.BACKGROUND)
    await entered.wait()
    assert await queue.run(lambda cancel: order.append("typing") or "typed", Priority.TYPING) == "typed"
    assert await queue.wait(line) == "line"
    assert order == ["line begins", "typing", "line begins", "line ends"]
    queue.close()
    with pytest.raises(EngineUnavailable):
        await queue.run(lambda cancel: None, Priority.TYPING)


async def test_an_error_in_one_job_does_not_end_the_worker():
    queue = GenerationQueue()
    queue.start()

    def broken(cancel):
        raise UsageError("no")

    with pytest.raises(UsageError):
        await queue.run(broken, Priority.TYPING)
    assert await queue.run(lambda cancel: 1, Priority.TYPING) == 1
    queue.close()


@pytest.mark.parametrize(
    ("prefix", "n", "expected"),
    [
        ("a.", 0, []),
        ("a.", 2, []),  # nothing shorter to look at: one answer, never the same twice
        ("1\n2\n3\n4\n5\n6.", 0, []),
        ("1\n2\n3\n4\n5\n6.", 2, ["4\n5\n6.", "6."]),
        ("", 1, []),
    ],
)
def test_shortened(prefix, n, expected):
    assert shortened(prefix, n) == expected
