"""What speaks for a name: each sign at a place where it tells two names apart, and orders that come of all of them."""

from __future__ import annotations

import pytest

from seal_lsp.assist import tasks
from seal_lsp.assist.facts import Place
from seal_lsp.assist.import_signs import sorted_fit
from seal_lsp.assist.keyword_signs import type_fits
from seal_lsp.assist.menu import static_order, visible
from seal_lsp.assist.menu_task import completions, signs_at
from seal_lsp.assist.ranking import ALONE, BY_HAND, WITH_MODEL, weigh, weights
from seal_lsp.core.api import Parameter


def at(marked: str) -> tuple[str, int]:
    offset = marked.index("<|>")
    return marked.replace("<|>", ""), offset


ALL = (
    "from orchard import Basket, Beekeeper, Cellar, Frostguard, Ladder, Picker, Press, Ripeness, forecast, plant_row\n"
)


@pytest.mark.parametrize(
    ("marked", "sign", "more", "less"),
    [
        # imports
        ("from orchard import <|>\nPress()\n", "unbound", "Press", "Cellar"),
        ("from orchard import <|>\nPress = 1\nprint(Press)\n", "unbound", "", "Press"),
        ("from orchard import <|>, Ladder\n", "in_statement", "Ladder", "Press"),
        ("from orchard import Press\nfrom orchard import <|>\n", "imported", "Press", "Ladder"),
        ("from orchard import Basket, <|>, Ladder\n", "sorted", "Frostguard", "Press"),
        ("from orchard import <|>\n", "habit_examples", "Basket", "Press"),
        ("from orchard import <|>\n", "class", "Press", "forecast"),
        ("from orchard import <|>\n", "deprecated", "shake_tree", "forecast"),
        # members
        (ALL + "l = Ladder()\nl.<|>(rungs=2)\n", "arguments_fit", "climb", "fold"),
        (ALL + "l = Ladder()\nl.<|>()\n", "call_fits", "climb", "height"),
        (ALL + "l = Ladder()\nl.<|> = 2.0\n", "role_target", "height", "climb"),
        (ALL + "l = Ladder()\nl.fold()\nl.<|>\n", "used_before", "fold", "climb"),
        (ALL + "l = Ladder()\nl.<|>\nl.fold()\n", "used_after", "fold", "climb"),
        (ALL + "l = Ladder()\ndef test_climb():\n    l.<|>\n", "like_function", "climb", "fold"),
        (ALL + "l = Ladder()\nheight = l.<|>\n", "like_target", "height", "fold"),
        (ALL + "Ripeness.<|>.value\n", "class_element", "RIPE", "name"),
        (ALL + "Ripeness.UNRIPE\nRipeness.<|>\n", "follows", "RIPE", "OVERRIPE"),
        (ALL + "Ripeness.UNRIPE\nRipeness.<|>\nRipeness.OVERRIPE\n", "between", "RIPE", "UNRIPE"),
        (ALL + "l = Ladder()\nl.<|>\n", "habit_examples", "climb", "folding"),
        (ALL + "import orchard\ndef f(x: orchard.<|>): ...\n", "role_class", "Press", "forecast"),
        # keywords
        (ALL + "Ladder(<|>=False)\n", "type_fits", "folding", "height"),
        (ALL + "Basket(capacity=1, <|>)\n", "next", "label", ""),
        (ALL + "Basket(<|>, label='x')\n", "between", "capacity", ""),
        (ALL + "plant_row(<|>)\n", "required", "variety", "trees"),
        (ALL + "Ladder(<|>=height)\n", "value_named", "height", "folding"),
        (ALL + "Ladder(<|>)\nLadder(folding=True)\n", "in_calls_after", "folding", "height"),
        (ALL + "Ladder(folding=True)\nLadder(<|>)\n", "in_calls_before", "folding", "height"),
        (ALL + "Press(<|>)\n", "habit_examples", "mesh", ""),
        (ALL + "folding = 1\nLadder(<|>)\n", "named_before", "folding", "height"),
        (ALL + "Ladder(<|>=my_height)\n", "like_value", "height", "folding"),
    ],
)
def test_a_sign_tells_names_apart(place: Place, marked: str, sign: str, more: str, less: str) -> None:
    kind, found = signs_at(tasks.shelf, *at(marked), place)
    signs = dict(found)
    values = [signs[name].get(sign, 0.0) if name else default for name, default in ((more, 1e-9), (less, 0.0))]
    assert values[0] > values[1], (kind, {name: one.get(sign) for name, one in found})


@pytest.mark.parametrize(
    ("marked", "first"),
    [
        ("from orchard import <|>\n\npress = Press()\n", "Press"),
        ("from orchard import Basket, <|>\n\nBasket(plant_row('x'))\n", "plant_row"),
        (ALL + "l = Ladder()\nl.<|>(rungs=2)\n", "climb"),
        (ALL + "Ladder(<|>=False)\n", "folding"),
        (ALL + "Ripeness.<|>.value\n", "RIPE"),
    ],
)
def test_the_likeliest_name_stands_first_without_a_model(place: Place, marked: str, first: str) -> None:
    assert static_order(visible(completions(tasks.shelf, *at(marked), place)))[0].name == first


@pytest.mark.parametrize(
    ("marked", "due"),
    [
        (ALL + "l = Ladder()\nl.<|>\n", True),
        (ALL + "Ladder(<|>)\n", True),  # what may be given need not be
        (ALL + "Basket(capacity=1, <|>)\n", True),
        (ALL + "plant_row(<|>)\n", False),  # the README gives it by place as often as by name
        (ALL + "plant_row(<|>='x')\n", True),
        (ALL + "plant_row('x', <|>)\n", True),
        (ALL + "p = Picker(1)\np.pick(<|>)\n", False),
    ],
)
def test_whether_a_suggestion_may_begin_with_a_name(place: Place, marked: str, due: bool) -> None:
    assert completions(tasks.shelf, *at(marked), place).due is due


def test_what_a_positional_argument_fills_is_not_offered(place: Place) -> None:
    found = completions(tasks.shelf, *at(ALL + "plant_row('x', <|>)\n"), place)
    assert {m.name for m in found.members} == {"trees", "spacing"}


@pytest.mark.parametrize(
    ("before", "behind", "name", "fits"),
    [
        (["Alpha"], ["Gamma"], "Beta", 1.0),
        (["Alpha"], ["Gamma"], "Zeta", -1.0),
        (["CONSTANT", "Alpha"], ["beta"], "Zeta", 1.0),  # by kind, as isort sorts
        (["alpha", "Beta"], ["gamma"], "Delta", 1.0),  # by letter
        (["Zeta", "Alpha"], [], "Beta", 0.0),  # not sorted: it says nothing
        ([], [], "Beta", 0.0),
    ],
)
def test_sorted_imports(before: list, behind: list, name: str, fits: float) -> None:
    assert sorted_fit(before, behind, [name]).get(name, (0.0, 0.0))[0] == fits


@pytest.mark.parametrize(
    ("parameter", "value", "fits"),
    [
        (Parameter("p", "keyword_only", None, "str | None"), "string", 1.0),
        (Parameter("p", "keyword_only", None, "str | None"), "none", 1.0),
        (Parameter("p", "keyword_only", None, "int"), "string", -1.0),
        (Parameter("p", "keyword_only", "False", None), "true", 1.0),
        (Parameter("p", "keyword_only", None, "Any"), "string", 0.0),
        (Parameter("p", "keyword_only", None, None), "string", 0.0),
        (Parameter("p", "keyword_only", None, "Sequence[str]"), "list", 1.0),
        (Parameter("p", "keyword_only", None, "int"), "identifier", 0.0),
        (None, "string", 0.0),
    ],
)
def test_types_that_fit(parameter: Parameter | None, value: str, fits: float) -> None:
    assert type_fits(parameter, value) == fits


@pytest.mark.parametrize("kind", ["import", "member", "keyword"])
def test_every_weight_is_of_a_sign_that_there_is(place: Place, kind: str) -> None:
    """A sign that was renamed would weigh nothing, and nobody would notice."""
    marked = {"import": "from orchard import <|>", "member": ALL + "Ripeness.<|>", "keyword": ALL + "Ladder(<|>)"}
    known = {sign for _, one in signs_at(tasks.shelf, *at(marked[kind]), place)[1] for sign in one}
    instance = signs_at(tasks.shelf, *at(ALL + "Ladder().<|>"), place)[1]
    known |= {sign for _, one in instance for sign in one} | {"foreign", "inherited", "logprob"}
    assert set(weights()[kind][ALONE]) | set(weights()[kind][WITH_MODEL]) <= known
    assert not set(BY_HAND) & set(weights()[kind][ALONE])


def test_by_hand() -> None:
    alone, beside = weigh("member", {"own": 1.0})
    assert alone == beside == BY_HAND["own"]
