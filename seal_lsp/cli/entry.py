"""The `seal-lsp` command's first lines: choose the fast way to the server, or the command line.

Editors start `seal-lsp` on every window, so the way from here to the server imports neither typer nor rich, and nothing
here may import torch. Everything that is not the bare server goes to `cli/app.py`.
"""

from __future__ import annotations

import sys

TRANSPORTS = ("stdio", "tcp", "ws")
DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 2087


def server_arguments(arguments: list[str]) -> tuple[str, str, int] | None:
    """(transport, host, port) when the words ask for the bare server and nothing else; None sends them to typer,
    which knows how to complain."""
    transport, host, port = "stdio", DEFAULT_HOST, DEFAULT_PORT
    words = iter(arguments)
    for word in words:
        if word in ("--stdio", "--tcp", "--ws"):
            transport = word[2:]
            continue
        name, joined, value = word.partition("=")
        if name not in ("--host", "--port"):
            return None
        value = value if joined else next(words, "")
        if name == "--host" and value:
            host = value
        elif name == "--port" and value.isdecimal() and int(value) < 65536:
            port = int(value)
        else:
            return None
    return transport, host, port


def main(arguments: list[str] | None = None) -> None:
    arguments = sys.argv[1:] if arguments is None else arguments
    server = server_arguments(arguments)
    if server is None:
        from seal_lsp.cli.app import run

        sys.exit(run(arguments))
    if not arguments and sys.stdin is not None and sys.stdin.isatty():
        print("seal-lsp speaks LSP on stdin and stdout; an editor starts it. Try: seal-lsp --help", file=sys.stderr)
    from seal_lsp.cli.serve import start

    sys.exit(start(*server))


if __name__ == "__main__":
    main()
