"""textDocument/inlineCompletion (LSP 3.18), and what editors tell about a shown suggestion.

Superseded requests are answered with null (the newer answer replaces them), nothing to suggest with an empty list.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lsprotocol import types

if TYPE_CHECKING:
    from seal_lsp.assist.inline import Ask, Suggestion
    from seal_lsp.lsp.documents import Snapshot
    from seal_lsp.lsp.server import SealServer

METHOD = types.TEXT_DOCUMENT_INLINE_COMPLETION
# an empty options object is nil to lsp-mode, which then thinks that there is no such feature
OPTIONS = types.InlineCompletionOptions(work_done_progress=False)
ACCEPTED = "seal.accepted"
COPILOT = ("textDocument/didShowCompletion", "textDocument/didPartiallyAcceptCompletion")


def register(server: SealServer) -> None:
    @server.feature(METHOD, OPTIONS)
    async def inline(ls: SealServer, params: types.InlineCompletionParams) -> types.InlineCompletionList | None:
        desk = ls.desk
        if not await desk.ready():
            return types.InlineCompletionList(items=[])
        return await desk.newest(METHOD, params.text_document.uri, _inline(ls, params))

    for method in COPILOT:

        @server.feature(method)
        async def shown(ls: SealServer, params: Any, method: str = method) -> None:
            if ls.desk.built:
                ls.desk.feedback.told(method.rpartition("/")[2], params)


async def _inline(ls: SealServer, params: types.InlineCompletionParams) -> types.InlineCompletionList | None:
    desk = ls.desk
    nothing = types.InlineCompletionList(items=[])
    document = desk.snapshot(params.text_document.uri)
    if document is None or not desk.settings_of(document).inline.enabled:
        return nothing
    if not desk.answerable(document) or not await desk.may_send(document):
        return nothing
    invoked = params.context.trigger_kind == types.InlineCompletionTriggerKind.Invoked
    ask = await _ask(ls, params, document, invoked)
    most_s = 0.0
    if not invoked:
        desk.inline.rhythm.key()
        most_s = desk.settings_of(document).inline.debounce_ms / 1000
    found = desk.inline.remembered(ask)
    if not found:
        ask = replace(ask, context=await desk.foreword.before(document, ask.offset))
        found = await desk.inline.suggest(ask, pause_s=desk.inline.rhythm.pause_s(most_s))
    now = desk.snapshot(params.text_document.uri)
    if now is None or now.version != document.version:
        return None  # the text moved on; the request for the newer text brings the answer
    if found:
        desk.feedback.shown(document, found[0])
    sent = found if invoked else found[:1]
    desk.shown.add(sent)
    items = [_item(document, suggestion) for suggestion in sent]
    return types.InlineCompletionList(items=items)


async def _ask(ls: SealServer, params: types.InlineCompletionParams, document: Snapshot, invoked: bool) -> Ask:
    from seal_lsp.assist.inline import Ask

    selected = None
    info = params.context.selected_completion_info
    if info is not None:
        start, end = document.offset(info.range.start), document.offset(info.range.end)
        selected = (start, end, info.text)
    return Ask(
        document=document.uri,
        text=document.text,
        offset=document.offset(params.position),
        place=await ls.desk.analysis.place(document.path),
        selected=selected,
        invoked=invoked,
    )


def _facts(document: Snapshot, suggestion: Suggestion) -> dict[str, str | float]:
    """What accepting it says, and what a client may show of it."""
    return {
        "id": suggestion.id,
        "uri": document.uri,
        "adapter": suggestion.adapter,
        "confidence": round(suggestion.confidence, 4),
        "from": "memory" if suggestion.remembered else "model",
    }


def _item(document: Snapshot, suggestion: Suggestion) -> types.InlineCompletionItem:
    range_ = document.range(suggestion.start, suggestion.end)
    return types.InlineCompletionItem(
        insert_text=suggestion.text,
        filter_text=suggestion.text,
        range=range_,
        command=types.Command(title="Accepted", command=ACCEPTED, arguments=[_facts(document, suggestion)]),
    )
