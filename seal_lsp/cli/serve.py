"""`seal-lsp serve`, and the bare `seal-lsp` that editors start. Knows transports and logging; the server is lsp/'s.

Imports stay light: this file is on the way from process start to the answer of `initialize`.
"""

from __future__ import annotations

import os
import sys

from seal_lsp.core.errors import SealError


def start(transport: str, host: str, port: int) -> int:
    """Serve until the editor is gone; returns the exit code."""
    from seal_lsp.cli.logs import configure

    os.environ["PYTHONSAFEPATH"] = "1"  # the workers' too: a user's types.py in the working folder is none of ours
    configure("server")
    from seal_lsp.lsp.serve import serve

    try:
        serve(transport, host, port)
    except SealError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0
