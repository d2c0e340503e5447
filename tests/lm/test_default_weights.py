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
