"""`seal-lsp learn LIB`: ask the engine to learn a library of this workspace, and watch it do so."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seal_lsp.cli.asking import ask, user_settings
from seal_lsp.cli.output import Json, err, note, show
from seal_lsp.cli.workspace import find_library
from seal_lsp.core.errors import GateRejected, NothingToLearn, SealError, UsageError
from seal_lsp.core.protocol import LearnedLibrary, LearnRequest, Status

if TYPE_CHECKING:
    from seal_lsp.client.engine_client import EngineClient
    from seal_lsp.core.progress import Progress

ENDED = ("live", "rejected", "known", "failed")


def command(
    library: Annotated[str, typer.Argument(help="name, name==version or name@version", show_default=False)],
    root: Annotated[Path, typer.Option(help="The workspace whose environment has it.")] = Path(),
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Watch until it is decided.")] = True,
    force: Annotated[bool, typer.Option(help="Learn although it is live or known already.")] = False,
    json: Json = False,
) -> None:
    """Learn a library that is installed in this workspace's environment. Exit 3 when the gate says no."""
    from seal_lsp.client.wire import environment_to_dict

    root = root.absolute()
    found, environment = find_library(library, root)
    if found.problem:
        note(f"{found.id}: {found.problem}")
    settings = user_settings()
    request = LearnRequest(
        library=str(found.id),
        environment=environment_to_dict(environment),
        roots=(str(root),) if settings.collect.workspace else (),
        reason="command",
        force=force,
        overrides=settings.learn_overrides(),
        held_out=settings.learn.held_out,
    )

    async def work(client: EngineClient) -> dict[str, Any]:
        reply = await client.learn(request)
        if reply.state == "refused":
            raise UsageError(f"{found.id} is not learned: {reply.reason}")
        if not wait or reply.state == "live":
            return {"library": request.library, **asdict(reply)}
        with _progress(json) as tell:
            ended = await watch(client, request.library, tell)
        return outcome(ended)

    result = ask(work)
    show(result, json, lambda console: console.print(_sentence(result), markup=False))


async def watch(client: EngineClient, library: str, tell: Progress) -> LearnedLibrary:
    """Follow the engine's events until it has decided on this library. Raises EngineUnavailable when it goes away."""
    from seal_lsp.client.wire import decode

    async for event in client.events(reconnect=False):
        mine = event.data.get("library") == library
        if event.kind == "progress" and mine:
            tell(event.data["phase"], event.data["fraction"], event.data["message"])
        elif event.kind == "gate" and mine and event.data["status"] == "rejected":
            return LearnedLibrary(library, "rejected", reasons=tuple(event.data["reasons"]))
        elif event.kind == "problem" and mine and "cycle" in event.data:
            return LearnedLibrary(library, "failed", reasons=(event.data.get("message", ""),))
        elif event.kind == "status":
            ended = decided(decode(Status, event.data), library)
            if ended is not None:
                return ended
    raise AssertionError("unreachable: the stream ends by raising")


def decided(status: Status, library: str) -> LearnedLibrary | None:
    """What the engine says of a library that it neither learns nor has in its queue any more; else None."""
    if library in status.queue or (status.learning and status.learning.library == library):
        return None
    return next((one for one in status.libraries if one.library == library and one.state in ENDED), None)


def outcome(one: LearnedLibrary) -> dict[str, Any]:
    """The row as a dict. Raises what its state means: GateRejected, NothingToLearn, SealError."""
    why = "; ".join(one.reasons) or "no reason was given"
    if one.state == "rejected":
        raise GateRejected(f"the gate rejected {one.library}: {why}", hint="what was live before stays live")
    if one.state == "known":
        raise NothingToLearn(f"{one.library} was not learned: {why}", hint="learn it anyway: seal-lsp learn --force")
    if one.state == "failed":
        raise SealError(f"learning {one.library} failed: {why}", hint="see: seal-lsp doctor")
    return asdict(one)


class _progress:
    """A bar on a terminal, a line a phase elsewhere, nothing with --json."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._console = err()
        self._bar = None
        self._phase = ""

    def __enter__(self) -> Progress:
        if not self._quiet and self._console.is_terminal:
            from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

            columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
            self._bar = Progress(*columns, console=self._console, transient=True)
            self._task = self._bar.add_task("waiting", total=1.0)
            self._bar.start()
        return self._tell

    def __exit__(self, *exc: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def _tell(self, phase: str, fraction: float, message: str) -> None:
        if self._bar is not None:
            self._bar.update(self._task, completed=fraction, description=f"{phase}: {message}")
        elif not self._quiet and phase != self._phase:
            self._console.print(f"{phase}: {message}", markup=False)
        self._phase = phase


def _sentence(result: dict[str, Any]) -> str:
    adapter = result.get("adapter", "")
    if adapter:
        return f"{result['library']} is live: adapter {adapter[:12]}, from {result.get('snippets', 0)} vetted snippets"
    return f"{result['library']}: {result['state']}"
