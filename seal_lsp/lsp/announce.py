"""What the editor shows of the engine: the `seal/status` notification and learning as work-done progress.

Knows only core.protocol's messages; nothing here waits for the engine.
"""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.capabilities import get_capability

from seal_lsp.core.protocol import Event, Learning, LearnReply, Status
from seal_lsp.lsp.libraries import said_of

if TYPE_CHECKING:
    from seal_lsp.lsp.desk import Desk

log = logging.getLogger(__name__)

STATUS = "seal/status"
TITLES = {"known": "Asking the model", "collect": "Collecting", "write": "Writing", "vet": "Vetting",
          "train": "Training", "gate": "Examining", "live": "Going live"}  # fmt: skip
UNDER_WAY = ("queued", "coalesced", "learning")  # of a LearnReply
WAITING = ("learning", "queued", "paused")  # of a LearnedLibrary


class Announcer:
    """`engine_off` is said when there is to be no engine."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._last: dict[str, Any] = {}
        self._tokens: dict[str, str | None] = {}  # cycle -> token; None while the client is asked for one
        self._said: dict[str, tuple] = {}
        self._asked: dict[str, str] = {}  # cycle -> library, of learning that the user asked for
        self._ended: set[str] = set()  # of these libraries, those whose cycle is over

    def start(self) -> None:
        self._desk.link.listen(self.heard)
        self.status()

    def asked(self, library: str, reply: LearnReply) -> None:
        """The user wants this learned: how that ended is told once, whichever editor it is."""
        if reply.state in UNDER_WAY and reply.cycle:
            self._asked[reply.cycle] = library
        elif reply.state != "refused":
            self._tell(library)

    def heard(self, event: Event) -> None:
        status = self._desk.link.status
        if event.kind in ("gate", "problem") and event.data.get("cycle") in self._asked:
            self._ended.add(self._asked.pop(event.data["cycle"]))
        elif event.kind == "status":
            self._tell_ended()
        if event.kind == "progress":
            self._progress(Learning(**event.data))
        elif event.kind == "status" and status is not None and status.learning is not None:
            self._progress(status.learning)
        elif event.kind == "unavailable" or (event.kind == "status" and status is not None):
            for cycle in list(self._tokens):
                self._end(cycle, "stopped" if event.kind == "unavailable" else "done")
        self.status()

    def status(self) -> None:
        """Tell the client, when it is something new."""
        message = status_message(self._desk.link.status, self._desk.link.problem, self._desk.link.off)
        if message != self._last:
            self._last = message
            self._desk.server.protocol.notify(STATUS, message)

    def _tell_ended(self) -> None:
        """The engine says that a cycle has ended before its own status says so."""
        for library in list(self._ended):
            known = self._desk.link.learned(library)
            if known is None or known.state not in WAITING:
                self._ended.remove(library)
                self._tell(library)

    def _tell(self, library: str) -> None:
        text = f"{library.replace('@', ' ')}: {said_of(self._desk.link.learned(library))}"
        self._desk.server.window_show_message(types.ShowMessageParams(types.MessageType.Info, text))

    def _progress(self, learning: Learning) -> None:
        if not get_capability(self._desk.server.client_capabilities, "window.work_done_progress", False):
            return
        for cycle in [cycle for cycle in self._tokens if cycle != learning.cycle]:
            self._end(cycle, "done")
        if learning.cycle not in self._tokens:
            self._tokens[learning.cycle] = None
            self._desk.background(self._begin(learning))
            return
        token = self._tokens[learning.cycle]
        said = (learning.phase, int(learning.fraction * 100), learning.message)
        if token is None or self._said.get(learning.cycle) == said:
            return
        self._said[learning.cycle] = said
        report = types.WorkDoneProgressReport(message=_text(learning), percentage=said[1], cancellable=False)
        self._desk.server.work_done_progress.report(token, report)

    async def _begin(self, learning: Learning) -> None:
        token = f"seal-learn-{learning.cycle}"
        progress = self._desk.server.work_done_progress
        try:
            await progress.create_async(token)
        except Exception as error:  # the client refuses a token: then there is no progress to see
            log.info("no progress: %s", error)
            return
        title = f"Learning {learning.library.replace('@', ' ')}"
        percentage = int(learning.fraction * 100)
        progress.begin(
            token,
            types.WorkDoneProgressBegin(title=title, message=_text(learning), percentage=percentage, cancellable=False),
        )
        if learning.cycle in self._tokens:
            self._tokens[learning.cycle] = token
        else:
            progress.end(token, types.WorkDoneProgressEnd(message="done"))

    def _end(self, cycle: str, message: str) -> None:
        token = self._tokens.pop(cycle, None)
        self._said.pop(cycle, None)
        if token is not None:
            self._desk.server.work_done_progress.end(token, types.WorkDoneProgressEnd(message=message))
            self._desk.server.work_done_progress.tokens.pop(token, None)


def status_message(status: Status | None, problem: str, off: bool) -> dict[str, Any]:
    """Copilot's kinds, a sentence, and the command that says more."""
    command = {"title": "Show status", "command": "seal.status"}
    if off:
        return {
            "kind": "Inactive",
            "message": "the engine is switched off: facts only",
            "busy": False,
            "command": command,
        }
    if status is None:
        kind, message = ("Warning", problem) if problem else ("Inactive", "no engine yet: facts only")
        return {"kind": kind, "message": message, "busy": False, "command": command}
    return {
        "kind": status.kind,
        "message": status.message,
        "busy": status.state in ("loading", "learning"),
        "command": command,
        "state": status.state,
        "model": status.model,
        "runtime": status.runtime,
        "learning": _rounded(status.learning) if status.learning else None,
        "queue": list(status.queue),
        "libraries": [asdict(library) for library in status.libraries],
        "paused": status.paused,
    }


def _rounded(learning: Learning) -> dict[str, Any]:
    """To whole per cents: a fraction that grows by less is no news for an editor."""
    return {**asdict(learning), "fraction": int(learning.fraction * 100) / 100}


def _text(learning: Learning) -> str:
    title = TITLES.get(learning.phase, learning.phase)
    return f"{title}: {learning.message}" if learning.message else title
