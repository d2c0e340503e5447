"""Transports: stdio, TCP, WebSocket. Knows how bytes come and go, and nothing of LSP's methods.

Imports nothing heavy: this is on the way from process start to the answer of `initialize`.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import BinaryIO

from seal_lsp.core.errors import UsageError

log = logging.getLogger(__name__)


def serve(transport: str, host: str, port: int) -> None:
    """Run until the client is gone, then end the process with LSP's exit code (1 after `exit` without `shutdown`)."""
    if transport not in ("stdio", "tcp", "ws"):
        raise UsageError(f"no such transport: {transport!r}", hint="use stdio, tcp or ws")
    streams = _private_stdio() if transport == "stdio" else None  # before any import that might print
    from seal_lsp.lsp.server import create_server

    server = create_server()
    code: int | None = None
    try:
        if streams is not None:
            server.start_io(*streams)
        elif transport == "tcp":
            server.start_tcp(host, port)
        else:
            _require_websockets()
            server.start_ws(host, port)
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
    finally:
        server.desk.close()
    if code is None:
        code = 0 if server.protocol._shutdown else 1
    logging.shutdown()
    sys.stderr.flush()
    os._exit(code)  # a thread that waits for stdin must not keep an editor's dead server alive


def _private_stdio() -> tuple[BinaryIO, BinaryIO]:
    """The protocol's own descriptors. What anybody prints goes to stderr; nobody else can read the client's bytes."""
    stdin, stdout = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return os.fdopen(stdin, "rb"), os.fdopen(stdout, "wb")


def _require_websockets() -> None:
    try:
        import websockets  # noqa: F401
    except ImportError as error:
        raise UsageError("--ws needs the websockets package", hint="pip install websockets") from error
