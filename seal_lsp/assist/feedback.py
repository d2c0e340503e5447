"""What became of a suggestion, seen from the text alone: shown, accepted whole or in part, passed over, and how much of
it still stands after 30, 120 and 300 seconds. No editor has to help; where one does, its word counts.

Told of every change of a document; says outcomes to `record`. Keeps text only as long as it is watched, and says none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from os.path import commonprefix

HORIZONS_S = (30, 120, 300)
_ANCHOR = 40  # characters before an accepted text by which it is found again
_WATCHED = 50  # accepted texts watched at once, the newest


@dataclass(frozen=True, slots=True)
class Outcome:
    """`kind`: shown, accepted, partly, typed (along to its end), passed, kept. `characters` of the suggestion that the
    kind is about; `value`: of `kept` how alike what stands there is (0 to 1), `after_s` later."""

    kind: str
    suggestion: str
    adapter: str
    characters: int
    after_s: int = 0
    value: float = 1.0


@dataclass
class _Shown:
    id: str
    head: str
    text: str
    adapter: str


@dataclass
class _Accepted:
    id: str
    uri: str
    anchor: str
    text: str
    adapter: str
    at: float
    left: list[int] = field(default_factory=lambda: list(HORIZONS_S))


class Feedback:
    """`record` gets each outcome once; `clock` gives seconds."""

    def __init__(self, record: Callable[[Outcome], None], clock: Callable[[], float]) -> None:
        self._record, self._clock = record, clock
        self._shown: dict[str, _Shown] = {}  # by document
        self._accepted: list[_Accepted] = []

    def shown(self, uri: str, suggestion: str, head: str, text: str, adapter: str) -> None:
        """`text` is shown after `head`. The one shown before it in that document is passed over, unless this one is
        what is left of it."""
        before = self._shown.get(uri)
        if before is not None:
            typed = head[len(before.head) :]
            along = head.startswith(before.head) and before.text.startswith(typed + text)
            if not along:
                self._end(uri, "passed")
        self._shown[uri] = _Shown(suggestion, head, text, adapter)
        self._record(Outcome("shown", suggestion, adapter, len(text)))

    def changed(self, uri: str, text: str) -> None:
        """The document's text is now this."""
        shown = self._shown.get(uri)
        if shown is None:
            return
        if not text.startswith(shown.head):
            self._end(uri, "passed")
            return
        now = text[len(shown.head) : len(shown.head) + len(shown.text)]
        same = len(commonprefix((now, shown.text)))  # noqa: RUF071 - characters are what is meant
        if same == len(shown.text):
            self._end(uri, "accepted" if same > 1 else "typed")
        elif same > 1 and now[same : same + 1] in ("", "\n", "\r"):
            # more than a key at once, and nothing else after it: a word or a line of it was taken
            self._record(Outcome("partly", shown.id, shown.adapter, same))
            self._keep(uri, shown, shown.text[:same])
            self._shown[uri] = _Shown(shown.id, shown.head + shown.text[:same], shown.text[same:], shown.adapter)
        elif same == 1 and len(now) >= 1:
            self._shown[uri] = _Shown(shown.id, shown.head + shown.text[:1], shown.text[1:], shown.adapter)
        elif same == 0 and now[:1] not in ("", "\n", "\r"):
            self._end(uri, "passed")

    def accepted(self, suggestion: str) -> None:
        """The editor says so; the text follows, or came before."""
        for uri, shown in list(self._shown.items()):
            if shown.id == suggestion:
                self._end(uri, "accepted")

    def closed(self, uri: str) -> None:
        """What is no longer open cannot be watched."""
        self._end(uri, "passed")
        self._accepted = [one for one in self._accepted if one.uri != uri]

    def look(self, text_of: Callable[[str], str | None]) -> None:
        """Whatever is due: how much of accepted texts still stands. `text_of` gives an open document's text."""
        now = self._clock()
        for one in self._accepted:
            while one.left and now - one.at >= one.left[0]:
                horizon = one.left.pop(0)
                text = text_of(one.uri)
                if text is not None:
                    value = round(still_there(one.anchor, one.text, text), 3)
                    self._record(Outcome("kept", one.id, one.adapter, len(one.text), horizon, value))
        self._accepted = [one for one in self._accepted if one.left]

    def _end(self, uri: str, kind: str) -> None:
        shown = self._shown.pop(uri, None)
        if shown is not None:
            self._record(Outcome(kind, shown.id, shown.adapter, len(shown.text)))
            if kind == "accepted":
                self._keep(uri, shown, shown.text)

    def _keep(self, uri: str, shown: _Shown, text: str) -> None:
        one = _Accepted(shown.id, uri, shown.head[-_ANCHOR:], text, shown.adapter, self._clock())
        self._accepted = [*self._accepted[1 - _WATCHED :], one]


def still_there(anchor: str, text: str, document: str) -> float:
    """How alike the document is to an accepted text where that was: after its anchor; where that is gone, the likest
    stretch of as many lines anywhere. 1 is unchanged, 0 is gone."""
    found = []
    at = document.find(anchor) if anchor else -1
    while at >= 0:
        found.append(document[at + len(anchor) : at + len(anchor) + len(text)])
        at = document.find(anchor, at + 1)
    if not found:
        lines, size = document.splitlines(), text.count("\n") + 1
        found = ["\n".join(lines[n : n + size]).strip() for n in range(max(1, len(lines) - size + 1))]
        text = text.strip()
    return max((_alike(text, one) for one in found), default=0.0)


def _alike(a: str, b: str) -> float:
    if a == b:
        return 1.0
    matcher = SequenceMatcher(None, a, b, autojunk=False)
    return matcher.ratio() if matcher.quick_ratio() > 0.3 else 0.0
