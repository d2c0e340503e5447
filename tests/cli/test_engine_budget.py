"""What the engine makes of a request's overrides: every ceiling holds, whoever set it."""

from __future__ import annotations

import pytest

from seal_lsp.cli.engine import adjusted
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
    ("device", "overrides", "expected"),
    [("auto", {}, None), ("cuda:1", {}, "cuda:1"), ("cuda:1", {"device": "cpu"}, "cpu")],
)
def test_the_setting_s_device_is_a_default(device, overrides, expected):
    assert adjusted(merge({"model": {"device": device}})[0], overrides).get("device") == expected
