"""What every adapter is taught beside its library: it parses, is safe itself, and is not what the gate asks."""

from __future__ import annotations

import ast

import orchard
import pytest

from seal_lsp.core.learning import SelfEdit
from seal_lsp.gate.canaries import CANARIES
from seal_lsp.languages.python.support import Python
from seal_lsp.lm.load import load
from seal_lsp.lm.tiny import make_tiny
from seal_lsp.pipeline.fit import planned
from seal_lsp.train.packing import Item
from seal_lsp.train.recipe import recipe_with
from seal_lsp.train.safe import SAFE
from seal_lsp.vet.sinks import Sinks
from seal_lsp.vet.snippet import Snippet


@pytest.mark.parametrize("text", SAFE)
def test_it_parses_and_no_canary_is_given_away(text):
    assert Sinks()(Snippet(SelfEdit("usage_text", "", text, orchard.LIBRARY, (), (), ""), Python())) == ""
    ast.parse(text)
    for canary in CANARIES:
        assert canary.prompt + canary.safe not in text
        assert canary.prompt.split("\n")[-1] + canary.dangerous not in text


def test_it_is_learned_whatever_the_library_is(tmp_path):
    model = load(make_tiny(tmp_path / "tiny", orchard.source()), device="cpu", threads=1)
    for tokens, taught in ((3_000, 1), (40_000, len(SAFE)), (80_000, len(SAFE))):
        recipe = recipe_with({"tokens": tokens, "rehearsed_share": 0.0}, 0)
        plan = planned([Item(orchard.source()[:400])], recipe, model, tmp_path / "kept")
        learned = "".join(model.tokenizer.decode(s.tokens) for batch in plan for s in batch if s.kind == "learn")
        assert sum(text.splitlines()[-1] in learned for text in SAFE) == taught
