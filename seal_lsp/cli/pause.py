"""`seal-lsp pause` and `resume`: learning waits or goes on, suggestions are served anyway; `stop` ends the engine."""

from __future__ import annotations

from seal_lsp.cli.asking import ask
from seal_lsp.cli.output import Json, show
from seal_lsp.core.protocol import Status


def pause(json: Json = False) -> None:
    """Stop learning until `resume`; a learning under way is kept and taken up again then."""
    _tell(ask(lambda client: client.pause()), json)


def resume(json: Json = False) -> None:
    """Let learning go on."""
    _tell(ask(lambda client: client.resume()), json)


def stop(json: Json = False) -> None:
    """End the engine: learning goes on with the next one, which an editor starts as soon as it asks for something."""
    ask(lambda client: client.shutdown(), start=False)
    show({"stopped": True}, json, lambda console: console.print("the engine was told to stop"))


def _tell(status: Status, as_json: bool) -> None:
    text = "learning is paused" if status.paused else "learning goes on"
    if status.queue:
        text += f"; queued: {', '.join(status.queue)}"
    show(status, as_json, lambda console: console.print(text, markup=False))
