"""What the wire tests say: editors' capabilities, cursors in their encodings, parameters."""

from __future__ import annotations

from lsprotocol import converters
from pytest_lsp import client_capabilities
from raw_client import RawClient
from wire_project import LIBRARY

EDITORS = {
    # name, the encodings it offers, and the one that the server must choose
    "visual_studio_code": (["utf-16"], "utf-16"),
    "neovim": (["utf-8", "utf-16", "utf-32"], "utf-8"),
    "emacs": (["utf-32", "utf-8", "utf-16"], "utf-32"),
}


def capabilities(editor: str) -> dict:
    """The editor's own, with what pytest-lsp's profiles are too old for."""
    found = converters.get_converter().unstructure(client_capabilities(editor))
    found.setdefault("general", {})["positionEncodings"] = EDITORS[editor][0]
    if editor != "emacs":  # lsp-mode asks for inline completions without claiming them
        found["textDocument"]["inlineCompletion"] = {"dynamicRegistration": True}
    if editor == "visual_studio_code":
        found["notebookDocument"] = {"synchronization": {"dynamicRegistration": True}}
    found.setdefault("window", {})["workDoneProgress"] = True
    found.setdefault("workspace", {})["configuration"] = True
    return found


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


def learned_in(message: dict, state: str, library: str = LIBRARY) -> bool:
    libraries = message.get("params", {}).get("libraries") or [] if message["method"] == "seal/status" else []
    return any(known["library"] == library and known["state"] == state for known in libraries)


def how_it_ended(message: dict) -> bool:
    """Whether a user who asked for it is told what was learned."""
    return message["method"] == "window/showMessage" and message["params"]["message"].startswith(
        f"{LIBRARY.replace('@', ' ')}: learned (adapter"
    )


def labels(menu: dict | None) -> list[str]:
    """A menu's labels in the order shown."""
    return [item["label"] for item in sorted(menu["items"] if menu else [], key=lambda item: item["sortText"])]
