"""`python tests/write_neovim_settings.py` writes the server's settings for Neovim: help with a tag for each, and types
that lua_ls completes and checks in `vim.lsp.config('seal_lsp', { settings = { seal = ... } })`.
"""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

from write_vscode_settings import groups

FOLDER = Path(__file__).parents[1] / "editor-clients" / "neovim"
HELP = FOLDER / "doc" / "seal-settings.txt"
TYPES = FOLDER / "lua" / "seal" / "settings.lua"
WIDTH = 78
LUA = {"string": "string", "boolean": "boolean", "integer": "integer", "number": "number", "array": "string[]"}
ABOUT = """Set with |vim.lsp.config()|, below "seal", before |vim.lsp.enable()|. What you leave out is decided by your
own settings file, the project's pyproject.toml and variables of the environment, then by the default. This file is
written from the server's schema by tests/write_neovim_settings.py."""
EXAMPLE = """>lua
    vim.lsp.config('seal_lsp', {
      settings = { seal = { learn = { trust = 'ask' } } },
    })
<"""


def lua_type(definition: dict[str, Any]) -> str:
    if "enum" in definition:
        return "|".join(f"'{value}'" for value in definition["enum"] if value is not None)
    return LUA[definition["type"][0]]


def shown_type(definition: dict[str, Any]) -> str:
    """For people: `"none", "ask" or "all"`; `integer, 50 to 60000`."""
    if "enum" in definition:
        *others, last = [json.dumps(value) for value in definition["enum"] if value is not None]
        return f"{', '.join(others)} or {last}"
    ends = [definition[end] for end in ("minimum", "maximum") if end in definition]
    return lua_type(definition) + (f", {ends[0]} to {ends[1]}" if len(ends) == 2 else "")


def help_text() -> str:
    parts = [
        "*seal-settings.txt*  Settings of seal-lsp",
        "=" * WIDTH,
        _right("SETTINGS", "*seal-settings*"),
        _wrapped(ABOUT),
        EXAMPLE,
    ]
    for group, (sentence, settings) in groups().items():
        parts += ["-" * WIDTH, _right(sentence, f"*seal-settings-{group}*"), ""]
        for name, definition in settings.items():
            parts += [_entry(f"seal.{group}.{name}", definition), ""]
    return "\n".join([*parts, " vim:tw=78:ts=8:noet:ft=help:norl:", ""])


def _entry(name: str, definition: dict[str, Any]) -> str:
    words = [f"({shown_type(definition)})", definition["description"]]
    return "\n".join([_right("", f"*{name}*"), name, *map(_wrapped, words)])


def _right(left: str, tag: str) -> str:
    fits = len(left) + len(tag) < WIDTH
    return f"{left}{tag.rjust(WIDTH - len(left))}" if fits else f"{left}\n{tag.rjust(WIDTH)}"


def _wrapped(text: str) -> str:
    indent = " " * 4
    words = " ".join(text.split())
    return textwrap.fill(words, WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


def types_text() -> str:
    lines = ["---@meta", "-- Written from the server's schema by tests/write_neovim_settings.py.", ""]
    lines += ["---@class seal.Settings", *(f"---@field {group}? seal.Settings.{group}" for group in groups())]
    for group, (sentence, settings) in groups().items():
        lines += ["", f"---@class seal.Settings.{group} {sentence}"]
        lines += [f"---@field {name}? {lua_type(d)} {d['description']}" for name, d in settings.items()]
    return "\n".join([*lines, ""])


def main() -> None:
    HELP.write_text(help_text(), encoding="utf-8")
    TYPES.write_text(types_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
