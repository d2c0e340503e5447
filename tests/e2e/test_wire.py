"""The server over the wire, as VS Code, Neovim and Emacs speak to it: a real process, a real analysis worker over an
environment on disk, a real engine whose model follows a script.
"""

from __future__ import annotations

import pytest
from lsprotocol import converters
from pytest_lsp import client_capabilities
from raw_client import RawClient
from wire_project import LIBRARY, MAIN, engine, environ, make_workspace

EDITORS = {
    # name, the encodings it offers, and the one that the server must choose
    "visual_studio_code": (["utf-16"], "utf-16"),
    "neovim": (["utf-8", "utf-16", "utf-32"], "utf-8"),
    "emacs": (["utf-32", "utf-8", "utf-16"], "utf-32"),
}
NO_LEARNING = {"learn": {"auto": False}}


def capabilities(editor: str) -> dict:
    """The editor's own, with what pytest-lsp's profiles are too old for."""
    found = converters.get_converter().unstructure(client_capabilities(editor))
    found.setdefault("general", {})["positionEncodings"] = EDITORS[editor][0]
    if editor != "emacs":  # lsp-mode asks for inline completions without claiming them
        found["textDocument"]["inlineCompletion"] = {"dynamicRegistration": True}
    found.setdefault("window", {})["workDoneProgress"] = True
    found.setdefault("workspace", {})["configuration"] = True
    return found


@pytest.fixture
def home(tmp_path):
    return tmp_path / "seal"


@pytest.fixture
def workspace(tmp_path):
    return make_workspace(tmp_path / "farm")


@pytest.fixture
async def clients(home):
    """`await clients(folder, capabilities, ...)` starts a server and shakes hands; all end with the test."""
    started: list[RawClient] = []

    async def start(folder, caps, *, settings=NO_LEARNING, env=None, root=True, **more):
        client = await RawClient.start(folder, environ(home, **(env or {})))
        started.append(client)
        client.answers["workspace/configuration"] = lambda params: [settings for _ in params["items"]]
        more.setdefault("initializationOptions", settings)
        client.server = await client.initialize(folder if root else None, caps, **more)
        return client

    yield start
    for client in started:
        if client.process.returncode is None:
            assert await client.close() == 0
        assert client.stray == []


def at(text: str, encoding: str = "utf-16") -> tuple[str, dict]:
    """The text without its `<|>`, and the cursor's position in the encoding's units."""
    offset = text.index("<|>")
    text = text.replace("<|>", "")
    line = text.count("\n", 0, offset)
    head = text[text.rfind("\n", 0, offset) + 1 : offset]
    width = {"utf-8": 1, "utf-16": 2, "utf-32": 4}[encoding]
    return text, {"line": line, "character": len(head.encode(encoding if width == 1 else f"{encoding}-le")) // width}


def place(uri: str, position: dict) -> dict:
    return {"textDocument": {"uri": uri}, "position": position}


def inline(uri: str, position: dict, kind: int = 2, **context) -> dict:
    return {**place(uri, position), "context": {"triggerKind": kind, **context}}


async def model_ready(client: RawClient) -> None:
    await client.until(lambda m: m["method"] == "seal/status" and m["params"]["kind"] == "Normal")


@pytest.mark.parametrize("editor", EDITORS)
async def test_a_session(editor, workspace, home, clients):
    """Facts, the model's order, ghost text; then learning with progress, and what it changed."""
    encoding = EDITORS[editor][1]
    async with engine(home):
        client = await clients(workspace, capabilities(editor))
        offered = client.server["capabilities"]
        assert offered["positionEncoding"] == encoding
        assert offered["inlineCompletionProvider"] == {"workDoneProgress": False}
        assert offered["completionProvider"]["resolveProvider"] is True
        assert "seal.accepted" in offered["executeCommandProvider"]["commands"]

        text, cursor = at(MAIN + "s = '😋漢字'; ladder.<|>\n", encoding)
        uri = client.open(workspace / "main.py", text)
        await model_ready(client)

        # the menu: what exists, ordered by the model
        menu = await client.ask("textDocument/completion", place(uri, cursor))
        assert menu["isIncomplete"] is False
        public = [item["label"] for item in menu["items"]]
        assert set(public) == {"climb", "fold", "height", "folding"}
        first = min(menu["items"], key=lambda item: item["sortText"])
        assert first["label"] == "climb"
        assert first["textEdit"]["range"] == {"start": cursor, "end": cursor}
        assert first["detail"].startswith("climb(rungs: int = 4)")
        resolved = await client.ask("completionItem/resolve", first)
        assert "Let the ladder climb." in resolved["documentation"]["value"]
        assert LIBRARY in resolved["documentation"]["value"]

        # ghost text: the best existing name, then what the model writes on
        ghost = await client.ask("textDocument/inlineCompletion", inline(uri, cursor))
        (item,) = ghost["items"]
        assert item["insertText"] == "climb(rungs=2)"
        assert item["range"] == {"start": cursor, "end": cursor}
        assert item["command"]["command"] == "seal.accepted"
        arguments = item["command"]["arguments"]
        assert (
            await client.ask("workspace/executeCommand", {"command": "seal.accepted", "arguments": arguments}) is None
        )

        # hover, before
        hover = await client.ask("textDocument/hover", place(uri, {"line": 3, "character": 9}))
        value = hover["contents"]["value"]
        assert "def climb(rungs: int = 4) -> float" in value
        assert "orchard.Ladder.climb" in value
        assert f"**{LIBRARY}**" in value
        assert "not learned" in value
        assert hover["range"] == {"start": {"line": 3, "character": 7}, "end": {"line": 3, "character": 12}}

        # code actions, before
        line = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 4}}
        ask = {"textDocument": {"uri": uri}, "range": line, "context": {"diagnostics": []}}
        actions = await client.ask("textDocument/codeAction", ask)
        assert [a["title"] for a in actions] == ["Learn orchard-tools 1.2.0"]

        # learning, with progress
        command = actions[0]["command"]
        reply = await client.ask(
            "workspace/executeCommand", {"command": command["command"], "arguments": command["arguments"]}
        )
        assert reply["state"] in ("queued", "learning")
        await client.until(lambda m: learned_in(m, "live"))
        await client.until(lambda m: m["method"] == "$/progress" and m["params"]["value"]["kind"] == "end")
        progress = [m["params"]["value"] for m in client.heard if m["method"] == "$/progress"]
        assert progress[0]["kind"] == "begin"
        assert progress[0]["title"] == "Learning orchard-tools 1.2.0"
        assert [p["kind"] for p in progress].count("begin") == 1

        # after: the adapter ranks, the hover says so, the actions change
        menu = await client.ask("textDocument/completion", place(uri, cursor))
        assert min(menu["items"], key=lambda item: item["sortText"])["label"] == "fold"
        ghost = await client.ask("textDocument/inlineCompletion", inline(uri, cursor))
        assert ghost["items"][0]["insertText"] == "fold()"
        hover = await client.ask("textDocument/hover", place(uri, {"line": 3, "character": 9}))
        assert "learned (adapter `" in hover["contents"]["value"]
        assert "3 vetted snippets" in hover["contents"]["value"]
        actions = await client.ask("textDocument/codeAction", ask)
        assert [a["title"] for a in actions] == [
            "Show what was learned of orchard-tools 1.2.0",
            "Forget orchard-tools 1.2.0",
            "Learn orchard-tools 1.2.0 again",
        ]
        shown = await client.ask(
            "workspace/executeCommand", {"command": "seal.audit", "arguments": [{"library": LIBRARY}]}
        )
        assert shown["library"] == LIBRARY
        assert shown["adapter"]

        # forgetting
        gone = await client.ask("workspace/executeCommand", {"command": "seal.forget", "arguments": [LIBRARY]})
        assert len(gone["removed"]) == 1
        menu = await client.ask("textDocument/completion", place(uri, cursor))
        assert min(menu["items"], key=lambda item: item["sortText"])["label"] == "climb"


def learned_in(message: dict, state: str) -> bool:
    libraries = message.get("params", {}).get("libraries") or [] if message["method"] == "seal/status" else []
    return any(known["library"] == LIBRARY and known["state"] == state for known in libraries)
