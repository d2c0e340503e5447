"""Somebody who has just put the README's lines into init.lua: those lines, what the tests set besides, the typing."""

from __future__ import annotations

import os

import neovim
from client_readme import block
from farm import ROOT, SCREENSHOTS

NAMES = {"climb", "fold", "height", "folding"}
SETTINGS = """
vim.lsp.config('seal_lsp', { settings = { seal = {
  learn = { auto = false, max_tokens = 1000 },
  inline = { first_ms = 20000, deadline_ms = 20000, min_confidence = 0 },
  engine = { idle_exit_s = 600 },
} } })
vim.api.nvim_set_hl(0, 'ComplHint', { fg = '#7f8f7f', italic = true }) -- a link's name is not on the screen
vim.o.statusline = '%f%=%{v:lua.require("seal").statusline()} '
"""


def newcomers_lines() -> str:
    """What the README tells to put into init.lua, for this checkout."""
    code = block("Neovim 0.11 and later", "lua")
    assert len(code.splitlines()) <= 5
    return code.replace("/path/to/seal-lsp", str(ROOT))


def picture(editor: neovim.Neovim, name: str) -> None:
    if os.environ.get("SEAL_SCREENSHOTS") and editor.lua("return vim.fn.has('nvim-0.12')"):
        editor.look()
        (SCREENSHOTS / f"neovim-{name}.svg").write_text(editor.screen.svg(), encoding="utf-8")


def line_below(editor: neovim.Neovim, text: str) -> str:
    """Type a line below the last one, put the menu away, and give the ghost text that comes then."""
    editor.keys("Go")
    editor.type(text)
    editor.menu()
    editor.keys("<C-e>")
    return editor.ghost_text()
