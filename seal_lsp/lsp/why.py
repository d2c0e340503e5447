"""`seal.why`: where the suggestion that was shown last comes from: confidence, adapter, and the evidence for its names.

Remembers what the window was sent; what an adapter learned from is the engine's to tell.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from seal_lsp.core.errors import SealError, UsageError
from seal_lsp.lsp.libraries import gain

if TYPE_CHECKING:
    from seal_lsp.assist.inline import Suggestion
    from seal_lsp.core.protocol import LearnedLibrary
    from seal_lsp.lsp.desk import Desk

SHOW = "Show what was learned"
REMEMBERED = 20
_WORD = re.compile(r"[^\W\d]\w*")


class Shown:
    """The suggestions that were sent last, newest at the end."""

    def __init__(self) -> None:
        self._sent: dict[str, Suggestion] = {}

    def add(self, suggestions: list[Suggestion]) -> None:
        """Best first, so the last one added is the one that an editor shows."""
        for suggestion in reversed(suggestions):
            self._sent[suggestion.id] = suggestion
        while len(self._sent) > REMEMBERED:
            self._sent.pop(next(iter(self._sent)))

    def find(self, suggestion: str = "") -> Suggestion | None:
        if suggestion:
            return self._sent.get(suggestion)
        return next(reversed(self._sent.values()), None)


async def why(desk: Desk, suggestion_id: str = "") -> dict[str, Any]:
    """Facts and a `message`. Raises UsageError when nothing of that id (without one: nothing at all) was shown."""
    suggestion = desk.shown.find(suggestion_id)
    if suggestion is None:
        raise UsageError("no suggestion was shown yet", hint="type, or ask for one, then ask why")
    libraries = desk.link.status.libraries if desk.link.status else ()
    known = next((known for known in libraries if suggestion.adapter and known.adapter == suggestion.adapter), None)
    evidence = await _evidence(desk, known, suggestion.text) if known else {}
    return {
        "text": suggestion.text,
        "confidence": round(suggestion.confidence, 4),
        "from": "memory" if suggestion.remembered else "model",
        "adapter": suggestion.adapter,
        "library": known.library if known else "",
        "gain": known.gain if known else None,
        "learned_at": known.learned_at if known else "",
        "evidence": evidence,
        "message": message(suggestion, known, evidence),
    }


def message(suggestion: Suggestion, known: LearnedLibrary | None, evidence: dict[str, int]) -> str:
    first = suggestion.text.strip().split("\n", 1)[0]
    said = [f"`{first}`: {suggestion.confidence:.0%} sure."]
    if suggestion.remembered:
        said.append("The rest of what was suggested a moment ago.")
    if known is None:
        by = "an adapter that is no longer live" if suggestion.adapter else "the base model, no adapter"
        return " ".join([*said, f"Written by {by}; names come from the installed version."])
    learned = f"Written by what was learned of {known.library.replace('@', ' ')} (adapter {known.adapter[:12]}"
    learned += f", {known.learned_at[:16].replace('T', ' ')}" if known.learned_at else ""
    learned += f", {gain(known.gain)})." if known.gain is not None else ")."
    snippets = ", ".join(f"{count} of {name.rpartition('.')[2]}" for name, count in evidence.items())
    return " ".join([*said, learned, f"Vetted snippets: {snippets or f'{known.snippets}, none of these names'}."])


async def tell(desk: Desk, answer: dict[str, Any]) -> None:
    """The message, with the whole record one click away where there is one."""
    from seal_lsp.lsp.features.execute_command import show_learned

    actions = [types.MessageActionItem(title=SHOW)] if answer["library"] else []
    chosen = await desk.server.window_show_message_request_async(
        types.ShowMessageRequestParams(type=types.MessageType.Info, message=answer["message"], actions=actions)
    )
    if chosen is not None and chosen.title == SHOW:
        await show_learned(desk.server, answer["library"])


async def _evidence(desk: Desk, known: LearnedLibrary, text: str) -> dict[str, int]:
    """How many vetted snippets use each of the text's names, the most used first."""
    if desk.link.client is None:
        return {}
    try:
        detail = await desk.link.client.learned(known.library)
    except SealError:
        return {}  # forgotten meanwhile
    words = set(_WORD.findall(text))
    found = {name: n for name, n in detail.snippets_by_symbol.items() if name.rpartition(".")[2] in words}
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))
