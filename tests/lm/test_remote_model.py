"""A model behind a server answers as the model itself: greedy text, ranks and scores, with and without an adapter, by
vLLM's dialect and llama.cpp's; and says what is wrong when the server is not what it should be."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from dataclasses import replace

import pytest
import torch
from model_server import LlamaServer, VllmServer

from seal_lsp.core.errors import AdapterUnavailable, Cancelled, ModelError, StoreDamaged, UsageError
from seal_lsp.lm.load import load
from seal_lsp.lm.registry import ModelFolder
from seal_lsp.lm.remote_connect import connect, describe
from seal_lsp.lm.remote_dialects import TOP
from seal_lsp.lm.remote_http import Refused, ServerAddress
from seal_lsp.lm.tiny import make_tiny

PROMPTS = ["def resolve(self, ", "import os\n", "    return self.", "class Symbol:\n    ", "x = 12", "", "né"]
NAMES = ["symbols", "symbol", "resolve", "resolve_all", "members", "x", "日本"]
KINDS = {"vllm": VllmServer, "llama.cpp": LlamaServer}


@pytest.fixture(scope="session")
def local(tiny_folder):
    """What every answer is compared with."""
    return load(tiny_folder, device="cpu", threads=1)


@pytest.fixture
def two(make_adapter):
    """Two adapters as (folder, digest)."""
    return make_adapter(1), make_adapter(2)


@pytest.fixture(scope="session")
def copy(tiny_folder):
    """What servers compute with."""
    return load(tiny_folder, device="cpu", threads=1)


@pytest.fixture
def serve(tiny_folder, copy):
    """serve(kind, **options) -> a running server."""
    with contextlib.ExitStack() as stack:
        stack.callback(lambda: [copy.unload_adapter(digest) for digest in copy.adapters()])

        def start(kind: str, **options):
            server = KINDS[kind](copy, tiny_folder.path, **options)
            server.parameters = tiny_folder.parameters
            server.start()
            return stack.enter_context(contextlib.closing(server))

        yield start


@pytest.fixture
def reach(tiny_folder):
    """reach(server, ...) -> the remote model."""
    with contextlib.ExitStack() as stack:

        def ask(server, folder: ModelFolder | None = tiny_folder, **options):
            address = ServerAddress(server.url, **options)
            model = connect(address, folder, folder.digest if folder else "f" * 64)
            stack.callback(model.close)
            return model

        yield ask


@pytest.fixture
def loaded(local, two):
    """The local model with both adapters."""
    for folder, digest in two:
        local.load_adapter(folder, digest)
    yield local
    for _, digest in two:
        local.unload_adapter(digest)


def with_adapters(serve, reach, kind: str, two, **options):
    server = serve(kind, adapters=two if kind == "llama.cpp" else (), **options)
    model = reach(server)
    for folder, digest in two:
        model.load_adapter(folder, digest)
    return server, model


def same(found, expected) -> None:
    assert [(g.text, g.tokens, g.finish) for g in found] == [(g.text, g.tokens, g.finish) for g in expected]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "options",
    [
        {"max_tokens": 8},
        {"max_tokens": 12, "stop": ("\n", "self", "e", "):")},
        {"max_tokens": 1},
        {"max_tokens": 0},
        {"max_tokens": 6, "max_prompt_tokens": 3},
    ],
    ids=str,
)
def test_greedy_text_is_the_models_own(serve, reach, loaded, two, kind, options, monkeypatch):
    """Its logprob too, when every token is told (a healed one's is a share of those that spell the same)."""
    monkeypatch.setattr("seal_lsp.lm.remote_writing.TOP", 512)
    _, model = with_adapters(serve, reach, kind, two, max_logprobs=512)
    texts = set()
    for adapter in (None, *(digest for _, digest in two)):
        expected = loaded.generate(PROMPTS, adapter=adapter, **options)
        found = model.generate(PROMPTS, adapter=adapter, **options)
        same(found, expected)
        assert [g.logprob for g in found] == pytest.approx([g.logprob for g in expected], abs=1e-3)
        texts.add("|".join(g.text for g in expected))
    assert len(texts) == 3 or options["max_tokens"] < 6  # adapters change what is written


@pytest.mark.parametrize("kind", KINDS)
def test_logprobs_are_the_models_own_where_nothing_is_healed(serve, reach, local, kind, text):
    model = reach(serve(kind))
    model.tokens.healed = lambda prompt: (prompt, b"")
    for start in (300, 600, 900):
        ids = model.tokens.window(text[:start], 900)
        expected = 0.0
        for _ in range(8):
            with torch.inference_mode():
                at = local.network(torch.tensor([ids])).logits[0, -1].float().log_softmax(-1)
            expected += float(at.max())
            ids = [*ids, int(at.argmax())]
        assert model.generate([text[:start]], max_tokens=8)[0].logprob == pytest.approx(expected / 8, abs=1e-4)


@pytest.mark.parametrize("prefix", ["    return self.", "from x import ", "foo(a, b", "obj.res", ""])
def test_ranks_and_scores_are_the_models_own(serve, reach, loaded, two, prefix):
    _, model = with_adapters(serve, reach, "vllm", two)
    ranks = []
    for adapter in (None, *(digest for _, digest in two)):
        expected = loaded.rank(prefix, [*NAMES, ""], adapter=adapter)
        assert model.rank(prefix, [*NAMES, ""], adapter=adapter) == pytest.approx(expected, abs=1e-3)
        pairs = [(prefix, name) for name in NAMES] + [("", prefix * 3)]
        for one, other in zip(model.score(pairs, adapter=adapter), loaded.score(pairs, adapter=adapter), strict=True):
            assert (one.tokens, one.bytes) == (other.tokens, other.bytes)
            assert one.logprob == pytest.approx(other.logprob, abs=1e-3)
        ranks.append(expected)
    assert ranks[0] != pytest.approx(ranks[1], abs=0.1)


@pytest.mark.parametrize("prefix", ["    return self.", "from x import ", ""])
def test_names_are_ranked_with_their_end(serve, reach, local, prefix):
    """The server tells `TOP` tokens: what it leaves out is the most that an end can be off by."""
    model = reach(serve("vllm"))
    for (score, end), (own, exact), name in zip(
        model.rank_names(prefix, NAMES), local.rank_names(prefix, NAMES), NAMES, strict=True
    ):
        assert score == pytest.approx(own, abs=1e-3)
        shared, (rest, *_) = local.tokens.after(prefix, [name, *NAMES], 900)
        with torch.inference_mode():
            at = local.network(torch.tensor([shared + rest])).logits[0, -1].float().softmax(-1)
        assert abs(math.exp(end) - math.exp(exact)) <= 1 - float(at.topk(TOP).values.sum()) + 1e-4


def test_an_end_is_exact_when_every_token_is_told(serve, reach, local, monkeypatch):
    monkeypatch.setattr("seal_lsp.lm.remote_model.TOP", 512)
    model = reach(serve("vllm", max_logprobs=512))
    expected = [end for _, end in local.rank_names("self.", NAMES)]
    assert [end for _, end in model.rank_names("self.", NAMES)] == pytest.approx(expected, abs=1e-3)


def test_many_candidates_and_long_spans(serve, reach, local, text, monkeypatch):
    monkeypatch.setattr(local, "_info", replace(local.info, context=local.info.context - 1))  # a server writes one more
    server = serve("vllm")
    model = reach(server)
    names = [f"name_{n}" for n in range(70)]
    assert model.rank("self.", names) == pytest.approx(local.rank("self.", names), abs=1e-3)
    assert [len(body["prompt"]) for body in server.bodies()] == [64, 6]  # all candidates of a chunk in one request
    long = model.score([("", text[:6000])])[0]
    assert long.tokens == len(local.tokens.encode(text[:6000])) > model.info.context
    assert long.logprob == pytest.approx(local.score([("", text[:6000])])[0].logprob, rel=1e-3)
    assert max(len(row) for body in server.bodies() for row in body["prompt"]) < model.info.context


def test_llama_cpp_cannot_score_and_says_so(serve, reach):
    model = reach(serve("llama.cpp"))
    assert (model.info.scores, "no scores" in model.info.runtime) == (False, True)
    for ask in (
        lambda: model.rank("self.", NAMES),
        lambda: model.rank_names("self.", NAMES),
        lambda: model.score([("a", "b")]),
    ):
        with pytest.raises(ModelError, match="static order"):
            ask()
    assert model.rank("self.", []) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0])
def test_a_scaled_adapter(serve, reach, loaded, two, kind, scale):
    _, model = with_adapters(serve, reach, kind, two)
    digest = two[0][1]
    for one in (model, loaded):
        one.set_scale(digest, scale)
    same(
        model.generate(PROMPTS, max_tokens=12, adapter=digest), loaded.generate(PROMPTS, max_tokens=12, adapter=digest)
    )
    loaded.set_scale(digest, 1.0)


def test_vllm_is_asked_by_the_digest(serve, reach, two):
    server, model = with_adapters(serve, reach, "vllm", two)
    folder, digest = two[0]
    assert server.bodies("/v1/load_lora_adapter")[0] == {"lora_name": digest, "lora_path": str(folder)}
    model.generate(["x"], max_tokens=2, adapter=digest)
    model.generate(["x"], max_tokens=2)
    assert {body["model"] for body in server.bodies()[:1]} == {digest}
    assert server.bodies()[-1]["model"] == server.name
    model.unload_adapter(digest)
    assert (digest in server.served, model.adapters()) == (False, (two[1][1],))
    with pytest.raises(StoreDamaged, match="not loaded"):
        model.generate(["x"], max_tokens=2, adapter=digest)


def test_vllm_may_have_an_adapter_already(serve, reach, two):
    """An engine before this one loaded it."""
    server = serve("vllm", adapters=[two[0]])
    reach(server).load_adapter(*two[0])
    assert server.bodies("/v1/load_lora_adapter") == []


def test_llama_cpp_is_told_every_scale_and_keeps_no_prompt(serve, reach, two):
    server, model = with_adapters(serve, reach, "llama.cpp", two)
    for adapter, scales in ((None, [0, 0]), (two[1][1], [0, 1])):
        model.generate(["import os\n"], max_tokens=2, adapter=adapter)
        for body in server.bodies()[-2:]:  # one heals, one writes
            assert body["lora"] == [{"id": n, "scale": scale} for n, scale in enumerate(scales)]
            assert body["cache_prompt"] is False  # its cache does not know whose keys and values it holds
    bare = serve("llama.cpp")
    reach(bare).generate(["x"], max_tokens=2)
    assert all(body["cache_prompt"] for body in bare.bodies())


def test_a_server_started_again(serve, reach, loaded, two):
    """What it was told is gone; llama.cpp's adapters are numbered anew."""
    for kind in KINDS:
        server, model = with_adapters(serve, reach, kind, two)
        digest = two[1][1]
        expected = loaded.generate(PROMPTS[:3], max_tokens=8, adapter=digest)
        same(model.generate(PROMPTS[:3], max_tokens=8, adapter=digest), expected)
        server.stop()
        with pytest.raises(ModelError, match=f"no answer from the model server at {server.url[:-3]}"):
            model.generate(PROMPTS[:3], max_tokens=8, adapter=digest)
        if kind == "llama.cpp":
            for folder, other in reversed(two):
                server.serve(other, folder)
        server.start()
        same(model.generate(PROMPTS[:3], max_tokens=8, adapter=digest), expected)


def test_a_server_started_again_without_the_adapter_never_answers_with_the_base(serve, reach, two):
    for kind in KINDS:
        server, model = with_adapters(serve, reach, kind, two)
        server.stop()
        server.live = False
        server.start()
        with pytest.raises(AdapterUnavailable, match=two[0][1][:12]):
            model.generate(["x"], max_tokens=4, adapter=two[0][1])
        assert two[0][1] not in model.adapters()  # whoever asks next has to load it, and is told


def test_a_server_started_again_with_another_model(serve, reach, monkeypatch):
    monkeypatch.setattr("seal_lsp.lm.remote_model.LOOKED_S", 0.0)
    for kind in KINDS:
        server = serve(kind)
        model = reach(server)
        model.generate(["x"], max_tokens=1)
        server.name = "another"
        with pytest.raises(ModelError, match="started with another model: another, not tiny"):
            model.generate(["x"], max_tokens=1)


@pytest.mark.parametrize(
    ("kind", "spoil", "error", "says"),
    [
        ("vllm", lambda s, f: setattr(s, "live", False), AdapterUnavailable, "VLLM_ALLOW_RUNTIME_LORA_UPDATING"),
        ("vllm", lambda s, f: setattr(s, "failing", True), Refused, "out of memory"),
        ("vllm", lambda s, f: (f / "adapter_config.json").unlink(), AdapterUnavailable, "No adapter found"),
        ("vllm", lambda s, f: s.stop(), ModelError, "no answer"),
        ("vllm", lambda s, f: (f / "adapter_model.safetensors").write_bytes(b"x"), StoreDamaged, "is not"),
        ("vllm", lambda s, f: (f / "adapter_model.safetensors").unlink(), StoreDamaged, "is not"),
        ("llama.cpp", lambda s, f: None, AdapterUnavailable, "convert_lora_to_gguf.py"),
    ],
)
def test_an_adapter_that_cannot_be_had(serve, reach, two, kind, spoil, error, says):
    server = serve(kind)
    model = reach(server)
    folder, digest = two[0]
    spoil(server, folder)
    with pytest.raises(error) as caught:
        model.load_adapter(folder, digest)
    assert says in str(caught.value)
    assert (type(caught.value) is error, model.adapters()) == (True, ())


@pytest.mark.parametrize("kind", KINDS)
def test_cancelling_and_deadlines_end_within_a_token(serve, reach, local, kind):
    server = serve(kind)
    model = reach(server)
    server.pause_s = 0.1
    cancel = threading.Event()
    threading.Timer(0.55, cancel.set).start()
    for options, finish in (({"cancel": cancel}, "cancelled"), ({"deadline_s": 0.55}, "deadline")):
        began, before = time.monotonic(), server.tokens
        (found,) = model.generate(["import os\n"], max_tokens=200, **options)
        assert time.monotonic() - began < 4  # all of it takes 20 s
        assert found.finish == finish
        assert found.tokens <= 5
        assert local.generate(["import os\n"], max_tokens=200)[0].text.startswith(found.text)
        time.sleep(0.4)
        assert server.tokens - before <= found.tokens + 2  # the server stopped as well
    assert server.abandoned == 2


def test_what_is_cancelled_before_is_never_asked(serve, reach):
    server = serve("vllm")
    model = reach(server)
    cancel = threading.Event()
    cancel.set()
    assert model.generate(["x", "y"], max_tokens=9, cancel=cancel)[1].finish == "cancelled"
    assert model.generate(["x"], max_tokens=9, deadline_s=0.0)[0].finish == "deadline"
    for ask in (
        lambda: model.rank("self.", NAMES, cancel=cancel),
        lambda: model.score([("a", "b")], cancel=cancel),
    ):
        with pytest.raises(Cancelled):
            ask()
    assert server.bodies() == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("torn", [True, False])
@pytest.mark.parametrize("after", [0, 3])
def test_half_a_stream_is_no_answer(serve, reach, kind, torn, after):
    server = serve(kind)
    model = reach(server)
    server.broken, server.torn = after, torn
    with pytest.raises(ModelError, match=r"broke off|no answer"):
        model.generate(["import os\n"], max_tokens=8)
    server.broken = None
    assert model.generate(["import os\n"], max_tokens=8)[0].finish == "length"  # and it goes on as if nothing had been


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_of_the_server_is_told_with_its_address(serve, reach, kind):
    server = serve(kind)
    model = reach(server)
    server.failing = True
    with pytest.raises(ModelError) as caught:
        model.generate(["x"], max_tokens=3)
    assert all(part in str(caught.value) for part in (f"127.0.0.1:{server.port}/", "500", "out of memory"))


def test_more_logprobs_than_the_server_allows(serve, reach):
    with pytest.raises(ModelError, match="max allowed: 5"):
        reach(serve("vllm", max_logprobs=5)).rank_names("self.", NAMES)


def test_a_key_is_sent_and_never_shown(serve, reach):
    server = serve("vllm", key="open sesame")
    with pytest.raises(ModelError, match="401: Unauthorized") as caught:
        reach(server)
    assert "model.key_variable" in caught.value.hint
    assert reach(server, key="open sesame").generate(["x"], max_tokens=1)
    assert "sesame" not in repr(ServerAddress(server.url, key="open sesame"))


@pytest.mark.parametrize(
    ("url", "allow", "says"),
    [
        ("http://127.0.0.1:9/v1", "", ""),
        ("http://[::1]:9/v1", "", ""),
        ("http://localhost:9", "", ""),
        ("http://gpu.example:8000/v1", "gpu.example", ""),
        ("http://gpu.example:8000/v1", "", "set model.allow_host to gpu.example"),
        ("http://gpu.example:8000/v1", "example", "names another machine"),
        ("http://127.0.0.1.example/v1", "", "names another machine"),
        ("http://127.0.0.1@gpu.example/v1", "", "names another machine, gpu.example"),
        ("http://0.0.0.0:8000/v1", "", "names another machine"),
        ("ftp://127.0.0.1/v1", "", "no address"),
        ("", "", "no address"),
    ],
)
def test_text_goes_to_this_machine_or_where_it_was_allowed(url, allow, says):
    address = ServerAddress(url, allow_host=allow)
    if not says:
        address.check()
        return
    with pytest.raises(UsageError) as caught:
        connect(address, None, "f" * 64)
    assert says in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_another_base_is_refused(serve, reach, text, tmp_path, kind):
    """Adapters would be run over weights that they were not made for."""
    server = serve(kind)
    words = make_tiny(tmp_path / "words", text, vocabulary=400)
    with pytest.raises(ModelError, match="cuts text into other tokens"):
        reach(server, words)
    deeper = make_tiny(tmp_path / "deeper", text, hidden=64, layers=4)
    with pytest.raises(ModelError, match="million parameters" if kind == "llama.cpp" else "num_hidden_layers"):
        reach(server, deeper)


@pytest.mark.parametrize(
    ("models", "name", "says"),
    [
        ([{"id": "a"}, {"id": "b"}], "", "several models: a, b"),
        ([{"id": "a"}, {"id": "b"}], "c", "no 'c': a, b"),
        ([], "", "nothing"),
        ([{"id": "a", "owned_by": "library"}], "", "neither vLLM nor llama.cpp's (owned_by: library)"),
        ([{"name": "a"}], "", "a strange answer"),
        ("no list", "", "a strange answer"),
    ],
)
def test_a_server_that_is_not_understood(serve, reach, models, name, says):
    server = serve("vllm")
    server.answer = lambda path, body: {"data": models}
    with pytest.raises(ModelError) as caught:
        reach(server, name=name)
    assert says in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_without_weights_here_the_bare_model_is_served(serve, reach, local, kind):
    """Cut by the server's tokenizer; nothing is healed."""
    server = serve(kind)
    model = reach(server, None)
    assert (model.info.digest, model.info.id, "its own tokenizer" in model.info.runtime) == ("f" * 64, "tiny", True)
    plain = reach(serve(kind))
    plain.tokens.healed = lambda prompt: (prompt, b"")
    for options in ({"max_tokens": 8}, {"max_tokens": 8, "max_prompt_tokens": 2}):
        same(model.generate(PROMPTS[:5], **options), plain.generate(PROMPTS[:5], **options))
    assert model.generate([""], max_tokens=3)[0].tokens == 3
    if kind == "vllm":
        assert model.rank("    return self.", NAMES) == pytest.approx(local.rank("    return self.", NAMES), abs=1e-3)
        ends = [end for _, end in reach(server).rank_names("self.", NAMES)]
        assert [end for _, end in model.rank_names("self.", NAMES)] == pytest.approx(ends, abs=1e-3)


@pytest.mark.parametrize(
    ("kind", "live", "facts"),
    [
        ("vllm", True, ("vllm", "0.99.0", True, "taken while it runs")),
        ("vllm", False, ("vllm", "0.99.0", True, "not taken: start it with VLLM_ALLOW_RUNTIME_LORA_UPDATING=True")),
        ("llama.cpp", True, ("llama.cpp", "b9999-tiny", False, "2 loaded; others need a start with --lora")),
    ],
)
def test_what_a_server_can_do(serve, two, kind, live, facts):
    server = serve(kind, adapters=two if kind == "llama.cpp" else ())
    server.live = live
    found = describe(ServerAddress(server.url))
    assert (found.kind, found.version, found.scores, found.adapters) == facts
    assert (found.base, found.context) == ("tiny", 1024)


def test_an_address_without_v1(serve):
    server = serve("vllm")
    assert describe(ServerAddress(server.url.removesuffix("/v1"))) == describe(ServerAddress(server.url + "/"))
