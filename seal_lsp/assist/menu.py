"""The completion menu: names that exist, ordered by what speaks for them and by the model under the live adapter, when
it answers in time.

The model only orders: what is offered, and its priors, come from the analysis worker. Knows no LSP types.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from seal_lsp.assist.analysis import Analysis
from seal_lsp.assist.engine_link import EngineLink
from seal_lsp.assist.facts import CompletionFacts, Member, Place
from seal_lsp.assist.ranking import with_scores
from seal_lsp.core.protocol import RankRequest

MAX_RANKED = 40
"""The likeliest names by their priors are asked about: the right one is hardly ever below."""
PREFIX_CHARACTERS = 4000
REMEMBERED = 64
BACKGROUND_FACTOR = 4  # how much longer than the menu's patience the engine may go on, for the next key


@dataclass(frozen=True, slots=True)
class Menu:
    """`members` in the order to show. `ranked` says that the model ordered them; `coming` that it still will."""

    facts: CompletionFacts
    members: tuple[Member, ...]
    ranked: bool
    coming: bool
    adapter: str = ""


class Menus:
    """Rankings are remembered by prefix, names and the engine's epoch: typing on filters, it never asks again."""

    def __init__(self, analysis: Analysis, link: EngineLink, deadline_ms: Callable[[], int]) -> None:
        self._analysis = analysis
        self._link = link
        self._deadline_ms = deadline_ms
        self._rankings: OrderedDict[str, asyncio.Task] = OrderedDict()

    async def menu(self, text: str, offset: int, place: Place, *, model: bool = True, context: str = "") -> Menu | None:
        """None where nothing is known. `model` False keeps the text from the engine; `context` is what that reads
        first."""
        facts = await self._analysis.completions(text, offset, place)
        if facts is None or not facts.kind:
            return None
        shown = static_order(visible(facts))
        if not model or len(shown) < 2 or not self._deadline_ms():
            return Menu(facts, shown, ranked=False, coming=False)
        if not self._link.ready:
            self._link.start()
            return Menu(facts, shown, ranked=False, coming=self._loading())
        everything = static_order(facts.members)
        names = [m.name for m in (everything if len(everything) <= MAX_RANKED else shown)[:MAX_RANKED]]
        task = self._ranking(text[: facts.start], tuple(dict.fromkeys(names)), facts.libraries, context)
        done, _ = await asyncio.wait({task}, timeout=self._deadline_ms() / 1000)
        if not done:
            return Menu(facts, shown, ranked=False, coming=True)
        scores, adapter = task.result() if not task.cancelled() and task.exception() is None else ({}, "")
        if not scores:
            return Menu(facts, shown, ranked=False, coming=False)
        return Menu(facts, with_scores(facts.kind, shown, scores), ranked=True, coming=False, adapter=adapter)

    def _loading(self) -> bool:
        status = self._link.status
        return status is not None and status.state == "loading"

    def _ranking(self, prefix: str, names: tuple[str, ...], libraries: tuple[str, ...], context: str) -> asyncio.Task:
        key = hashlib.sha256(repr((self._link.epoch, context, prefix, names, libraries)).encode()).hexdigest()
        task = self._rankings.get(key)
        if task is not None and not (task.done() and (task.cancelled() or not task.result()[0])):
            self._rankings.move_to_end(key)
            return task
        for other in self._rankings.values():
            other.cancel()  # one menu is open at a time; done ones are not touched by this
        task = asyncio.ensure_future(self._ask(prefix, names, libraries, context))
        self._rankings[key] = task
        while len(self._rankings) > REMEMBERED:
            self._rankings.popitem(last=False)[1].cancel()
        return task

    async def _ask(
        self, prefix: str, names: tuple[str, ...], libraries: tuple[str, ...], context: str
    ) -> tuple[dict, str]:
        reply = await self._link.rank(
            RankRequest(
                prefix=window(prefix, PREFIX_CHARACTERS),
                candidates=names,
                libraries=libraries,
                deadline_ms=self._deadline_ms() * BACKGROUND_FACTOR,
                context=context,
            )
        )
        if reply is None:
            return {}, ""
        return dict(zip(names, reply.scores, strict=False)), reply.adapter


def visible(facts: CompletionFacts) -> tuple[Member, ...]:
    """Members that the typed part may become. Private names only show once an underscore is typed."""
    partial = facts.partial
    lower = partial.lower()
    private = partial.startswith("_")
    return tuple(
        m
        for m in facts.members
        if (private or not m.name.startswith("_")) and (not partial or is_match(lower, m.name.lower()))
    )


def is_match(partial: str, name: str) -> bool:
    """A prefix, or the letters in order beginning with the first: editors filter in the same fuzzy way."""
    if not name.startswith(partial[0]):
        return False
    rest = iter(name)
    return all(letter in rest for letter in partial)


def static_order(members: tuple[Member, ...]) -> tuple[Member, ...]:
    """Without a model: by prior; of the same prior what this file uses already, then what is public and documented,
    then the alphabet."""
    return tuple(sorted(members, key=_static_key))


def _static_key(member: Member) -> tuple:
    dunder = member.name.startswith("__")
    return (
        -member.prior,
        not member.used_here,
        bool(member.deprecated),
        dunder,
        member.name.startswith("_"),
        not member.doc,
        member.name.lower(),
    )


def window(prefix: str, size: int) -> str:
    """The end of a prefix, beginning at a line and moving only in steps, so that a prompt's beginning stays the same
    from key to key and the engine's cache of it stays good."""
    if len(prefix) <= size:
        return prefix
    step = size // 4
    start = -(-(len(prefix) - size) // step) * step
    line = prefix.find("\n", start)
    return prefix[line + 1 :] if 0 <= line < len(prefix) - 1 else prefix[start:]
