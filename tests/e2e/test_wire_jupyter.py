"""The server as jupyterlab-lsp talks to it: a notebook's cells as one Python document, settings pushed before it."""

from __future__ import annotations

import asyncio

import pytest
from wire_project import NO_LEARNING
from wire_talk import at, labels, place

JUPYTER = {
    "textDocument": {"completion": {"contextSupport": True}, "hover": {"contentFormat": ["markdown", "plaintext"]}},
    "workspace": {"didChangeConfiguration": {"dynamicRegistration": True}},
}
CELLS = "from orchard import Ladder\nladder = Ladder(height=4.0)\n\n\n\nladder.<|>\n"


@pytest.mark.parametrize("folder", ["", ".virtual_documents"], ids=["the workspace", "a shadow of it"])
async def test_a_notebook_with_the_interpreter_of_its_settings(folder, workspace, clients, tmp_path):
    (workspace / ".venv").rename(tmp_path / "elsewhere")
    root = workspace / folder
    root.mkdir(exist_ok=True)
    client = await clients(root, JUPYTER, settings=None, env={"SEAL_ENGINE": "off"})
    client.notify("workspace/didChangeConfiguration", {"settings": {}})
    settings = {**NO_LEARNING, "python": {"interpreter": str(tmp_path / "elsewhere")}}
    client.notify("workspace/didChangeConfiguration", {"settings": {"seal": settings}})
    text, cursor = at(CELLS)
    uri = client.open(root / "the harvest é.ipynb", text, version=0)
    client.change(uri, 0, {"text": text})
    async with asyncio.timeout(60):  # the library is read meanwhile
        while not labels(menu := await client.ask("textDocument/completion", place(uri, cursor))):
            await asyncio.sleep(0.1)
    assert set(labels(menu)) == {"climb", "fold", "height", "folding"}
    assert {item["data"]["root"] for item in menu["items"]} == {str(workspace)}
    assert not [m for m in client.heard if m["method"] == "window/showMessage"]
