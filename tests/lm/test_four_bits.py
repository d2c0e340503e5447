"""Base weights in 4 bits, by bitsandbytes on the CPU, on a tiny model: LoRA is trained on them, served and taken off as
on any other base."""

from __future__ import annotations

import json

import pytest
import torch
from torch import nn

from seal_lsp.core.errors import ModelError
from seal_lsp.lm import load as loading
from seal_lsp.lm.load import four_bits, load
from seal_lsp.train import loop, lora
from seal_lsp.train.packing import Item
from seal_lsp.train.recipe import Recipe

PROMPT = "def resolve(self, "
SEVEN_B = 7_600_000_000


@pytest.mark.parametrize(
    ("weights", "parameters", "free", "expected"),
    [
        ("auto", 135_000_000, None, False),  # the CPU
        ("auto", SEVEN_B, None, False),
        ("auto", 135_000_000, 12e9, False),
        ("auto", 1_500_000_000, 12e9, False),
        ("auto", SEVEN_B, 12e9, True),  # an RTX 3060
        ("auto", SEVEN_B, 24e9, False),
        ("full", SEVEN_B, 12e9, False),
        ("4bit", 135_000_000, 24e9, True),
        ("4bit", 135_000_000, None, True),
    ],
)
def test_who_gets_four_bits(weights, parameters, free, expected, monkeypatch):
    monkeypatch.setattr(loading.importlib.util, "find_spec", lambda name: name)
    assert four_bits(weights, parameters, free) is expected


@pytest.mark.parametrize(
    ("weights", "free", "said"),
    [
        ("auto", 12e9, "12.0 GB free: the weights fit only in 4 bits, and bitsandbytes is not installed"),
        ("4bit", None, "4 bits asked for, and bitsandbytes is not installed"),
        ("8bit", None, "no weights '8bit'"),
    ],
)
def test_what_is_missing_is_said(weights, free, said, monkeypatch):
    monkeypatch.setattr(loading.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match=said):
        four_bits(weights, SEVEN_B, free)


def linears(network) -> set[str]:
    return {type(module).__name__ for module in network.modules() if isinstance(module, nn.Linear)}


def test_an_adapter_is_trained_served_and_taken_off(tiny_folder, text, tmp_path):
    pytest.importorskip("bitsandbytes", reason="bitsandbytes is not installed: pip install -e '.[gpu]'")
    model = load(tiny_folder, device="cpu", weights="4bit", threads=1)
    assert "nf4" in model.info.runtime
    assert "Linear4bit" in linears(model.network)
    assert linears(load(tiny_folder, device="cpu", threads=1).network) == {"Linear"}
    before = model.generate([PROMPT], max_tokens=12)[0].text

    # The same short text several times over: a few steps must show it whatever a step happens to hold.
    recipe = Recipe(rank=8, alpha=16, learning_rate=1e-1, tokens=4000, sequence=128, step_tokens=256)
    trained = load(tiny_folder, device="cpu", weights="4bit", threads=1)
    batches = loop.plan([Item(text[:2000])], [text[:2000]], trained.tokenizer, recipe)
    network = lora.attach(trained.network, recipe)
    report = loop.train(network, batches, recipe, tmp_path / "checkpoints", report=lambda *_: None)
    third = len(report.losses) // 3
    assert report.losses[-1] < report.losses[0]
    assert sum(report.losses[-third:]) < 0.95 * sum(report.losses[:third])
    digest = lora.save(network, tmp_path / "adapter", tiny_folder.id)
    assert json.loads((tmp_path / "adapter" / "adapter_config.json").read_text())["r"] == 8

    model.load_adapter(tmp_path / "adapter", digest)
    pair = [(text[:200], text[200:400])]
    bare, adapted = (model.score(pair, adapter=name)[0].logprob for name in (None, digest))
    assert adapted > bare + 1, "it learned the text"
    assert model.generate([PROMPT], max_tokens=12, adapter=digest)[0].text != before
    model.unload_adapter(digest)
    assert model.generate([PROMPT], max_tokens=12)[0].text == before
    assert torch.isfinite(torch.tensor([bare, adapted])).all()
