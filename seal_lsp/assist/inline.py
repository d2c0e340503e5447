"""Ghost text: where a name is due the best existing one first, then what the model writes on; elsewhere what it
writes. Every API name in the result exists, or the text is cut before it.

The first answer is capped by time; where that cut it, the rest is written ahead in the background and found by whoever
types along. Knows no LSP types; superseding is the caller's.
"""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from math import exp
from typing import TYPE_CHECKING

from seal_lsp.assist.analysis import Analysis
from seal_lsp.assist.engine_link import EngineLink
from seal_lsp.assist.facts import CompletionFacts, Place
from seal_lsp.assist.menu import MAX_RANKED, PREFIX_CHARACTERS, static_order, visible, window
from seal_lsp.assist.postprocess import Around, ends_with_line, finish
from seal_lsp.assist.ranking import chances, contenders, with_scores
from seal_lsp.assist.rhythm import Rhythm
from seal_lsp.assist.typed_through import Remembered, TypedThrough
from seal_lsp.core.protocol import CompleteReply, CompleteRequest, RankRequest

if TYPE_CHECKING:
    from seal_lsp.settings.schema import Settings

SUFFIX_CHARACTERS = 1000
NAMES_WHEN_INVOKED = 3
STOP_BLOCK, STOP_LINE = ("\n\n\n",), ("\n",)
_LEAST_S = 0.1
_EQUALS = re.compile(r"=(?!=)")
_IN_NAME = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`text` goes at `start`..`end` (offsets, one line). `id` is what accepting it names. `remembered`: it is what is
    left of an earlier one. `confidence` (0..1): of its name where one was due, else the mean chance of its tokens."""

    id: str
    text: str
    start: int
    end: int
    adapter: str = ""
    remembered: bool = False
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Ask:
    """`selected` is (start, end, text) of the menu's selected item: a suggestion must extend that text. `context` is
    what the model reads before the text."""

    document: str
    text: str
    offset: int
    place: Place
    selected: tuple[int, int, str] | None = None
    invoked: bool = False
    context: str = ""


@dataclass(frozen=True, slots=True)
class Writing:
    """A text that is written between `head` and `after`, in an engine's `epoch`."""

    ask: Ask
    head: str
    after: str
    libraries: tuple[str, ...]
    epoch: int


class Inline:
    def __init__(self, analysis: Analysis, link: EngineLink, settings: Callable[[], Settings]) -> None:
        self._analysis = analysis
        self._link = link
        self._settings = settings
        self._memory = TypedThrough()
        self._ahead: dict[str, asyncio.Task] = {}  # by document
        self.rhythm = Rhythm()

    def remembered(self, ask: Ask) -> list[Suggestion]:
        """At once and without the engine: what is left of a suggestion that is being typed along."""
        if ask.selected is not None or ask.invoked:
            return []
        found = self._memory.find(
            ask.document, self._link.epoch, ask.text[: ask.offset], _line_after(ask.text, ask.offset)
        )
        return [replace(_suggestion(found[0], ask.offset, ask.offset, found[1]), remembered=True)] if found else []

    async def suggest(self, ask: Ask, *, pause_s: float = 0.0) -> list[Suggestion]:
        """Best first. The model is asked after `pause_s`; facts are gathered meanwhile."""
        if not self._link.ready:
            self._link.start()
            return []
        known = self.remembered(ask)
        if known:
            return known
        ahead = self._ahead.pop(ask.document, None)
        if ahead is not None:
            ahead.cancel()  # the text went another way
        settings = self._settings().inline
        began = asyncio.get_running_loop().time() + pause_s
        deadline = began + settings.deadline_ms / 1000
        epoch = self._link.epoch
        start, end, typed = ask.selected or (ask.offset, ask.offset, "")
        head = ask.text[:start] + typed
        after = ask.text[end:]
        around = _around(head, after)
        if around.after.strip() and (around.after[0].isalnum() or around.after[0] == "_"):
            return []  # in the middle of a word nothing can be said
        facts, _ = await asyncio.gather(
            self._analysis.completions(head + after, len(head), ask.place), asyncio.sleep(pause_s)
        )
        libraries = facts.libraries if facts else ()
        due = facts is not None and bool(facts.kind) and facts.due
        begins: dict[str, float | None] = {"": None}
        if due:
            begins = await self._names(head, facts, libraries, deadline, ask)
        given = False
        if due and facts.kind == "keyword":
            # What is typed may be the beginning of a value as well; a `=` that stands there is written over.
            begins = {f"{begin}=": chance for begin, chance in begins.items()} or {"": None}
            given = "" not in begins and ask.selected is None and _EQUALS.match(after) is not None
            end += given
        # The name is waited for, what follows it is not: a little of that at least.
        soon = max(began + settings.first_ms / 1000, asyncio.get_running_loop().time() + _LEAST_S)
        written_by = deadline if ask.invoked else min(deadline, soon)
        found: list[Suggestion] = []
        least = 0.0 if ask.invoked else settings.min_confidence
        for begin, chance in begins.items():
            if chance is not None and chance < least:
                continue  # rather nothing than a guess
            writing = Writing(ask, head, after, libraries, epoch)
            if given:
                text, adapter, cut, sure = begin, "", False, 1.0
            else:
                text, adapter, cut, sure = await self._write_on(writing, begin, written_by, named=chance is not None)
            confidence = sure if chance is None else chance
            if not text or confidence < least or any(s.text == typed + text for s in found):
                continue
            if ask.selected is None and not given:
                self._remember(writing, text, adapter)
                if cut and not ask.invoked:
                    rest = self._write_ahead(writing, text, named=text == begin)
                    task = self._ahead[ask.document] = asyncio.ensure_future(rest)
                    task.add_done_callback(partial(self._written_ahead, ask.document))
            found.append(_suggestion(typed + text, start, end, adapter, confidence))
        self.rhythm.answered(asyncio.get_running_loop().time() - began)
        return found

    def _remember(self, writing: Writing, text: str, adapter: str) -> None:
        if writing.epoch == self._link.epoch:
            after = _line_after(writing.after, 0)
            self._memory.add(writing.ask.document, writing.epoch, Remembered(writing.head, after, text, adapter))

    def _written_ahead(self, document: str, task: asyncio.Task) -> None:
        if self._ahead.get(document) is task:
            del self._ahead[document]

    async def _write_ahead(self, writing: Writing, text: str, *, named: bool) -> None:
        """What follows `text`, which is shown already: remembered with it."""
        deadline = asyncio.get_running_loop().time() + self._settings().inline.deadline_ms / 1000
        whole, adapter, *_ = await self._write_on(writing, text, deadline, named=named, background=True)
        if len(whole) > len(text):
            self._remember(writing, whole, adapter)

    async def _names(
        self, head: str, facts: CompletionFacts, libraries: tuple[str, ...], deadline: float, ask: Ask
    ) -> dict[str, float | None]:
        """What completes the typed part to the likeliest existing names, best first, and how likely each is; {} when
        none fits."""
        shown = [m for m in static_order(visible(facts)) if m.name.startswith(facts.partial)][:MAX_RANKED]
        if not shown:
            return {}
        if not ask.invoked:
            shown = contenders(facts.kind, shown)  # only the first is shown: the others need not be read
        names = tuple(dict.fromkeys(m.name for m in shown))
        order, scores = list(names), {}
        if len(names) > 1:
            reply = await self._link.rank(
                RankRequest(
                    window(head[: facts.start], PREFIX_CHARACTERS),
                    names,
                    libraries,
                    _left_ms(deadline),
                    _request(),
                    ask.context,
                )
            )
            scores = dict(zip(names, reply.scores, strict=False)) if reply is not None else {}
            order = list(dict.fromkeys(m.name for m in with_scores(facts.kind, shown, scores)))
        likely = chances(facts.kind, shown, scores)
        best = order[: NAMES_WHEN_INVOKED if ask.invoked else 1]
        return {name[len(facts.partial) :]: likely[name] for name in best}

    async def _write_on(
        self, writing: Writing, begin: str, deadline: float, *, named: bool = False, background: bool = False
    ) -> tuple[str, str, bool, float]:
        """`named`: what begins it is a whole name, which must not be spelled on into one that does not exist.

        (text that begins so, the adapter it was written under, whether time cut it, the mean chance of a token)."""
        head, after, place = writing.head, writing.after, writing.ask.place
        around = _around(head, after)
        reply = await self._complete(writing, begin, deadline, background=background)
        if reply is None or not reply.texts:
            cut = reply is None or reply.finish == "deadline"
            return (begin if len(begin) > 1 else ""), "", cut, 0.0
        if named and _spells_on(head + begin, reply.texts[0]):
            return begin, reply.adapter, False, exp(reply.logprob)
        text = finish(begin + reply.texts[0], around, complete=reply.finish == "stop")
        if not text.startswith(begin):
            text = begin
        cut = await self._analysis.cut(head, text, place)
        if cut.text != text:
            text = finish(cut.text, around)
            if not text.startswith(begin):
                text = begin  # a name that was offered exists, whatever came after it
        return text, reply.adapter, reply.finish == "deadline", exp(reply.logprob)

    async def _complete(
        self, writing: Writing, begin: str, deadline: float, *, background: bool
    ) -> CompleteReply | None:
        left = _left_ms(deadline)
        if left < 50:
            return None
        request = CompleteRequest(
            prefix=window(writing.head + begin, PREFIX_CHARACTERS),
            suffix=writing.after[:SUFFIX_CHARACTERS],
            libraries=writing.libraries,
            max_tokens=self._settings().inline.max_tokens,
            stop=STOP_LINE if ends_with_line(_around(writing.head + begin, writing.after)) else STOP_BLOCK,
            deadline_ms=left,
            background=background,
            context=writing.ask.context,
        )
        return await self._link.complete(replace(request, request=_request()))


def _spells_on(before: str, text: str) -> bool:
    """Whether a text goes on with the name that stands before it."""
    return _IN_NAME.match(before[-1:]) is not None and _IN_NAME.match(text[:1]) is not None


def _suggestion(text: str, start: int, end: int, adapter: str, confidence: float = 1.0) -> Suggestion:
    return Suggestion(_request(), text, start, end, adapter, confidence=confidence)


def _request() -> str:
    return uuid.uuid4().hex


def _left_ms(deadline: float) -> int:
    return max(1, int((deadline - asyncio.get_running_loop().time()) * 1000))


def _line_after(text: str, offset: int) -> str:
    return text[offset:].split("\n", 1)[0].rstrip("\r")


def _around(head: str, after: str) -> Around:
    above, _, before = head.rpartition("\n")
    rest, _, below = after.partition("\n")
    return Around(before, rest.rstrip("\r"), above[-4000:], below[:4000])
