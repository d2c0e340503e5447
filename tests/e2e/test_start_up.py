"""What the server has imported, and what it weighs, when `initialize` is answered. How long that took is measured by
start_up.py and never asserted.
"""

from __future__ import annotations

import json
import subprocess
import sys

import psutil
from raw_client import RawClient
from wire_project import environ
from wire_talk import capabilities

HEAVY = ("torch", "transformers", "peft", "jedi", "parso", "griffe", "tree_sitter", "httpx", "pydantic", "watchfiles",
         "pebble", "numpy", "typer", "rich", "starlette", "uvicorn", "seal_lsp.lm", "seal_lsp.engine")  # fmt: skip
NEVER = ("torch", "transformers", "peft", "jedi", "griffe", "numpy", "starlette", "uvicorn", "seal_lsp.lm")

IN_PROCESS = """
import io, json, sys
before = set(sys.modules)
import seal_lsp.cli.entry, seal_lsp.cli.serve, seal_lsp.lsp.serve
from seal_lsp.lsp.server import create_server
from lsprotocol import types
server = create_server()
written = []
class Writer:
    def write(self, data): written.append(data)
    def close(self): pass
server.protocol.set_writer(Writer())
message = {"jsonrpc": "2.0", "id": 1, "method": "initialize",
           "params": {"capabilities": {}, "processId": None, "rootUri": None}}
server.protocol.handle_message(json.loads(json.dumps(message), object_hook=server.protocol.structure_message))
assert b"hoverProvider" in b"".join(written), written
print(json.dumps(sorted(sys.modules)))
"""


def loaded(modules: list[str], names: tuple[str, ...]) -> list[str]:
    return [name for name in names if any(m == name or m.startswith(name + ".") for m in modules)]


def test_nothing_heavy_is_imported_before_initialize_is_answered(tmp_path):
    result = subprocess.run(
        [sys.executable, "-c", IN_PROCESS], capture_output=True, text=True, env=environ(tmp_path), check=True
    )
    modules = json.loads(result.stdout)
    assert "pygls.server" in modules
    assert loaded(modules, HEAVY) == []


async def test_memory_after_initialize_and_in_use(workspace, home):
    client = await RawClient.start(workspace, environ(home, SEAL_ENGINE="off"))
    try:
        await client.ask("initialize", {"processId": None, "rootUri": workspace.as_uri(), "capabilities": {}})
        process = psutil.Process(client.process.pid)
        assert process.memory_info().rss < 120e6
        libraries = {m.path for m in process.memory_maps()}
        assert not [path for path in libraries if "torch" in path or "tree_sitter" in path]
        await client.close()
    finally:
        await client.kill()


async def test_a_session_never_brings_jedi_griffe_or_torch_into_the_server(workspace, home, tmp_path):
    """`python -v` would be noise: an exit hook in sitecustomize writes down what was imported."""
    (tmp_path / "hook").mkdir()
    told = tmp_path / "modules.json"
    (tmp_path / "hook" / "sitecustomize.py").write_text(
        "import os, sys\n"
        "def _exit(code, real=os._exit):\n"
        f"    if 'seal_lsp.lsp.server' in sys.modules and 'multiprocessing.spawn' not in sys.argv[0]:\n"
        f"        open({str(told)!r}, 'w').write(__import__('json').dumps(sorted(sys.modules)))\n"
        "    real(code)\n"
        "os._exit = _exit\n"
    )
    env = environ(home, SEAL_ENGINE="off", PYTHONPATH=str(tmp_path / "hook"))
    client = await RawClient.start(workspace, env)
    await client.initialize(workspace, capabilities("neovim"))
    uri = client.open(workspace / "main.py", (workspace / "main.py").read_text())
    where = {"textDocument": {"uri": uri}, "position": {"line": 3, "character": 9}}
    assert (await client.ask("textDocument/hover", where))["contents"]
    await client.ask("textDocument/completion", where)
    assert await client.close() == 0
    modules = json.loads(told.read_text())
    assert "pebble" in modules
    assert loaded(modules, NEVER) == []
