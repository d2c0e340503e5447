"""A real LoRA run on a tiny model: the loss falls, the adapter binds, and a stopped run ends like one that was not."""

from __future__ import annotations

import threading

import orchard
import pytest

from seal_lsp.core.errors import Cancelled
from seal_lsp.lm.load import load
from seal_lsp.lm.tiny import make_tiny
from seal_lsp.train import loop, lora
from seal_lsp.train.packing import Item, encode, pack
from seal_lsp.train.recipe import recipe_with

TEXT = "from orchard import Ladder\n\nladder = Ladder(height=3.0)\nladder.climb(rungs=4)\n"
RECIPE = recipe_with(
    {
        "tokens": 3000,
        "step_tokens": 64,
        "sequence": 32,
        "rank": 8,
        "alpha": 16,
        "learning_rate": 0.03,
        "replay_share": 0.2,
        "kl": 3.0,
    },
    0,
)
ITEMS = [Item(TEXT, 0, ((20, 26),)), Item(orchard.source()[:1500])]
REPLAY = ["def area(width, height):\n    return width * height\n" * 4]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return make_tiny(tmp_path_factory.mktemp("models") / "tiny", orchard.source() + orchard.readme())


def run(tiny, folder, *, stop_after: int | None = None):
    model = load(tiny, device="cpu", threads=1)
    batches = loop.plan(ITEMS, REPLAY, model.tokenizer, RECIPE)
    network = lora.attach(model.network, RECIPE)
    cancel = threading.Event()
    seen = []

    def report(step, steps, loss):
        seen.append(step)
        if stop_after is not None and step >= stop_after:
            cancel.set()

    done = loop.train(network, batches, RECIPE, folder / "checkpoints", report=report, cancel=cancel)
    return done, lora.save(network, folder / "weights", "tiny"), seen


@pytest.mark.filterwarnings("error:Unable to fetch")
def test_the_loss_falls_and_the_adapter_changes_what_is_served(tiny, tmp_path):
    done, digest, _ = run(tiny, tmp_path)
    third = len(done.losses) // 3
    assert sum(done.losses[-third:]) < 0.8 * sum(done.losses[:third])
    model = load(tiny, device="cpu", threads=1)
    model.load_adapter(tmp_path / "weights", digest)
    before, after = (model.score([(TEXT[:20], TEXT[20:])], adapter=a)[0].bits_per_byte for a in (None, digest))
    assert after < 0.8 * before


def test_a_stopped_run_goes_on_and_ends_with_the_same_adapter(tiny, tmp_path):
    _, whole, steps = run(tiny, tmp_path / "whole")
    with pytest.raises(Cancelled):
        run(tiny, tmp_path / "stopped", stop_after=5)
    done, resumed, rest = run(tiny, tmp_path / "stopped")
    assert rest == steps[5:]
    assert (done.resumed_at, resumed) == (5, whole)
    assert len(done.losses) == len(steps)


def test_a_half_written_checkpoint_is_passed_over(tiny, tmp_path):
    _, whole, _ = run(tiny, tmp_path / "whole")
    with pytest.raises(Cancelled):
        run(tiny, tmp_path / "stopped", stop_after=6)
    slots = sorted((tmp_path / "stopped" / "checkpoints").glob("*.safetensors"), key=lambda slot: slot.stat().st_mtime)
    slots[1].write_bytes(slots[1].read_bytes()[:1000])
    done, resumed, _ = run(tiny, tmp_path / "stopped")
    assert (done.resumed_at, resumed) == (4, whole)


def test_killed_it_goes_on_from_the_last_checkpoint(tiny, tmp_path):
    _, whole, steps = run(tiny, tmp_path / "whole")

    class Killed(BaseException):
        pass

    def killed(step, *_):
        if step == 7:
            raise Killed

    model = load(tiny, device="cpu", threads=1)
    batches = loop.plan(ITEMS, REPLAY, model.tokenizer, RECIPE)
    network = lora.attach(model.network, RECIPE)
    with pytest.raises(Killed):
        loop.train(network, batches, RECIPE, tmp_path / "killed" / "checkpoints", report=killed)
    done, resumed, rest = run(tiny, tmp_path / "killed")
    assert (done.resumed_at, resumed, rest) == (4, whole, steps[4:])


def test_loss_is_never_taken_on_prompts_and_separators(tiny):
    tokenizer = load(tiny, device="cpu", threads=1).tokenizer
    item = Item("What is it?\nAn answer.", loss_from=12, names=((15, 21),))
    tokens, weights = encode(item, tokenizer, name_weight=1.0, text_weight=0.5)
    assert (tokens[0], weights[0]) == (tokenizer.eos_token_id, 0.0)
    assert set(weights) == {0.0, 0.5, 1.0}
    trained = tokenizer.decode([t for t, w in zip(tokens, weights, strict=True) if w])
    assert trained == "An answer."


def test_packing_loses_no_token_but_a_short_rest(tiny):
    import random

    tokenizer = load(tiny, device="cpu", threads=1).tokenizer
    encoded = [encode(item, tokenizer, name_weight=1.0, text_weight=1.0) for item in ITEMS]
    packed = pack(encoded, 32, "learn", random.Random(0))
    total = sum(len(tokens) for tokens, _ in encoded)
    assert total - 8 <= sum(len(s.tokens) for s in packed) <= total
    assert all(len(s.tokens) == len(s.weights) <= 32 for s in packed)


def test_the_plan_keeps_its_budget_and_replays(tiny):
    tokenizer = load(tiny, device="cpu", threads=1).tokenizer
    batches = loop.plan(ITEMS, REPLAY, tokenizer, RECIPE)
    kinds = [s.kind for batch in batches for s in batch]
    total = sum(len(s.tokens) for batch in batches for s in batch)
    assert 0.75 * RECIPE.tokens < total < 1.25 * RECIPE.tokens
    assert 0.1 < kinds.count("replay") / len(kinds) < 0.4
