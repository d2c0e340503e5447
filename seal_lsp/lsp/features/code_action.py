"""textDocument/codeAction: learn, forget or show a library where it is imported or used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

if TYPE_CHECKING:
    from seal_lsp.lsp.server import SealServer

OPTIONS = types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.Source])


def register(server: SealServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, OPTIONS)
    async def code_action(ls: SealServer, params: types.CodeActionParams) -> list[types.CodeAction] | None:
        desk = ls.desk
        if not await desk.ready():
            return None
        document = desk.snapshot(params.text_document.uri)
        if document is None or not _wanted(params.context.only) or not desk.answerable(document):
            return None
        place = await desk.analysis.place(document.path)
        start, end = document.offset(params.range.start), document.offset(params.range.end)
        found = await desk.analysis.libraries_at(document.text, start, end, place)
        actions: list[types.CodeAction] = []
        for library in dict.fromkeys(at.library for at in found):
            learned = desk.link.learned(library)
            actions += library_actions(library, place.root, bool(learned and learned.adapter))
        return actions


def library_actions(library: str, root: str, learned: bool) -> list[types.CodeAction]:
    shown = library.replace("@", " ")
    arguments = [{"library": library, "root": root}]
    if not learned:
        return [_action(f"Learn {shown}", "seal.learn", arguments)]
    return [
        _action(f"Show what was learned of {shown}", "seal.audit", arguments),
        _action(f"Forget {shown}", "seal.forget", arguments),
        _action(f"Learn {shown} again", "seal.learn", [{**arguments[0], "force": True}]),
    ]


def _action(title: str, command: str, arguments: list) -> types.CodeAction:
    return types.CodeAction(
        title=title, kind=types.CodeActionKind.Source, command=types.Command(title, command, arguments=arguments)
    )


def _wanted(only: list | None) -> bool:
    return not only or any(str(getattr(kind, "value", kind)) in ("", "source", "quickfix") for kind in only)
