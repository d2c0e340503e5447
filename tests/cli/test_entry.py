"""The first lines of the command: what goes the fast way, and what it must not import."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from seal_lsp.cli.entry import DEFAULT_HOST, DEFAULT_PORT, server_arguments

STDIO = ("stdio", DEFAULT_HOST, DEFAULT_PORT)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", STDIO),
        ("--stdio", STDIO),
        ("--tcp", ("tcp", DEFAULT_HOST, DEFAULT_PORT)),
        ("--ws --host 0.0.0.0 --port 9", ("ws", "0.0.0.0", 9)),
        ("--tcp --port=0 --host=::1", ("tcp", "::1", 0)),
        ("--port 65536", None),
        ("--port x", None),
        ("--port", None),
        ("--host", None),
        ("--help", None),
        ("serve", None),
        ("--tcp learn", None),
        ("--stdio=1", None),
    ],
)
def test_only_the_bare_server_goes_the_fast_way(words: str, expected: tuple | None) -> None:
    assert server_arguments(words.split()) == expected


def _frame(message: dict) -> bytes:
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


def test_a_whole_session_imports_neither_torch_nor_typer_nor_rich(home) -> None:
    """initialize, shutdown, exit on a real server process; every import it makes is on its stderr."""
    messages = (
        _frame({"id": 1, "method": "initialize", "params": {"capabilities": {}, "processId": None, "rootUri": None}})
        + _frame({"id": 2, "method": "shutdown"})
        + _frame({"method": "exit"})
    )
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "seal_lsp.cli.entry", "--stdio"],
        input=messages, capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert b'"capabilities"' in done.stdout
    imported = set(re.findall(rb"\|\s+([\w.]+)\s*$", done.stderr, re.MULTILINE))
    assert b"pygls" in imported, "the import log was not read rightly"
    heavy = {name.decode() for name in imported} & {"torch", "transformers", "peft", "typer", "rich", "numpy", "griffe"}
    assert heavy == set()


def test_stdout_belongs_to_the_protocol(home) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "seal_lsp.cli.entry"], input=b"", capture_output=True, timeout=120, check=False
    )
    assert done.stdout == b""
