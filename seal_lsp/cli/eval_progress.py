"""Progress of a measurement, on stderr: a bar on a terminal, a line a tenth elsewhere."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from seal_lsp.cli.output import err
from seal_lsp.core.errors import Cancelled


@contextmanager
def resumable() -> Iterator[None]:
    """SIGINT and SIGTERM end the block as Cancelled, after its own clean-up."""
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    except KeyboardInterrupt:
        raise Cancelled("stopped", hint="the same command goes on where it was") from None
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(*_: object) -> None:
    """As Ctrl-C; where a shell makes that ignored (`command &` in a script) SIGTERM must still be heard.

    Raised within a coroutine KeyboardInterrupt would pass over what that does when cancelled: the loop raises it."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.raise_signal(signal.SIGINT)
        return
    try:
        asyncio.get_running_loop().call_soon_threadsafe(_stop)
    except RuntimeError:
        _stop()


def _stop() -> None:
    raise KeyboardInterrupt


class Watch:
    """`with Watch() as watch: with watch.task("what", total) as step: step()`."""

    def __init__(self) -> None:
        self._console = err()
        self._began = time.monotonic()
        self._bars: Progress | None = None

    def __enter__(self) -> Watch:
        if self._console.is_terminal:
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
                       TimeRemainingColumn())  # fmt: skip
            self._bars = Progress(*columns, console=self._console)
            self._bars.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bars is not None:
            self._bars.stop()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def say(self, text: str) -> None:
        console = self._bars.console if self._bars is not None else self._console
        console.print(f"[{self.seconds:7.1f} s] {text}", style="dim", markup=False)

    @contextmanager
    def task(self, what: str, total: int) -> Iterator[Step]:
        step = Step(self, what, total)
        try:
            yield step
        finally:
            step.end()


class Step:
    """Call it after each thing done; `to(fraction, message)` where there is nothing to count."""

    def __init__(self, watch: Watch, what: str, total: int) -> None:
        self._watch, self._what, self._total = watch, what, max(total, 1)
        self._done = 0.0
        self._tenth = 0
        self._task = watch._bars.add_task(what, total=self._total) if watch._bars is not None else None

    def __call__(self) -> None:
        self._move(self._done + 1, "")

    def to(self, fraction: float, message: str) -> None:
        self._move(fraction * self._total, message)

    def end(self) -> None:
        if self._task is not None and self._watch._bars is not None:
            self._watch._bars.remove_task(self._task)

    def _move(self, done: float, message: str) -> None:
        self._done = done
        if self._watch._bars is not None and self._task is not None:
            text = f"{self._what} {message}".rstrip()
            self._watch._bars.update(self._task, completed=min(done, self._total), description=text)
            return
        tenth = int(10 * done / self._total)
        if tenth != self._tenth and (done >= self._total or tenth % 2 == 0):
            self._watch.say(f"{self._what}: {100 * done / self._total:.0f} % {message}".rstrip())
        self._tenth = tenth
