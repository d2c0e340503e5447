"""What the engine makes of a request's overrides: every ceiling holds, whoever set it."""

from __future__ import annotations

import pytest

from seal_lsp.cli.engine import adjusted
from seal_lsp.core.learning import WHERE
from seal_lsp.settings.load import merge
from seal_lsp.train.recipe import Recipe, recipe_with

DEFAULT = Recipe().tokens


@pytest.mark.parametrize(
    ("setting", "overrides", "tokens"),
    [
        ({}, {}, DEFAULT),
        ({}, {"tokens_at_most": 1000}, 1000),
        ({}, {"tokens_at_most": 10**6}, DEFAULT),
        ({}, {"tokens": 9000}, 9000),
        ({}, {"tokens": 9000, "tokens_at_most": 1000}, 1000),
        ({"max_tokens": 2000}, {}, 2000),
        ({"max_tokens": 2000}, {"tokens_at_most": 1000}, 1000),
        ({"max_tokens": 2000}, {"tokens_at_most": 5000, "tokens": 9000}, 2000),
    ],
)
def test_every_ceiling_holds(setting, overrides, tokens):
    settings, problems = merge({"learn": setting})
    assert problems == []
    told = adjusted(settings, overrides)
    assert recipe_with(told, 0).tokens == tokens


@pytest.mark.parametrize(
    ("model", "overrides", "expected"),
    [
        ({}, {}, {}),
        ({"device": "cuda:1", "runtime": "torch"}, {}, {"device": "cuda:1", "runtime": "torch"}),
        ({"device": "cuda:1"}, {"device": "cpu"}, {"device": "cpu"}),
        ({"runtime": "remote"}, {}, {}),  # a learner has the weights here
    ],
)
def test_where_the_settings_let_the_model_run_is_a_default(model, overrides, expected):
    told = adjusted(merge({"model": model})[0], overrides)
    assert {name: told[name] for name in WHERE if name in told} == expected
