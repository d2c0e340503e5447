"""Hover lines of a comparison over a scripted model: which symbols are asked for, what is judged, what asked again."""

from __future__ import annotations

import orchard
import pytest

from seal_lsp.cli.eval_hovers import hover_lines, symbols_of
from seal_lsp.cli.eval_setup import Subject
from seal_lsp.cli.eval_sheets import sheets
from seal_lsp.languages.python.support import Python
from seal_lsp.lm.scripted import ScriptedLanguageModel
from seal_lsp.measure.arms import AtHand
from seal_lsp.measure.hover_lines import counted
from seal_lsp.measure.remembered import Memory, RememberedModel

A = "a" * 64


@pytest.fixture(scope="module")
def subject(tmp_path_factory) -> Subject:
    environment = orchard.install(tmp_path_factory.mktemp("env"))
    surface, installed = orchard.surface_of(environment)
    importable = Python().standard_modules(environment) | {"orchard"}
    return Subject(orchard.LIBRARY, (), (), environment, "", installed, surface, importable)


def test_symbols_are_public_documented_and_called(subject):
    every = symbols_of(subject.surface, 1000, seed=0)
    assert {"orchard.Ladder", "orchard.forecast", "orchard.Ladder.climb"} <= set(every)
    assert not [name for name in every if name.rpartition(".")[2].startswith("_")]
    assert "orchard.Ripeness.RIPE" not in every
    some = symbols_of(subject.surface, 5, seed=0)
    assert (len(some), some) == (5, symbols_of(subject.surface, 5, seed=0))
    assert set(some) <= set(every)
    assert some != symbols_of(subject.surface, 5, seed=1)


def test_lines_are_judged_as_written_and_as_shown(subject, tmp_path):
    base = {"Ladder(": "width=2)", "Basket(": "capacity=3)", "Cellar(": "", "Ladder(height=": "2.5)"}
    model = ScriptedLanguageModel(
        {**base, "Cellar(shelves=": "4,"},
        {"height": 0.9, "folding": 0.1, "shelves": 0.8, "humidity": 0.1},
        adapters={A: {"rules": {"Ladder(": "height=2)"}, "preferences": {}}},
    )
    steps = []
    memory = Memory(tmp_path / "answers.jsonl")
    at_hand = AtHand(RememberedModel(model, memory), None, adapter=A)
    symbols = ["orchard.Ladder", "orchard.Basket", "orchard.Cellar"]
    lines = hover_lines(("base", "adapter"), symbols, subject, at_hand, lambda: steps.append(1))
    memory.close()
    told = [(one.arm, one.line, one.exists, one.stands, one.shown) for one in lines]
    assert told == [
        ("base", "ladder = Ladder(width=2)", False, False, "ladder = Ladder(height=2.5)"),
        ("base", "basket = Basket(capacity=3)", True, True, "basket = Basket(capacity=3)"),
        ("base", "", False, False, "cellar = Cellar(shelves=4)"),
        ("adapter", "ladder = Ladder(height=2)", True, True, "ladder = Ladder(height=2)"),
        ("adapter", "basket = Basket(capacity=3)", True, True, "basket = Basket(capacity=3)"),
        ("adapter", "", False, False, "cellar = Cellar(shelves=4)"),
    ]
    assert len(steps) == 6
    assert {one.adapter for one in lines} == {"", A}
    report = {"arms": {}, "differences": [], "libraries": {}, "hovers": counted(lines, resamples=100, seed=0)}
    (sheet,) = [sheet for sheet in sheets(report) if sheet.title == "Hover lines"]
    assert sheet.rows[0] == ("orchard-tools@1.2.0", "base", "3", "66.7", "33.3", "33.3", "100.0")
    assert sheet.rows[-1][:2] == ("adapter - base", "")
    assert sheet.rows[-1][4].startswith("+33.3 [")
    assert not [sheet for sheet in sheets(report | {"hovers": None}) if sheet.title == "Hover lines"]
