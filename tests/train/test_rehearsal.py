"""What a base writes to rehearse: each head once, the same words again, kept on disk for that base alone."""

from __future__ import annotations

import orchard
import torch

from seal_lsp.lm.load import load
from seal_lsp.lm.tiny import make_tiny
from seal_lsp.pipeline.fit import planned
from seal_lsp.train.packing import Item
from seal_lsp.train.recipe import recipe_with
from seal_lsp.train.rehearsal import HEADS, rehearsal_texts


def test_a_base_writes_its_rehearsal_once(tmp_path):
    model = load(make_tiny(tmp_path / "tiny", orchard.source()), device="cpu", threads=1)
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    texts = rehearsal_texts(model.network, model.tokenizer, "a" * 64, tmp_path / "kept")
    assert torch.equal(torch.rand(1), expected), "somebody else's random numbers moved"
    assert len(texts) == len(HEADS)
    assert all(text.startswith(head) and len(text) > len(head) for text, head in zip(texts, HEADS, strict=True))
    (kept,) = (tmp_path / "kept").iterdir()

    kept.write_text('["import yaml"]')
    assert rehearsal_texts(model.network, model.tokenizer, "a" * 64, tmp_path / "kept") == ["import yaml"]
    assert rehearsal_texts(model.network, model.tokenizer, "b" * 64, tmp_path / "kept") == texts
    assert len(list((tmp_path / "kept").iterdir())) == 2

    kept.write_text('["import')
    assert rehearsal_texts(model.network, model.tokenizer, "a" * 64, tmp_path / "kept") == texts
    assert kept.read_text() != '["import'


def test_what_is_replayed_holds_the_recipes_share_of_it(tmp_path):
    model = load(make_tiny(tmp_path / "tiny", orchard.source()), device="cpu", threads=1)
    for share in (0.0, 0.5):
        recipe = recipe_with({"tokens": 12_000, "replay_share": 0.5, "sequence": 256, "rehearsed_share": share}, 0)
        plan = planned([Item(orchard.source()[:400])], recipe, model, tmp_path / "kept")
        replayed = [model.tokenizer.decode(s.tokens) for batch in plan for s in batch if s.kind == "replay"]
        assert any(f"{head}" in text for head in HEADS for text in replayed) == bool(share)
        assert (tmp_path / "kept").exists() == bool(share)
