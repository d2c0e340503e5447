"""A client that speaks JSON-RPC by hand: it can be rude (bad parameters, no shutdown) and hears every byte."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

SERVER = (sys.executable, "-m", "seal_lsp.cli.entry", "--stdio")
TIMEOUT_S = 60.0


class RawClient:
    """`heard` is every notification and request of the server; `answers` are handlers for its requests by method."""

    def __init__(self, reader: asyncio.StreamReader, writer: Any, process: asyncio.subprocess.Process | None) -> None:
        self._reader, self._writer, self.process = reader, writer, process
        self._waiting: dict[int, asyncio.Future] = {}
        self._next = 0
        self._news = asyncio.Event()
        self.heard: list[dict] = []
        self.stray: list[bytes] = []
        self.answers: dict[str, Callable[[Any], Any]] = {"window/showDocument": lambda params: {"success": True}}
        self._task = asyncio.create_task(self._listen())

    @classmethod
    async def start(cls, folder: Path, environ: Mapping[str, str], command: tuple = SERVER) -> RawClient:
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *command, stdin=pipe, stdout=pipe, cwd=folder, env=dict(environ), limit=2**26
        )
        return cls(process.stdout, process.stdin, process)

    def send(self, message: Mapping[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._writer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def notify(self, method: str, params: Any = None) -> None:
        self.send({"method": method, "params": params if params is not None else {}})

    def begin(self, method: str, params: Any = None) -> tuple[int, asyncio.Future]:
        """(id, the answer to come: {"result"} or {"error"})."""
        self._next += 1
        future = self._waiting[self._next] = asyncio.get_running_loop().create_future()
        self.send({"id": self._next, "method": method, "params": params})
        return self._next, future

    async def ask(self, method: str, params: Any = None) -> Any:
        """The result; an error fails the test."""
        answer = await asyncio.wait_for(self.begin(method, params)[1], TIMEOUT_S)
        assert "error" not in answer, (method, answer["error"])
        return answer["result"]

    async def initialize(self, folder: Path | None, capabilities: Mapping, **more: Any) -> dict:
        params = {
            "processId": None,
            "rootUri": folder.as_uri() if folder else None,
            "capabilities": capabilities,
            **more,
        }
        result = await self.ask("initialize", params)
        self.notify("initialized")
        return result

    def open(self, path: Path | str, text: str, version: int = 1, language: str = "python") -> str:
        uri = path if isinstance(path, str) else path.as_uri()
        item = {"uri": uri, "languageId": language, "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})
        return uri

    def change(self, uri: str, version: int, *changes: Mapping) -> None:
        params = {"textDocument": {"uri": uri, "version": version}, "contentChanges": list(changes)}
        self.notify("textDocument/didChange", params)

    async def until(self, holds: Callable[[dict], object], *, since: int = 0) -> dict:
        """The first message heard, from `since` on, for which `holds` is true."""
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                for message in self.heard[since:]:
                    if holds(message):
                        return message
                self._news.clear()
                await self._news.wait()

    async def close(self) -> int:
        """Shut down politely; the exit code."""
        await self.ask("shutdown")
        self.notify("exit")
        return await self.gone()

    async def gone(self) -> int:
        assert self.process is not None
        try:
            return await asyncio.wait_for(self.process.wait(), TIMEOUT_S)
        finally:
            self._task.cancel()

    async def kill(self) -> None:
        self._task.cancel()
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    async def _listen(self) -> None:
        while True:
            length = None
            while (line := await self._reader.readline()).strip():
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
                elif name.lower() != b"content-type":
                    self.stray.append(line)
            if length is None:
                for future in self._waiting.values():
                    if not future.done():
                        future.set_exception(EOFError("the server is gone"))
                return
            self._take(json.loads(await self._reader.readexactly(length)))

    def _take(self, message: dict) -> None:
        if "method" not in message:
            future = self._waiting.pop(message["id"])
            if not future.done():
                future.set_result(message)
            return
        self.heard.append(message)
        self._news.set()
        if "id" in message:
            answer = self.answers.get(message["method"], lambda params: None)(message.get("params"))
            self.send({"id": message["id"], "result": answer})
