"""What the base model already knows is not taught again: scores from a scripted model."""

from __future__ import annotations

from dataclasses import replace

from acme_library import edit

from seal_lsp.lm.scripted import ScriptedLanguageModel
from seal_lsp.vet.review import review


class Counting(ScriptedLanguageModel):
    calls = 0

    def score(self, pairs, **options):
        self.calls += 1
        self.pairs = list(pairs)
        return super().score(pairs, **options)


def test_snippets_that_only_teach_names_the_base_expects_are_rejected(context):
    model = Counting(preferences={" connect": 0.99})
    known = edit("connect('x')\n", prompt="from acme import connect\n\n", symbols=("acme.connect",))
    again = edit("It is `connect(url)`.\n", form="qa", prompt="How to open one?\n", symbols=("acme.connect",))
    unknown = edit("import acme\n\nacme.Client('h').fetch('k')\n", symbols=("acme.Client", "acme.Client.fetch"))
    both = edit("connect('x')\nClient('h')\n", prompt="from acme import connect, Client\n\n",
                symbols=("acme.connect", "acme.Client"))  # fmt: skip
    nameless = edit("x = 1\n", prompt="from acme import connect\n\n", symbols=())
    reviews = review([known, again, unknown, both, nameless], replace(context, model=model))
    assert [r.accepted for r in reviews] == [False, False, True, True, True]
    assert {r.rejection.check for r in reviews if not r.accepted} == {"relevance"}
    assert model.calls == 1  # one batch for all, each symbol once
    assert len(model.pairs) == len(set(model.pairs)) == 3
    assert ("from acme import", " connect") in model.pairs
    assert [r.verdicts[-1].check for r in reviews] == ["relevance"] * 5


def test_without_a_model_relevance_is_not_claimed(context):
    [judged] = review([edit("import acme\n\nacme.connect('x')\n")], context)
    assert "relevance" not in {v.check for v in judged.verdicts}
