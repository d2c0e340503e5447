"""What a model has written so far after a prompt, and when it has to stop; wherever the model runs."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from seal_lsp.core.lm import Cancel, Generation


class Limits:
    """When to stop from outside: `reason()` is deadline, cancelled or ''."""

    def __init__(self, deadline_s: float | None, cancel: Cancel | None) -> None:
        self._started = time.monotonic()
        self._end = math.inf if deadline_s is None else self._started + deadline_s
        self._cancel = cancel

    def reason(self) -> str:
        if self._cancel is not None and self._cancel.is_set():
            return "cancelled"
        return "deadline" if time.monotonic() >= self._end else ""

    def seconds(self) -> float:
        return time.monotonic() - self._started


class Written:
    """What one prompt has emitted so far; `finish` is '' while it may go on. `logprob` is a sum over `count` tokens."""

    def __init__(self, max_tokens: int, stop: Sequence[str]) -> None:
        self._max, self._stop = max_tokens, tuple(s for s in stop if s)
        self.text, self.count, self.logprob, self.finish = "", 0, 0.0, "" if max_tokens > 0 else "length"

    @property
    def left(self) -> int:
        """How many tokens more there may be."""
        return self._max - self.count

    def emit(self, text: str, logprob: float, tokens: int = 1) -> None:
        """Take what `tokens` tokens added, none or some of it still to come as text."""
        self.count += tokens
        self.logprob += logprob
        seen = len(self.text)
        self.text += text
        found = [self.text.find(s, max(seen - len(s), 0)) for s in self._stop]
        hits = [i for i in found if i >= 0]
        if hits:
            self.text, self.finish = self.text[: min(hits)], "stop"
        elif self.left <= 0:
            self.finish = "length"

    def result(self, seconds: float) -> Generation:
        return Generation(self.text, self.count, self.finish, self.logprob / max(self.count, 1), seconds)
