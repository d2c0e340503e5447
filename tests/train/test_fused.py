"""The cheaper passes give the losses and gradients of the plain PEFT path, and what they do not know stays plain."""

from __future__ import annotations

import orchard
import pytest
import torch
from transformers import AutoModelForCausalLM, LlamaConfig, MistralConfig, Qwen2Config

from seal_lsp.lm.load import load
from seal_lsp.lm.tiny import make_tiny
from seal_lsp.train import fused_block, loop, lora
from seal_lsp.train.fused import fused
from seal_lsp.train.packing import Item, Sequence_
from seal_lsp.train.recipe import ALL_LINEAR, MLP, recipe_with

SIZES = {"vocab_size": 50, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
         "num_attention_heads": 4, "num_key_value_heads": 2}  # fmt: skip
REPLAY = ["def area(width, height):\n    return width * height\n" * 4]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return make_tiny(tmp_path_factory.mktemp("models") / "tiny", orchard.source() + orchard.readme())


def attached(tiny, dtype=torch.float32, **overrides):
    """A network whose adapter already does something (B is not zero), and its batches."""
    recipe = recipe_with({"tokens": 900, "step_tokens": 64, "sequence": 48, "rank": 4, "alpha": 8} | overrides, 0)
    model = load(tiny, device="cpu", threads=1)
    network = lora.attach(model.network.to(dtype), recipe)
    for name, parameter in network.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    items = [Item(orchard.source()[:1500], loss_from=20)]
    return network, loop.plan(items, REPLAY, model.tokenizer, recipe), recipe


def losses_and_gradients(network, batch, *, plain: bool):
    found = []
    for kind in ("learn", "replay"):
        network.zero_grad(set_to_none=True)
        loss = loop.loss_of(network, [s for s in batch if s.kind == kind], kind, plain=plain)
        loss.backward()
        found.append((loss.item(), {n: p.grad.clone() for n, p in network.named_parameters() if p.requires_grad}))
    return found


@pytest.mark.parametrize(
    "overrides",
    [{"targets": list(ALL_LINEAR)}, {"targets": list(MLP)}, {"targets": ["q_proj", "v_proj"], "lowest_layer": 1}],
    ids=["all linear", "MLP", "q and v of the upper layer"],
)
def test_losses_and_gradients_are_those_of_the_plain_path(tiny, overrides):
    network, batches, _ = attached(tiny, **overrides)
    batch = next(batch for batch in batches if len({s.kind for s in batch}) == 2)
    plain = losses_and_gradients(network, batch, plain=True)
    with fused(network) as modules:
        assert modules > 0
        cheap = losses_and_gradients(network, batch, plain=False)
    for (loss, gradients), (other, others) in zip(plain, cheap, strict=True):
        assert other == pytest.approx(loss, rel=1e-5)
        largest = max(gradient.abs().max().item() for gradient in gradients.values())
        assert largest > 0
        for name, gradient in gradients.items():
            assert torch.allclose(others[name], gradient, rtol=1e-3, atol=1e-5 * largest), name


def test_a_base_in_bfloat16_has_the_same_losses_and_gradients_about(tiny):
    exact = attached(tiny, targets=list(ALL_LINEAR))
    half = attached(tiny, torch.bfloat16, targets=list(ALL_LINEAR))
    found = []
    for network, batches, _ in (exact, half):
        batch = next(batch for batch in batches if len({s.kind for s in batch}) == 2)
        with fused(network) as modules:
            assert modules == 2 * 8
            found.append(losses_and_gradients(network, batch, plain=False))
    for (loss, gradients), (other, others) in zip(*found, strict=True):
        assert other == pytest.approx(loss, rel=0.02, abs=0.01)
        assert {gradient.dtype for gradient in others.values()} == {torch.float32}
        one, two = (torch.cat([some[name].flatten() for name in gradients]) for some in (gradients, others))
        assert torch.cosine_similarity(one, two, dim=0) > 0.99


def test_all_modules_are_known_and_restored(tiny):
    network, _, _ = attached(tiny, targets=list(ALL_LINEAR))
    with fused(network) as modules:
        assert modules == 2 * 8, "two blocks and seven linear layers in each"
    assert not [name for name, module in network.named_modules() if "forward" in vars(module)]


@pytest.mark.parametrize(
    ("config", "longest"),
    [
        (LlamaConfig(**SIZES), 512),
        (LlamaConfig(**SIZES), 11),  # kept from growing with the square of the sequence
        (MistralConfig(**SIZES, sliding_window=None), 512),
        (MistralConfig(**SIZES, sliding_window=4), 512),  # comes as a mask, with which the block is left as it is
        (Qwen2Config(**SIZES), 512),  # biases
    ],
    ids=["llama", "a long sequence", "mistral", "sliding window", "qwen2"],
)
def test_blocks_of_other_families(config, longest, monkeypatch):
    monkeypatch.setattr(fused_block, "_LONGEST", longest)
    torch.manual_seed(0)
    network = lora.attach(AutoModelForCausalLM.from_config(config), recipe_with({"rank": 4, "alpha": 8}, 0))
    for name, parameter in network.named_parameters():
        if "lora_B" in name or name.endswith("bias"):
            torch.nn.init.normal_(parameter, std=0.1)
    tokens = torch.randint(0, config.vocab_size, (2, 12))
    wanted = torch.randn(2, 12, config.hidden_size)

    def pass_():
        network.zero_grad(set_to_none=True)
        states = network.get_base_model().model(input_ids=tokens, use_cache=False).last_hidden_state
        (states * wanted).sum().backward()
        return {"states": states} | {n: p.grad for n, p in network.named_parameters() if p.requires_grad}

    plain = pass_()
    with fused(network) as modules:
        assert modules == 2 * 8
        cheap = pass_()
    for name, values in plain.items():
        assert torch.allclose(cheap[name], values, rtol=1e-3, atol=1e-4 * values.abs().max().item()), name


def test_dropout_stays_plain(tiny):
    network, _, _ = attached(tiny, targets=["q_proj"])
    for module in network.modules():
        if hasattr(module, "lora_dropout"):
            module.lora_dropout["default"] = torch.nn.Dropout(0.5)
    with fused(network):
        assert not [n for n, m in network.named_modules() if n.endswith("q_proj") and "forward" in vars(m)]


def test_a_padded_batch_trains_like_its_rows_alone(tiny):
    network, batches, _ = attached(tiny, sequence=24)
    long, other = [s for b in batches for s in b if s.kind == "learn" and sum(s.weights[1:16]) > 0][:2]
    short = Sequence_(other.tokens[:16], other.weights[:16], "learn")
    with fused(network):
        together = loop.loss_of(network, [long, short], "learn").item()
        alone = [loop.loss_of(network, [s], "learn").item() for s in (long, short)]
    weights = [sum(s.weights[1:]) for s in (long, short)]
    assert together == pytest.approx(sum(l * w for l, w in zip(alone, weights, strict=True)) / sum(weights), rel=1e-4)
