"""An editor without a screen: starts `seal-lsp` over stdio and talks LSP to it, for `complete`, `hover` and the demo.

It declares what a real editor declares and sees only what an editor sees. It knows nothing of the engine.
"""

from __future__ import annotations

import asyncio
import os
import sys
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lsprotocol import types as t
from pygls.exceptions import JsonRpcException
from pygls.lsp.client import LanguageClient

from seal_lsp.core.errors import SealError

SERVER = (sys.executable, "-m", "seal_lsp.cli.entry", "--stdio")
START_TIMEOUT_S = 30.0
REQUEST_TIMEOUT_S = 30.0


class ServerGone(SealError):
    """The server ended in the middle of a conversation."""


class Editor(LanguageClient):
    """One window, whose requests may take `patience_s`. `statuses` are the `seal/status` notifications, `progress` the
    `$/progress` values, oldest first; `on_progress` and `on_status` are told of each as it comes."""

    def __init__(
        self, *, configuration: Mapping[str, Any] | None = None, patience_s: float = REQUEST_TIMEOUT_S
    ) -> None:
        super().__init__("seal-lsp-cli", "1")
        self.configuration = dict(configuration or {})
        self._patience_s = patience_s
        self.statuses: list[dict[str, Any]] = []
        self.progress: list[tuple[int | str, dict[str, Any]]] = []
        self.messages: list[str] = []
        self.on_progress: Callable[[int | str, dict[str, Any]], None] | None = None
        self.on_status: Callable[[dict[str, Any]], None] | None = None
        self.capabilities: t.ServerCapabilities | None = None
        self._stderr: deque[str] = deque(maxlen=20)
        self._versions: dict[str, int] = {}
        self._register()

    # -- the life of a window

    async def open_window(self, folder: Path, *, environ: Mapping[str, str] | None = None) -> t.InitializeResult:
        """Start the server and shake hands. Raises ServerGone when it ends instead of answering."""
        await self.start_io(*SERVER, env={**os.environ, **(environ or {})}, cwd=str(folder))
        assert self._server is not None
        self._async_tasks.append(asyncio.create_task(self._read_stderr(self._server)))
        params = t.InitializeParams(
            process_id=os.getpid(),
            client_info=t.ClientInfo(name="seal-lsp-cli", version="1"),
            root_uri=folder.as_uri(),
            workspace_folders=[t.WorkspaceFolder(uri=folder.as_uri(), name=folder.name)],
            initialization_options=self.configuration,
            capabilities=CAPABILITIES,
        )
        result = await self._answer(self.initialize_async(params), START_TIMEOUT_S)
        self.capabilities = result.capabilities
        self.initialized(t.InitializedParams())
        return result

    async def close_window(self) -> None:
        """Shut the server down as the protocol says; end it when it does not obey."""
        server = self._server
        try:
            if server is not None and server.returncode is None:
                await asyncio.wait_for(self.shutdown_async(None), 10)
                self.exit(None)
                await asyncio.wait_for(server.wait(), 10)
        except (TimeoutError, RuntimeError, OSError):
            if server is not None and server.returncode is None:
                server.kill()
                await server.wait()
        finally:
            self._stop_event.set()
            for task in self._async_tasks:
                task.cancel()
            await asyncio.gather(*self._async_tasks, return_exceptions=True)

    @property
    def server_pid(self) -> int:
        assert self._server is not None
        return self._server.pid

    # -- what a window does

    def open_file(self, path: Path, text: str, language: str = "python") -> str:
        uri = path.as_uri()
        self._versions[uri] = 1
        item = t.TextDocumentItem(uri=uri, language_id=language, version=1, text=text)
        self.text_document_did_open(t.DidOpenTextDocumentParams(text_document=item))
        return uri

    def replace(self, uri: str, text: str) -> None:
        """The whole text anew, as an undo or a formatter does it."""
        self._versions[uri] += 1
        self.text_document_did_change(
            t.DidChangeTextDocumentParams(
                text_document=t.VersionedTextDocumentIdentifier(uri=uri, version=self._versions[uri]),
                content_changes=[t.TextDocumentContentChangeWholeDocument(text=text)],
            )
        )

    def insert(self, uri: str, line: int, character: int, text: str) -> None:
        """A key, as editors send it: what was put where."""
        self._versions[uri] += 1
        place = t.Position(line=line, character=character)
        self.text_document_did_change(
            t.DidChangeTextDocumentParams(
                text_document=t.VersionedTextDocumentIdentifier(uri=uri, version=self._versions[uri]),
                content_changes=[t.TextDocumentContentChangePartial(range=t.Range(start=place, end=place), text=text)],
            )
        )

    def close_file(self, uri: str) -> None:
        identifier = t.TextDocumentIdentifier(uri=uri)
        self.text_document_did_close(t.DidCloseTextDocumentParams(text_document=identifier))
        del self._versions[uri]

    async def complete(self, uri: str, line: int, character: int) -> t.CompletionList:
        params = t.CompletionParams(
            text_document=t.TextDocumentIdentifier(uri=uri),
            position=t.Position(line=line, character=character),
            context=t.CompletionContext(trigger_kind=t.CompletionTriggerKind.Invoked),
        )
        answer = await self._answer(self.text_document_completion_async(params))
        if isinstance(answer, t.CompletionList):
            return answer
        return t.CompletionList(is_incomplete=False, items=list(answer or ()))

    async def complete_inline(
        self, uri: str, line: int, character: int, *, invoked: bool = True
    ) -> list[t.InlineCompletionItem]:
        """Asked for by the user (several are then shown), or by itself while typing."""
        asked, _ = self.ask_inline(uri, line, character, invoked=invoked)
        return await self._answer(asked)

    def ask_inline(
        self, uri: str, line: int, character: int, *, invoked: bool = False
    ) -> tuple[asyncio.Task[list[t.InlineCompletionItem]], str]:
        """(what is awaited, the request's id for `withdraw`)."""
        kind = t.InlineCompletionTriggerKind.Invoked if invoked else t.InlineCompletionTriggerKind.Automatic
        params = t.InlineCompletionParams(
            text_document=t.TextDocumentIdentifier(uri=uri),
            position=t.Position(line=line, character=character),
            context=t.InlineCompletionContext(trigger_kind=kind),
        )
        number = str(uuid.uuid4())

        async def items() -> list[t.InlineCompletionItem]:
            answer = await self.protocol.send_request_async(t.TEXT_DOCUMENT_INLINE_COMPLETION, params, msg_id=number)
            return list(answer.items) if isinstance(answer, t.InlineCompletionList) else list(answer or ())

        return asyncio.ensure_future(items()), number

    def withdraw(self, request: str) -> None:
        """Nobody waits for that answer any more."""
        self.cancel_request(t.CancelParams(id=request))

    async def hover(self, uri: str, line: int, character: int) -> str:
        """Markdown; empty when there is nothing to say."""
        params = t.HoverParams(
            text_document=t.TextDocumentIdentifier(uri=uri), position=t.Position(line=line, character=character)
        )
        answer = await self._answer(self.text_document_hover_async(params))
        contents = getattr(answer, "contents", None)
        if contents is None:
            return ""
        return contents.value if hasattr(contents, "value") else str(contents)

    async def command(self, name: str, *arguments: Any) -> Any:
        params = t.ExecuteCommandParams(command=name, arguments=list(arguments))
        return as_plain(await self._answer(self.workspace_execute_command_async(params)))

    # -- inside

    async def _answer(self, request: Any, timeout_s: float | None = None) -> Any:
        timeout_s = self._patience_s if timeout_s is None else timeout_s
        try:
            return await asyncio.wait_for(request, timeout_s)
        except TimeoutError:
            raise ServerGone(f"the server did not answer within {timeout_s:.0f} s", hint=self._last_words()) from None
        except JsonRpcException as error:
            raise SealError(f"the server refused: {error}", hint=self._last_words()) from None
        except RuntimeError as error:  # pygls: the process ended, the client was stopped
            raise ServerGone(f"the server ended: {error}", hint=self._last_words()) from None

    def _last_words(self) -> str:
        return "its last words: " + " | ".join(self._stderr) if self._stderr else "it said nothing on stderr"

    async def _read_stderr(self, server: asyncio.subprocess.Process) -> None:
        assert server.stderr is not None
        while line := await server.stderr.readline():
            self._stderr.append(line.decode("utf-8", "replace").rstrip())

    def _register(self) -> None:
        @self.feature("seal/status")
        def _(params: Any) -> None:
            status = as_plain(params)
            self.statuses.append(status)
            if self.on_status:
                self.on_status(status)

        @self.feature(t.PROGRESS)
        def _(params: t.ProgressParams) -> None:
            value = as_plain(params.value)
            self.progress.append((params.token, value))
            if self.on_progress:
                self.on_progress(params.token, value)

        @self.feature(t.WINDOW_WORK_DONE_PROGRESS_CREATE)
        def _(params: t.WorkDoneProgressCreateParams) -> None:
            return None

        @self.feature(t.WORKSPACE_CONFIGURATION)
        def _(params: t.ConfigurationParams) -> list[Any]:
            return [self.configuration if item.section in (None, "", "seal") else None for item in params.items]

        @self.feature(t.CLIENT_REGISTER_CAPABILITY)
        def _(params: t.RegistrationParams) -> None:
            return None

        @self.feature(t.WINDOW_SHOW_MESSAGE)
        def _(params: t.ShowMessageParams) -> None:
            self.messages.append(params.message)

        @self.feature(t.WINDOW_SHOW_MESSAGE_REQUEST)
        def _(params: t.ShowMessageRequestParams) -> None:
            self.messages.append(params.message)

        @self.feature(t.WINDOW_LOG_MESSAGE)
        def _(params: t.LogMessageParams) -> None:
            self.messages.append(params.message)


def as_plain(value: Any) -> Any:
    """pygls hands unknown payloads over as namedtuples, known ones as attrs classes: JSON's own types are handier."""
    if hasattr(value, "_asdict"):
        value = value._asdict()
    elif hasattr(type(value), "__attrs_attrs__"):
        value = {field.name: getattr(value, field.name) for field in type(value).__attrs_attrs__}
    if isinstance(value, Mapping):
        return {str(k): as_plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_plain(v) for v in value]
    return value


_MARKUP = [t.MarkupKind.Markdown, t.MarkupKind.PlainText]
CAPABILITIES = t.ClientCapabilities(
    general=t.GeneralClientCapabilities(position_encodings=[t.PositionEncodingKind.Utf16]),
    window=t.WindowClientCapabilities(work_done_progress=True),
    workspace=t.WorkspaceClientCapabilities(
        configuration=True,
        workspace_folders=True,
        execute_command=t.ExecuteCommandClientCapabilities(dynamic_registration=False),
        did_change_configuration=t.DidChangeConfigurationClientCapabilities(dynamic_registration=False),
    ),
    text_document=t.TextDocumentClientCapabilities(
        synchronization=t.TextDocumentSyncClientCapabilities(did_save=True),
        completion=t.CompletionClientCapabilities(
            context_support=True,
            completion_item=t.ClientCompletionItemOptions(
                snippet_support=False,
                documentation_format=_MARKUP,
                label_details_support=True,
                deprecated_support=True,
                resolve_support=t.ClientCompletionItemResolveOptions(properties=["documentation", "detail"]),
            ),
        ),
        hover=t.HoverClientCapabilities(content_format=_MARKUP),
        inline_completion=t.InlineCompletionClientCapabilities(dynamic_registration=False),
        code_action=t.CodeActionClientCapabilities(
            code_action_literal_support=t.ClientCodeActionLiteralOptions(
                code_action_kind=t.ClientCodeActionKindOptions(value_set=[""])
            )
        ),
    ),
)
