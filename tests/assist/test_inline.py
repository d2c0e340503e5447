"""The first answer is capped and the rest is written ahead; engine and analysis are stand-ins that say what they
are told, so that time and order are the test's."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from math import exp
from types import SimpleNamespace

import pytest

from seal_lsp.assist.facts import CompletionFacts, Member, Place
from seal_lsp.assist.inline import STOP_BLOCK, STOP_LINE, Ask, Inline
from seal_lsp.assist.postprocess import Around, ends_with_line
from seal_lsp.core.protocol import CompleteReply
from seal_lsp.settings.schema import Settings

WHOLE = "client.get(url, timeout=3)"


class Engine:
    """Writes WHOLE on; in the foreground time cuts it after `cut` characters."""

    def __init__(self, cut: int) -> None:
        self.ready, self.epoch, self.cut = True, 0, cut
        self.asked = []

    async def complete(self, request):
        self.asked.append(request)
        rest = WHOLE[len(request.prefix) - len("x = ") :]
        if not request.background and len(rest) > self.cut:
            return CompleteReply((rest[: self.cut],), "a" * 64, "m", "deadline", -0.1, 1.0)
        return CompleteReply((rest,), "a" * 64, "m", "stop", -0.1, 1.0)


class Analysis:
    async def completions(self, text, offset, place):
        return None

    async def cut(self, head, text, place):
        return SimpleNamespace(text=text)


def inline(cut: int) -> tuple[Inline, Engine]:
    engine = Engine(cut)
    return Inline(Analysis(), engine, lambda: Settings()), engine


def ask(text: str) -> Ask:
    return Ask("file:///a.py", text, len(text), Place("", "", None))


async def test_what_time_cut_is_there_for_whoever_types_along():
    suggestions, engine = inline(cut=12)
    (first,) = await suggestions.suggest(ask("x = "))
    assert first.text == "client.get("  # the half name at its end is not shown
    await asyncio.sleep(0.01)
    (along,) = suggestions.remembered(ask("x = cli"))
    assert (along.text, along.remembered, along.adapter) == (WHOLE[3:], True, "a" * 64)
    assert [one.background for one in engine.asked] == [False, True]
    assert engine.asked[1].prefix == "x = client.get("


async def test_typing_another_way_stops_what_is_written_ahead():
    suggestions, _ = inline(cut=12)
    await suggestions.suggest(ask("x = "))
    ahead = suggestions._ahead["file:///a.py"]
    await suggestions.suggest(ask("y = "))
    await asyncio.sleep(0.01)
    assert ahead.cancelled()
    assert suggestions.remembered(ask("x = client.get(")) == []


async def test_what_was_written_ahead_under_other_weights_is_not_kept():
    suggestions, engine = inline(cut=12)
    await suggestions.suggest(ask("x = "))
    engine.epoch += 1
    await asyncio.sleep(0.01)
    assert suggestions.remembered(ask("x = cli")) == []


async def test_nothing_is_written_ahead_of_a_whole_answer():
    suggestions, engine = inline(cut=100)
    (whole,) = await suggestions.suggest(ask("x = "))
    assert whole.text == WHOLE
    assert len(engine.asked) == 1
    assert engine.asked[0].stop == STOP_LINE


class Names(Analysis):
    """A member is due; two exist, one of them typed in part."""

    def __init__(self, partial: str) -> None:
        self._partial = partial

    async def completions(self, text, offset, place):
        members = (Member("command", "method", prior=50.0, prior_with_model=50.0), Member("config", "attribute"))
        return CompletionFacts("member", offset - len(self._partial), self._partial, members, ("a@1",))


@pytest.mark.parametrize(
    ("partial", "writes", "shown"),
    [
        ("", "(name)", ["command(name)"]),
        ("", "_chain = 3", ["command"]),  # the model spells a name on that exists as it is
        ("com", "s = 3", ["mand"]),
        ("command", "_chain", []),
        ("command", "(name)", ["(name)"]),
    ],
)
async def test_a_name_that_was_chosen_is_not_spelled_on(partial, writes, shown):
    engine = SimpleNamespace(ready=True, epoch=0)

    async def complete(request):
        return CompleteReply((writes,), "", "m", "stop", -0.1, 1.0)

    engine.complete = complete
    suggestions = Inline(Names(partial), engine, lambda: Settings())
    found = await suggestions.suggest(ask(f"app.{partial}"))
    assert [one.text for one in found] == shown


@pytest.mark.parametrize(
    ("least", "invoked", "shown"), [(0.0, False, 1), (0.9, False, 1), (0.95, False, 0), (0.95, True, 1)]
)
async def test_what_the_model_is_not_sure_of_is_not_shown_by_itself(least, invoked, shown):
    engine = Engine(100)  # its tokens' mean log-probability is -0.1
    settings = Settings(inline={"min_confidence": least})
    suggestions = Inline(Analysis(), engine, lambda: settings)
    found = await suggestions.suggest(replace(ask("x = "), invoked=invoked))
    assert len(found) == shown
    assert all(one.confidence == pytest.approx(exp(-0.1)) for one in found)


@pytest.mark.parametrize(
    ("before", "after", "above", "expected"),
    [
        ("x = ", "", "", True),
        ("x = f(a, ", "", "", True),
        ("x = f(", "", "", False),
        ("x = f(", ")", "", True),
        ("def f():", "", "", False),
        ("", "", "def f():\n", False),
        ("", "", "x = 1\n", True),
        ("x = 'a:'", "", "", True),
    ],
)
def test_where_the_line_is_all_that_is_wanted(before, after, above, expected):
    assert ends_with_line(Around(before, after, above)) is expected
    assert STOP_BLOCK != STOP_LINE
