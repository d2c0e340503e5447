"""Learning yields: at once to somebody who types, and to a machine on battery, hot or short of memory.

Only says that learning waits, and why; LearningQueue stops and continues the learner.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator

import psutil

TYPING = "somebody types"
QUIET_S = 0.3  # after an answer: the next key mostly types along it, and asks for nothing
LOOK_S = 10.0  # between two looks at the machine
_LEAST_MEMORY = 0.04  # of all that there is
_HOT = 5.0  # degrees below what a sensor calls critical


class Yielding:
    """`hold(reason)` is called with '' when learning may go on. Bound to one event loop; `strain()` names what the
    machine suffers from, '' for nothing."""

    def __init__(
        self,
        hold: Callable[[str], None],
        *,
        strain: Callable[[], str],
        quiet_s: float = QUIET_S,
        look_s: float = LOOK_S,
    ) -> None:
        self._hold, self._strain, self._quiet_s, self._look_s = hold, strain, quiet_s, look_s
        self._answering = 0
        self._resting: asyncio.TimerHandle | None = None
        self._strained = ""

    @contextlib.contextmanager
    def answering(self) -> Iterator[None]:
        """Somebody waits for an answer; learning waits as long, and `quiet_s` more."""
        self._answering += 1
        if self._resting is not None:
            self._resting.cancel()
            self._resting = None
        elif self._answering == 1:
            self._say()
        try:
            yield
        finally:
            self._answering -= 1
            if not self._answering:
                self._resting = asyncio.get_running_loop().call_later(self._quiet_s, self._quiet)

    async def watch(self) -> None:
        """Look at the machine from time to time, for ever."""
        while True:
            found = await asyncio.to_thread(self._strain)
            if found != self._strained:
                self._strained = found
                self._say()
            await asyncio.sleep(self._look_s)

    def _quiet(self) -> None:
        self._resting = None
        self._say()

    def _say(self) -> None:
        self._hold(self._strained or (TYPING if self._answering or self._resting else ""))


def machine_strain(*, on_battery: bool) -> str:
    """What speaks against learning now; `on_battery` says that a battery does not."""
    with contextlib.suppress(AttributeError, OSError, RuntimeError):  # not every platform has every sensor
        battery = psutil.sensors_battery()
        if battery is not None and not battery.power_plugged and not on_battery:
            return "the machine runs on battery (learn.on_battery)"
    with contextlib.suppress(AttributeError, OSError, RuntimeError):
        for sensors in psutil.sensors_temperatures().values():
            if any(one.critical and one.current > one.critical - _HOT for one in sensors):
                return "the machine is hot"
    memory = psutil.virtual_memory()
    return "memory is short" if memory.available < _LEAST_MEMORY * memory.total else ""
