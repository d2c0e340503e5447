from __future__ import annotations

import pytest

from seal_lsp.core.errors import UsageError
from seal_lsp.train.recipe import recipe_with


@pytest.mark.parametrize(
    ("overrides", "tokens"),
    [
        ({"tokens_at_most": 5000}, 5000),
        ({"tokens_at_most": 10**6}, 48_000),
        ({"tokens_at_most": 5000, "tokens": 9000}, 9000),
    ],
)
def test_a_cap_holds_for_the_default(overrides, tokens):
    assert recipe_with(overrides, seed=0).tokens == tokens


def test_overrides_change_fields_and_keep_their_kind():
    recipe = recipe_with({"tokens": "1200", "learning_rate": 1e-3, "targets": ["q_proj"]}, seed=3)
    assert (recipe.tokens, recipe.learning_rate, recipe.targets, recipe.seed) == (1200, 1e-3, ("q_proj",), 3)


@pytest.mark.parametrize(
    ("overrides", "said"), [({"token": 1}, "unknown recipe fields: token"), ({"rank": "many"}, "rank")]
)
def test_a_wrong_override_is_named(overrides, said):
    with pytest.raises(UsageError, match=said):
        recipe_with(overrides, seed=0)
