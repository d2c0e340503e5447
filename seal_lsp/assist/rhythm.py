"""How long to wait after a key before the model is asked: less the more likely the answer comes before the next key.

After the adaptive debounce of Tabby's agent: typing rhythm and measured latency decide, a setting is the most.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from statistics import median
from time import monotonic

_GAPS = 10  # keys that say how fast somebody types
_LEAST = 3
_PAUSE_S = 2.0  # a longer gap is thinking, not typing
_LATENCY_S, _SMOOTHING = 0.3, 0.2  # before anything was measured; weight of the newest


class Rhythm:
    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._gaps: deque[float] = deque(maxlen=_GAPS)
        self._last = -_PAUSE_S
        self._latency = _LATENCY_S

    def key(self) -> None:
        """A key was typed."""
        now = self._clock()
        gap, self._last = now - self._last, now
        if gap < _PAUSE_S:
            self._gaps.append(gap)

    def answered(self, seconds: float) -> None:
        """The model took so long."""
        self._latency += _SMOOTHING * (seconds - self._latency)

    def pause_s(self, most_s: float) -> float:
        """Seconds to wait, at most `most_s`."""
        if len(self._gaps) < _LEAST:
            return most_s
        return most_s * min(1.0, self._latency / max(median(self._gaps), 1e-3))
