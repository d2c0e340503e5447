"""workspace/didChangeWorkspaceFolders, didChangeConfiguration and didChangeWatchedFiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

if TYPE_CHECKING:
    from seal_lsp.lsp.server import SealServer


def register(server: SealServer) -> None:
    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    async def folders(ls: SealServer, params: types.DidChangeWorkspaceFoldersParams) -> None:
        if await ls.desk.ready():
            ls.desk.analysis.roots = ls.desk.roots()
            await ls.desk.configuration.folders_changed()
            ls.desk.watching.folders_changed()

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def configuration(ls: SealServer, params: types.DidChangeConfigurationParams) -> None:
        ls.desk.configuration.push(params.settings)
        if await ls.desk.ready():
            await ls.desk.configuration.changed()

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    async def files(ls: SealServer, params: types.DidChangeWatchedFilesParams) -> None:
        if await ls.desk.ready():
            ls.desk.watching.files_changed([change.uri for change in params.changes])
