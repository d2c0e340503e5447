"""Builds the language server: which features exist, and the first and last messages of a session.

Nothing slow is imported or done before `initialize` is answered; `Desk` starts its parts after `initialized`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol

from seal_lsp.lsp.desk import Desk
from seal_lsp.lsp.documents import PYTHON, Documents
from seal_lsp.lsp.features import (
    code_action,
    completion,
    documents,
    execute_command,
    hover,
    inline_completion,
    workspace,
)

log = logging.getLogger(__name__)

FEATURES = (completion, inline_completion, hover, code_action, execute_command, documents, workspace)
NOTEBOOKS = types.NotebookDocumentSyncOptions(
    notebook_selector=[
        types.NotebookDocumentFilterWithCells(
            notebook="jupyter-notebook", cells=[types.NotebookCellLanguage(language=PYTHON)]
        )
    ]
)


class Protocol(LanguageServerProtocol):
    """pygls's, with an answer for requests, and an end for our own, whose content makes no sense (pygls only logs), and
    without keeping what it did for every notification (2.5 kB a key)."""

    def structure_message(self, data: dict[str, Any]) -> Any:
        try:
            return super().structure_message(data)
        except JsonRpcException as error:
            number = data.get("id")
            if "method" in data and number is not None:
                self._send_response(number, error=JsonRpcInvalidParams(str(error)).to_response_error())
            elif number in self._request_futures:
                self._request_futures.pop(number).set_exception(error)
            raise

    def _execute_handler(self, msg_id, handler, callback, args=None, kwargs=None) -> None:
        super()._execute_handler(msg_id, handler, callback, args, kwargs)
        kept = self._request_futures
        if msg_id not in kept:
            return
        loop = asyncio.get_running_loop()

        def over(_: object) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(kept.pop, msg_id, None)  # not now: shutting down iterates over them

        kept[msg_id].add_done_callback(over)


class SealServer(LanguageServer):
    """One editor window. `desk` is everything that window has."""

    desk: Desk

    def report_server_error(self, error: Exception, source: Any) -> None:
        log.error("%s: %s", getattr(source, "__name__", source), error)


def create_server() -> SealServer:
    server = SealServer(
        "seal-lsp",
        _version(),
        text_document_sync_kind=types.TextDocumentSyncKind.Incremental,
        notebook_document_sync=NOTEBOOKS,
        protocol_cls=Protocol,
        max_workers=2,
    )
    server.desk = Desk(server)
    _session(server)
    for feature in FEATURES:
        feature.register(server)
    return server


def _session(server: SealServer) -> None:
    @server.feature(types.INITIALIZE)
    def initialize(ls: SealServer, params: types.InitializeParams) -> None:
        pygls_workspace = ls.protocol.workspace
        ls.protocol._workspace = Documents(
            pygls_workspace.root_uri,
            types.TextDocumentSyncKind.Incremental,
            params.workspace_folders or [],
            pygls_workspace.position_encoding,
        )
        ls.desk.initialize(params)

    @server.feature(types.INITIALIZED)
    async def initialized(ls: SealServer, params: types.InitializedParams) -> None:
        await ls.desk.start()

    @server.feature(types.SHUTDOWN)
    async def shutdown(ls: SealServer, params: None) -> None:
        await ls.desk.stop()


def _version() -> str:
    try:
        return version("seal-lsp")
    except PackageNotFoundError:
        return "0"
