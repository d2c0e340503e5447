"""An engine whose model a server runs: found by settings, waited for, lost and found again; bare without weights."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest
from model_server import VllmServer

from seal_lsp.core.errors import AdapterUnavailable, ModelError, UsageError
from seal_lsp.core.protocol import CompleteRequest, RankRequest
from seal_lsp.engine import engine as engine_module
from seal_lsp.engine import routing
from seal_lsp.engine.model_host import resolve_model, server_address
from seal_lsp.settings.schema import ModelSettings

LINES = "import os\n\ndef join(*parts):\n    return os.path.join(*parts)\n" * 40


@pytest.fixture(autouse=True)
def quickly(monkeypatch):
    monkeypatch.setattr(engine_module, "RESOLVE_AGAIN_S", 0.05)


@pytest.fixture
def tiny(paths):
    from seal_lsp.lm.tiny import make_tiny

    return make_tiny(paths.models / "tiny", LINES)


@pytest.fixture
def server(tiny):
    from seal_lsp.lm.load import load

    with contextlib.closing(VllmServer(load(tiny, device="cpu", threads=1), tiny.path)) as server:
        yield server


def remote(paths, server, spec: str = "default"):
    address = server_address(ModelSettings(runtime="remote", url=server.url))
    return resolve_model(paths, spec, device="cpu", threads=1, runtime="remote", server=address)


async def test_a_server_that_comes_and_goes(start, paths, server, tiny):
    server.start()
    server.stop()  # its port is known
    request = CompleteRequest("import os\n", max_tokens=4)
    async with start(resolve=lambda: remote(paths, server)) as engine:
        await engine.until(lambda: engine.engine.host.state == "problem")
        assert f"no answer from the model server at http://127.0.0.1:{server.port}" in engine.engine.status().message
        with pytest.raises(ModelError, match="no answer"):
            await engine.client.complete(request)
        server.start()
        await engine.until(lambda: engine.engine.host.state == "ready")
        status = engine.engine.status()
        assert (status.model, status.state) == (tiny.id, "ready")
        assert status.runtime == f"remote vllm 0.99.0, prompts cut by the tokenizer here {server.url}"
        first = await engine.client.complete(request)
        assert first.texts
        server.stop()
        for ask in (engine.client.complete(request), engine.client.rank(RankRequest("os.", ("path", "join")))):
            with pytest.raises(ModelError, match="no answer"):  # an editor goes on with facts
                await ask
        status = engine.engine.status()
        assert (status.state, status.kind, "no answer" in status.message) == ("ready", "Warning", True)
        server.start()
        assert (await engine.client.complete(request)).texts == first.texts
        assert engine.engine.status().kind == "Normal"
        assert len((await engine.client.rank(RankRequest("os.", ("path", "join")))).scores) == 2


async def test_without_weights_nothing_is_learned_and_that_is_said(start, paths, server):
    server.start()
    async with start(resolve=lambda: remote(paths, server, "not-pulled")) as engine:
        await engine.until(lambda: engine.engine.host.state == "ready")
        status = engine.engine.status()
        assert (status.state, status.kind) == ("ready", "Warning")
        assert "not on this machine" in status.message
        assert (await engine.client.complete(CompleteRequest("import os\n", max_tokens=4))).texts
        for force in (False, True):
            reply = await engine.learn(force=force)
            assert (reply.state, reply.cycle) == ("refused", "")
            assert "nothing is learned" in reply.reason


async def test_a_model_that_cannot_score_is_not_asked_to(start):
    async with start() as engine:
        engine.model._info = replace(engine.model.info, scores=False)
        for _ in range(2):
            with pytest.raises(ModelError, match="static order"):
                await engine.client.rank(RankRequest("acme.", ("a", "b")))
        assert engine.model.entered == []
        assert engine.engine.status().kind == "Normal"


async def test_an_adapter_that_the_server_cannot_have_is_said_once_and_tried_again(start, monkeypatch):
    monkeypatch.setattr(routing, "UNAVAILABLE_S", 0.0)
    asked = []
    async with start() as engine:
        await engine.learn(prefers=["throttle"])
        await engine.settled()
        (digest,) = engine.model.adapters()
        engine.model.unload_adapter(digest)
        load = engine.model.load_adapter

        def refuse(folder, one) -> None:
            asked.append(one)
            if len(asked) < 4:
                raise AdapterUnavailable("the server does not take it", hint="start it otherwise")
            load(folder, one)

        engine.model.load_adapter = refuse
        replies = [await engine.client.rank(RankRequest("acme.", ("a", "throttle"), ("acme@1.0",))) for _ in range(4)]
        assert [reply.adapter for reply in replies] == ["", "", "", digest]
        assert [reply.scores[1] > reply.scores[0] for reply in replies] == [False, False, False, True]
        await engine.until(lambda: engine.kinds("problem"))
        (told,) = [event.data for event in engine.events if event.kind == "problem"]
        assert (told["type"], told["library"]) == ("AdapterUnavailable", "acme@1.0")
        assert told["hint"] == "start it otherwise"
        assert engine.engine.ledger.rows(kind="damaged") == []  # nothing is wrong with the adapter


@pytest.mark.parametrize(
    ("settings", "environ", "says"),
    [
        ({"url": "http://127.0.0.1:1/v1"}, {}, ""),
        ({"url": "http://gpu:1/v1", "allow_host": "gpu", "served_name": "base"}, {}, ""),
        ({"url": "http://gpu:1/v1"}, {}, "set model.allow_host to gpu"),
        ({}, {}, "model.url is no address"),
        ({"url": "http://localhost:1/v1", "key_variable": "KEY"}, {"KEY": "secret"}, ""),
        ({"url": "http://localhost:1/v1", "key_variable": "KEY"}, {}, "KEY, which is not set"),
    ],
)
def test_the_address_in_the_settings(settings, environ, says):
    settings = ModelSettings(runtime="remote", **settings)
    if says:
        with pytest.raises(UsageError) as caught:
            server_address(settings, environ)
        assert says in str(caught.value)
        return
    address = server_address(settings, environ)
    assert (address.url, address.name, address.key) == (settings.url, settings.served_name, environ.get("KEY", ""))


def test_the_base_that_a_learner_is_given(paths, server, tiny):
    """The weights here, or none: a bare model's digest is nobody's."""
    here, bare = remote(paths, server), remote(paths, server, "not-pulled")
    assert (here.spec, here.digest, here.bare, here.elsewhere) == (tiny.id, tiny.digest, "", True)
    assert bare.digest not in ("", tiny.digest)
    with pytest.raises(ModelError, match="there is no address"):
        resolve_model(paths, "default", device="cpu", threads=1, runtime="remote")
