"""workspace/executeCommand: the seal.* commands. Arguments are one object ({"library": "name@version", ...}) or words.

Results are JSON; what goes wrong is one message to the user and an object with `error` and `hint`, never a crash.
Status, libraries and why are shown to the user as well, unless the editor says that it does that itself (`quiet`).
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from seal_lsp.core.errors import SealError, UsageError

if TYPE_CHECKING:
    from seal_lsp.lsp.server import SealServer

log = logging.getLogger(__name__)

CONNECT_S = 20.0


def register(server: SealServer) -> None:
    for name, work in COMMANDS.items():
        _register(server, name, work)


def _register(server: SealServer, name: str, work: Callable[[SealServer, dict], Awaitable[Any]]) -> None:
    @server.command(name)
    async def command(ls, *arguments):  # no annotations: pygls evaluates those of commands
        if not await ls.desk.ready():
            return {"error": "the server could not start", "hint": "see its log"}
        try:
            return await work(ls, named(arguments))
        except SealError as error:
            ls.window_show_message(types.ShowMessageParams(types.MessageType.Warning, f"seal-lsp: {error}"))
            return {"error": error.message, "hint": error.hint, "exit_code": error.exit_code}


def named(arguments: tuple) -> dict:
    """One object as it is; one word is the library."""
    if not arguments or arguments[0] is None:
        return {}
    first = arguments[0]
    if isinstance(first, str):
        return {"library": first}
    if isinstance(first, dict):
        return first
    raise UsageError(f"not a command argument: {first!r}", hint='send {"library": "name@version"}')


async def _learn(ls: SealServer, arguments: dict) -> dict:
    library, root = _library(ls, arguments, learned=False), arguments.get("root")
    reply = await ls.desk.watching.learn(
        library, Path(root) if root else None, reason="command", force=bool(arguments.get("force"))
    )
    if reply.state == "refused":
        raise UsageError(f"{library} is not learned: {reply.reason}")
    ls.desk.announcer.asked(library, reply)
    return asdict(reply)


async def _forget(ls: SealServer, arguments: dict) -> dict:
    client = await ls.desk.link.connected(CONNECT_S)
    reply = await client.forget(_library(ls, arguments))
    ls.desk.link.changed()
    return asdict(reply)


async def _rollback(ls: SealServer, arguments: dict) -> dict:
    client = await ls.desk.link.connected(CONNECT_S)
    reply = await client.rollback(_library(ls, arguments))
    ls.desk.link.changed()
    return asdict(reply)


async def _pause(ls: SealServer, arguments: dict) -> dict:
    return asdict(await (await ls.desk.link.connected(CONNECT_S)).pause())


async def _resume(ls: SealServer, arguments: dict) -> dict:
    return asdict(await (await ls.desk.link.connected(CONNECT_S)).resume())


async def _status(ls: SealServer, arguments: dict) -> dict:
    answer = await ls.desk.status_report()
    if not arguments.get("quiet"):
        problems = [f"{root['root']}: {root['problem']}" for root in answer["workspaces"] if root["problem"]]
        text = "; ".join([answer["message"], *problems])
        ls.window_show_message(types.ShowMessageParams(types.MessageType.Info, f"seal-lsp: {text}"))
    return answer


async def _audit(ls: SealServer, arguments: dict) -> dict:
    if not arguments.get("library"):
        client = await ls.desk.link.connected(CONNECT_S)
        rows = await client.audit(limit=int(arguments.get("limit", 200)))
        return {"rows": list(rows)}
    return await show_learned(ls, _library(ls, arguments))


async def show_learned(ls: SealServer, library: str) -> dict:
    """Open the record of what was learned of a library."""
    detail = asdict(await (await ls.desk.link.connected(CONNECT_S)).learned(library))
    await _show(ls, report(detail), library)
    return detail


async def _libraries(ls: SealServer, arguments: dict) -> dict:
    from seal_lsp.lsp.libraries import listing, rows

    found = rows(ls.desk)
    if not arguments.get("quiet"):
        await _show(ls, listing(found), "libraries")
    return {"libraries": found}


async def _why(ls: SealServer, arguments: dict) -> dict:
    from seal_lsp.lsp.why import tell, why

    answer = await why(ls.desk, str(arguments.get("id", "")))
    if not arguments.get("quiet"):
        ls.desk.background(tell(ls.desk, answer))
    return answer


async def _accepted(ls: SealServer, arguments: dict) -> None:
    ls.desk.feedback.accepted(str(arguments.get("id", "")))


COMMANDS: dict[str, Callable[[Any, dict], Awaitable[Any]]] = {
    "seal.learn": _learn,
    "seal.forget": _forget,
    "seal.rollback": _rollback,
    "seal.pause": _pause,
    "seal.resume": _resume,
    "seal.status": _status,
    "seal.libraries": _libraries,
    "seal.audit": _audit,
    "seal.why": _why,
    "seal.accepted": _accepted,
}


def _library(ls: SealServer, arguments: dict, *, learned: bool = True) -> str:
    from seal_lsp.lsp.libraries import one_of

    return str(one_of(ls.desk, str(arguments.get("library", "")), learned=learned))


async def _show(ls: SealServer, text: str, name: str) -> None:
    """A markdown file in the cache, opened by the client if it can; a message with the first lines if not."""
    from pygls.capabilities import get_capability

    if not get_capability(ls.client_capabilities, "window.show_document.support", False):
        ls.window_show_message(types.ShowMessageParams(types.MessageType.Info, text.split("\n\n## ", 1)[0]))
        return
    file = ls.desk.paths.cache / "shown" / f"{name}.md"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    ls.desk.background(ls.window_show_document_async(types.ShowDocumentParams(uri=file.as_uri(), take_focus=True)))


def report(detail: dict) -> str:
    """What was learned, as markdown."""
    import json

    lines = [
        f"# What was learned of {detail['library']}",
        f"Adapter `{detail['adapter'] or 'none'}`, {detail['learned_at'] or 'never'}.",
    ]
    for title, key in (("Self-edits", "self_edits"), ("Training", "train"), ("Gate", "gate")):
        lines.append(f"## {title}\n\n```json\n{json.dumps(detail[key], indent=2, ensure_ascii=False)}\n```")
    by_symbol = sorted(detail["snippets_by_symbol"].items(), key=lambda item: (-item[1], item[0]))
    if by_symbol:
        lines.append("## Snippets by name\n\n" + "\n".join(f"- `{name}`: {count}" for name, count in by_symbol))
    return "\n\n".join(lines) + "\n"
