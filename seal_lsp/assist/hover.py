"""What a hover says, as markdown: facts of the installed version at once, a line of the model's when it is ready.

Facts come from the analysis worker and never from the model; what was learned comes from the engine's last status.
Knows no LSP types.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from seal_lsp.assist import version_notes
from seal_lsp.assist.analysis import Analysis
from seal_lsp.assist.engine_link import EngineLink
from seal_lsp.assist.facts import HoverFacts, Place
from seal_lsp.client.wire import environment_to_dict
from seal_lsp.core.library import Environment
from seal_lsp.core.protocol import LearnedDetail, LearnedLibrary, UsageLineReply, UsageLineRequest

if TYPE_CHECKING:
    from seal_lsp.settings.schema import Settings

PATIENCE_S = 0.03
REMEMBERED = 256
MAX_DOC = 4000
_SECTION = re.compile(
    r"^(Args|Arguments|Parameters|Returns|Raises|Yields|Examples?|Notes?|Attributes):\s*$", re.MULTILINE
)


class Hovers:
    def __init__(self, analysis: Analysis, link: EngineLink, settings: Callable[[], Settings]) -> None:
        self._analysis = analysis
        self._link = link
        self._settings = settings
        self._lines: dict[tuple, UsageLineReply] = {}
        self._details: dict[tuple, LearnedDetail] = {}
        self._asking: dict[tuple, asyncio.Task] = {}

    async def hover(self, text: str, offset: int, place: Place) -> tuple[HoverFacts, str] | None:
        """(facts, markdown), None where no known name stands."""
        facts = await self._analysis.hover(text, offset, place)
        if facts is None:
            return None
        learned = self._link.learned(facts.library) if facts.library else None
        line = snippets = None
        if learned is not None and learned.adapter and self._settings().hover.model_line:
            line, snippets = await self._model_part(facts, learned, place)
        known = self._link.status is not None
        return facts, markdown(facts, learned, line, engine=known, symbol_snippets=snippets)

    def describe(self, facts: HoverFacts) -> str:
        """A menu item's documentation: the static part of a hover."""
        learned = self._link.learned(facts.library) if facts.library else None
        return markdown(facts, learned, None, engine=self._link.status is not None)

    async def _model_part(
        self, facts: HoverFacts, learned: LearnedLibrary, place: Place
    ) -> tuple[UsageLineReply | None, int | None]:
        """What is ready by now; the rest is fetched for the next hover."""
        key = (facts.library, facts.qualname, learned.adapter)
        waiting = []
        if key not in self._lines:
            waiting.append(self._fetch(key, self._usage_line(key, place.environment)))
        detail_key = (facts.library, learned.adapter)
        if detail_key not in self._details:
            waiting.append(self._fetch(detail_key, self._detail(detail_key)))
        if waiting:
            await asyncio.wait(waiting, timeout=PATIENCE_S)
        detail = self._details.get(detail_key)
        count = detail.snippets_by_symbol.get(facts.qualname) if detail else None
        return self._lines.get(key), count if isinstance(count, int) else None

    def _fetch(self, key: tuple, work: Any) -> asyncio.Task:
        task = self._asking.get(key)
        if task is not None and not task.done():
            work.close()
            return task
        task = self._asking[key] = asyncio.ensure_future(work)
        task.add_done_callback(lambda t: t.cancelled() or t.exception())
        while len(self._asking) > REMEMBERED:
            self._asking.pop(next(iter(self._asking)))
        return task

    async def _usage_line(self, key: tuple, environment: Environment | None) -> None:
        library, qualname, _ = key
        reply = await self._link.usage_line(
            UsageLineRequest(library, qualname, environment_to_dict(environment) if environment else {})
        )
        if reply is not None and reply.state in ("ready", "rejected"):
            self._lines[key] = reply
            while len(self._lines) > REMEMBERED:
                self._lines.pop(next(iter(self._lines)))

    async def _detail(self, key: tuple) -> None:
        if self._link.client is not None:
            self._details[key] = await self._link.client.learned(key[0])


def markdown(
    facts: HoverFacts,
    learned: LearnedLibrary | None,
    line: UsageLineReply | None,
    *,
    engine: bool,
    symbol_snippets: int | None = None,
) -> str:
    parts = [f"```python\n{facts.signature}\n```"]
    body: list[str] = []
    if facts.deprecated:
        body.append(f"**Deprecated**: {plain(facts.deprecated)}")
    notes, doc = version_notes.split(facts.doc)
    if facts.deprecated:  # said above, in its authors' words wherever they stand
        notes = tuple(note for note in notes if not note.startswith("Deprecated"))
    if doc:
        body.append(docstring(doc))
    if notes:
        body.append(version_notes.markdown(notes))
    if line is not None and line.state == "ready" and line.line:
        body.append(f"Usage (written by the model, vetted):\n\n```python\n{line.line}\n```")
    foot = [f"`{facts.qualname}`"] if facts.qualname else []
    if facts.library:
        foot.append(f"**{facts.library}**")
        state = learned_state(learned, symbol_snippets) if engine else ""
        foot += [state] if state else []
    body.append(" · ".join(foot))
    return "\n\n---\n\n".join(["\n\n".join(parts), "\n\n".join(part for part in body if part)])


def learned_state(learned: LearnedLibrary | None, symbol_snippets: int | None = None) -> str:
    """One phrase: learned by which adapter, when and from how much, or why not."""
    if learned is None:
        return "not learned"
    if learned.adapter:
        phrase = f"learned (adapter `{learned.adapter[:12]}`"
        if learned.learned_at:
            phrase += f", {learned.learned_at[:16].replace('T', ' ')}"
        phrase += f", {learned.snippets} vetted snippets"
        if symbol_snippets is not None:
            phrase += f", {symbol_snippets} of this name"
        return phrase + ")"
    said = {
        "known": "the base model knows it already",
        "learning": "not learned yet: that is under way",
        "queued": "not learned yet: it waits its turn",
        "paused": "not learned yet: it waits, learning is paused",
        "rejected": "learned, but the gate rejected it",
        "failed": "learning failed",
    }.get(learned.state, "not learned")
    reasons = f": {plain(learned.reasons[0])}" if learned.reasons and learned.state in ("rejected", "failed") else ""
    return said + reasons


def docstring(doc: str) -> str:
    """A docstring as markdown: sections in bold, doctests fenced; cut where it gets long."""
    doc = doc.strip()
    if len(doc) > MAX_DOC:
        doc = doc[:MAX_DOC].rsplit("\n", 1)[0] + "\n\n…"
    doc = _SECTION.sub(r"**\1**\n", doc)
    out: list[str] = []
    fenced = doctest = False
    for line in doc.split("\n"):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        if not fenced and not doctest and line.lstrip().startswith(">>> "):
            out.append("```python")
            doctest = True
        elif doctest and not line.strip():
            out.append("```")
            doctest = False
        out.append(line)
    if doctest or fenced:
        out.append("```")
    return "\n".join(out)


def plain(text: str) -> str:
    return " ".join(text.split())
