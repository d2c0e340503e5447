"""textDocument/completion and completionItem/resolve."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from seal_lsp.lsp.features.hover import as_plain_text

if TYPE_CHECKING:
    from seal_lsp.assist.facts import Member
    from seal_lsp.assist.menu import Menu
    from seal_lsp.lsp.documents import Snapshot
    from seal_lsp.lsp.server import SealServer

METHOD = types.TEXT_DOCUMENT_COMPLETION
OPTIONS = types.CompletionOptions(trigger_characters=[".", "(", ",", " "], resolve_provider=True)
KINDS = {
    "module": types.CompletionItemKind.Module,
    "class": types.CompletionItemKind.Class,
    "function": types.CompletionItemKind.Function,
    "method": types.CompletionItemKind.Method,
    "property": types.CompletionItemKind.Property,
    "attribute": types.CompletionItemKind.Variable,
    "keyword": types.CompletionItemKind.Field,
}
NOTHING_YET = types.CompletionList(is_incomplete=True, items=[])


def register(server: SealServer) -> None:
    @server.feature(METHOD, OPTIONS)
    async def completion(ls: SealServer, params: types.CompletionParams) -> types.CompletionList | None:
        desk = ls.desk
        if not await desk.ready():
            return None
        return await desk.newest(METHOD, params.text_document.uri, _complete(ls, params))

    @server.feature(types.COMPLETION_ITEM_RESOLVE)
    async def resolve(ls: SealServer, item: types.CompletionItem) -> types.CompletionItem:
        data: Any = item.data
        if isinstance(data, dict) and await ls.desk.ready():
            name, library, root = (str(data.get(key, "")) for key in ("qualname", "library", "root"))
            found = await ls.desk.analysis.describe(name, library, Path(root)) if library else None
            documentation = ls.desk.hovers.describe(found) if found else ""
            if documentation:
                item.documentation = _documentation(ls, documentation)
        return item


async def _complete(ls: SealServer, params: types.CompletionParams) -> types.CompletionList | None:
    desk = ls.desk
    document = desk.snapshot(params.text_document.uri)
    if document is None or not desk.settings_of(document).completion.enabled:
        return None
    if not desk.answerable(document) or _stray_blank(document, params):
        return None
    offset = document.offset(params.position)
    place = await desk.analysis.place(document.path)
    model = await desk.may_send(document)
    context = await desk.foreword.before(document, offset) if model else ""
    menu = await desk.menus.menu(document.text, offset, place, model=model, context=context)
    if menu is None:
        return None
    now = desk.snapshot(params.text_document.uri)
    if now is None or now.text[: menu.facts.start] != document.text[: menu.facts.start]:
        return NOTHING_YET  # the text before the name changed meanwhile: the client asks again
    range_ = document.range(menu.facts.start, offset)
    items = [_item(member, i, range_, menu, place.root) for i, member in enumerate(menu.members)]
    return types.CompletionList(is_incomplete=menu.coming, items=items)


def _stray_blank(document: Snapshot, params: types.CompletionParams) -> bool:
    """A blank opens the menu only after import, from and a comma, where a name is due."""
    context = params.context
    if context is None or context.trigger_character != " ":
        return False
    position = params.position
    line = document.text[document.offset(types.Position(position.line, 0)) : document.offset(position)].rstrip()
    return not line.endswith(("import", "from", ",", "("))


def _item(member: Member, place: int, range_: types.Range, menu: Menu, root: str) -> types.CompletionItem:
    keyword = member.kind == "keyword"
    text = f"{member.name}=" if keyword else member.name
    return types.CompletionItem(
        label=text,
        kind=KINDS.get(member.kind, types.CompletionItemKind.Variable),
        detail=member.signature or member.qualname or None,
        sort_text=f"{place:05d}",
        filter_text=member.name,
        text_edit=types.TextEdit(range=range_, new_text=text),
        deprecated=True if member.deprecated else None,
        tags=[types.CompletionItemTag.Deprecated] if member.deprecated else None,
        preselect=True if place == 0 and menu.ranked else None,
        label_details=types.CompletionItemLabelDetails(description=member.library) if member.library else None,
        data={"qualname": member.qualname, "library": member.library, "root": root},
    )


def _documentation(ls: SealServer, markdown: str) -> types.MarkupContent:
    from pygls.capabilities import get_capability

    where = "text_document.completion.completion_item.documentation_format"
    formats = get_capability(ls.client_capabilities, where, None)
    if formats is not None and types.MarkupKind.Markdown not in formats:
        return types.MarkupContent(types.MarkupKind.PlainText, as_plain_text(markdown))
    return types.MarkupContent(types.MarkupKind.Markdown, markdown)
