"""The pinned default model, for real. `SEAL_TEST_MODELS` names a folder of pulled models, else the user's cache is
used; `SEAL_SKIP_WEIGHTS=1` leaves these tests out, and pytest says so."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

pytestmark = pytest.mark.weights


@pytest.fixture(scope="module")
def folder():
    if os.environ.get("SEAL_SKIP_WEIGHTS"):
        pytest.skip("SEAL_SKIP_WEIGHTS is set: the default weights are NOT tested")
    from seal_lsp.lm.registry import ModelRegistry
    from seal_lsp.store.paths import Paths

    chosen = os.environ.get("SEAL_TEST_MODELS")
    places = SimpleNamespace(models=Path(chosen)) if chosen else Paths.default()
    registry = ModelRegistry(places)
    found = registry.pull("default")
    registry.verify(found)
    return found


@pytest.fixture(scope="module")
def default_model(folder):
    from seal_lsp.lm.load import load

    return load(folder, device="cpu")


def test_the_default_is_what_was_pinned(folder):
    assert folder.digest == "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
    assert (folder.architecture, folder.parameters, folder.license) == ("llama", 134_515_008, "apache-2.0")


def test_it_writes_python(default_model):
    said = default_model.generate(["import os\n\nprint(os.path.jo"], max_tokens=4)[0]
    assert said.text.startswith("in(")  # `jo` is healed: the model may only write tokens that begin so
    assert default_model.info.context == 8192
    assert default_model.info.fim is False


def test_it_prefers_names_that_exist(default_model):
    names = ["join", "exists", "jion", "zebra", "qqqq"]
    scores = default_model.rank("import os\n\npath = os.path.", names)
    assert max(scores[:2]) > max(scores[2:]) + 3
    pairs = default_model.score([("import os\n\npath = os.path.", n) for n in names])
    assert scores == pytest.approx([p.logprob for p in pairs], abs=0.02)


def test_batches_are_exact(default_model):
    prompts = ["import json\njson.", "def add(a, b):\n    return ", "for i in range("]
    batch = default_model.generate(prompts, max_tokens=6)
    assert [g.text for g in batch] == [default_model.generate([p], max_tokens=6)[0].text for p in prompts]


@pytest.mark.parametrize(
    ("module", "names", "known"),
    [
        ("itertools", "accumulate combinations compress cycle dropwhile filterfalse islice product starmap", 1),
        ("tempfile", "NamedTemporaryFile TemporaryDirectory gettempdir mkdtemp mkstemp mktemp", 1),
        ("pygls", "LanguageServer JsonRPCServer TextDocument PositionCodec Workspace uris protocol io_ types", 0),
        ("throttled", "Throttled RateLimiterType rate_limiter MemoryStore RedisStore per_sec per_min exceptions", 0),
    ],
)
def test_it_knows_the_standard_library_by_name_and_no_other(default_model, module, names, known):
    from seal_lsp.pipeline.known import knowledge_of

    pairs = [(f"from {module} import", f" {name}") for name in names.split()]
    assert knowledge_of(pairs, default_model).known is bool(known)


@pytest.fixture(scope="module")
def quick_model(folder):
    from seal_lsp.lm.load import load

    return load(folder, device="cpu", runtime="onnx", anchored=True)


@pytest.fixture(scope="module")
def adapter(folder, tmp_path_factory):
    """(folder, digest) of LoRA with random weights, large enough to change the likeliest token at some places."""
    import torch
    from transformers import AutoModelForCausalLM

    from seal_lsp.train import lora
    from seal_lsp.train.recipe import Recipe

    network = lora.attach(AutoModelForCausalLM.from_pretrained(folder.path), Recipe())
    for name, parameter in network.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.05)
    target = tmp_path_factory.mktemp("adapter")
    return target, lora.save(network, target, folder.id)


def logits_of(model, ids, adapter=None):
    """Log-probabilities at each place [tokens, vocabulary]."""
    import torch

    with model._running(adapter), torch.inference_mode():
        return model.network(ids).logits[0].log_softmax(-1)


def divergence(wanted, got) -> float:
    """KL(wanted || got), nats a token."""
    return float((wanted.exp() * (wanted - got)).sum(-1).mean())


def test_eight_bits_say_nearly_what_the_reference_says(default_model, quick_model, adapter, text):
    """Same windows by both, bare, under an adapter, and under a folded one: how far the whole distribution is off,
    and how often the likeliest token is another one."""
    import torch

    assert (default_model.info.runtime.split()[0], quick_model.info.runtime.split()[0]) == ("torch", "onnxruntime")
    ids = torch.tensor([default_model.tokens.encode(text)[:512]])
    bare = logits_of(default_model, ids)
    place, digest = adapter
    for model in (default_model, quick_model):
        model.load_adapter(place, digest)
    adapted = logits_of(default_model, ids, digest)
    assert divergence(adapted, bare) > 0.1
    found = {"bare": (bare, logits_of(quick_model, ids)), "adapter": (adapted, logits_of(quick_model, ids, digest))}
    for _ in range(8):
        quick_model.rank("import os\n\npath = os.", ["path"], adapter=digest)
    quick_model.settle()
    found["folded"] = adapted, logits_of(quick_model, ids, digest)
    assert quick_model.network.active.how[0] is not quick_model.network.bare.how[0]
    for how, (wanted, got) in found.items():
        assert divergence(wanted, got) < 0.02, how
        assert float((wanted.argmax(-1) == got.argmax(-1)).float().mean()) > 0.9, how
    for model in (default_model, quick_model):
        model.unload_adapter(digest)


def test_names_stand_in_nearly_the_same_order_by_both(default_model, quick_model):
    names = ["join", "exists", "isfile", "dirname", "jion", "zebra"]
    wanted, got = (m.rank_names("import os\n\npath = os.path.", names) for m in (default_model, quick_model))
    assert [sum(pair) for pair in got] == pytest.approx([sum(pair) for pair in wanted], abs=0.5, rel=0.05)
    assert names[max(range(6), key=lambda n: sum(got[n]))] == names[max(range(6), key=lambda n: sum(wanted[n]))]
