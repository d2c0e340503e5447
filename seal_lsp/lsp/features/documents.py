"""didOpen, didChange, didSave, didClose, for documents and notebooks: pygls keeps the text; `watching`, `feedback` and
`foreword` are told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

if TYPE_CHECKING:
    from seal_lsp.lsp.server import SealServer


def register(server: SealServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    async def opened(ls: SealServer, params: types.DidOpenTextDocumentParams) -> None:
        if await ls.desk.ready():
            ls.desk.foreword.touched(params.text_document.uri)
            await ls.desk.watching.opened(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    async def changed(ls: SealServer, params: types.DidChangeTextDocumentParams) -> None:
        if ls.desk.built:
            ls.desk.foreword.touched(params.text_document.uri)
            ls.desk.watching.changed(params.text_document.uri)
            ls.desk.feedback.changed(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    async def saved(ls: SealServer, params: types.DidSaveTextDocumentParams) -> None:
        if await ls.desk.ready():
            ls.desk.watching.saved(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    async def closed(ls: SealServer, params: types.DidCloseTextDocumentParams) -> None:
        if ls.desk.built:
            ls.desk.foreword.closed(params.text_document.uri)
            ls.desk.watching.closed(params.text_document.uri)
            ls.desk.feedback.closed(params.text_document.uri)

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_OPEN)
    async def notebook_opened(ls: SealServer, params: types.DidOpenNotebookDocumentParams) -> None:
        if await ls.desk.ready():
            for cell in params.cell_text_documents:
                await ls.desk.watching.opened(cell.uri)

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_CHANGE)
    async def notebook_changed(ls: SealServer, params: types.DidChangeNotebookDocumentParams) -> None:
        if ls.desk.built:
            ls.desk.watching.changed(params.notebook_document.uri)

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_SAVE)
    async def notebook_saved(ls: SealServer, params: types.DidSaveNotebookDocumentParams) -> None:
        if await ls.desk.ready():
            ls.desk.watching.saved(params.notebook_document.uri)

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_CLOSE)
    async def notebook_closed(ls: SealServer, params: types.DidCloseNotebookDocumentParams) -> None:
        if ls.desk.built:
            ls.desk.watching.closed(params.notebook_document.uri)
