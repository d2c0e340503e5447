"""Neovim when there is no server to be had, or when the user has other habits. Facts only: no model is needed."""

from __future__ import annotations

import contextlib
import os

import neovim
import pytest
from farm import ROOT, environ, make_project, server_on_path
from newcomer import NAMES, newcomers_lines

pytestmark = [pytest.mark.editors, pytest.mark.timeout(300)]


@pytest.fixture
def open_editor(nvim, tmp_path):
    """`open_editor(init, server)`: a Neovim in a fresh home on the farm; `server` is a shell script to be seal-lsp."""
    make_project(tmp_path / "farm")
    with contextlib.ExitStack() as stack:

        def start(init: str = "", server: str | None = None) -> neovim.Neovim:
            folder = server_on_path(tmp_path / "bin")
            if server is not None:
                (folder / "seal-lsp").write_text(f"#!/bin/sh\n{server}\n")
            home = tmp_path / "home"
            variables = {"SEAL_ENGINE": "off", "PATH": f"{folder}{os.pathsep}{environ(home)['PATH']}"}
            seen = environ(home, **variables)
            init += newcomers_lines()
            return stack.enter_context(neovim.started(nvim, tmp_path / "neovim", init, seen, tmp_path / "farm"))

        yield start


def test_a_server_that_cannot_start_is_not_started_for_ever(open_editor, tmp_path):
    editor = open_editor(server="echo started >> starts; echo 'out of cider' >&2; exit 3")
    editor.command("edit main.py")
    editor.status("seal restarting")
    said = editor.notified("is not started again")
    assert "the server ended 5 times and is not started again: out of cider" in said
    assert ":Seal log" in said
    assert ":Seal restart" in said
    editor.status("seal stopped")
    assert (tmp_path / "farm" / "starts").read_text().split() == ["started"] * 5
    editor.command("Seal pause")
    assert "the server is not running: out of cider" in editor.messages()
    editor.command("Seal log")
    assert any("out of cider" in line for line in editor.buffer())
    editor.command("tabclose")
    server_on_path(tmp_path / "bin")
    editor.command("Seal restart")
    editor.status("seal facts only")


def test_a_server_that_is_missing_is_said_with_what_to_do(open_editor, tmp_path):
    editor = open_editor("vim.lsp.config('seal_lsp', { cmd = { 'no-seal-lsp' } })\n")
    editor.command("edit main.py")
    said = editor.notified("there is no no-seal-lsp on PATH")
    assert "install it, or set its cmd (:help seal-introduction)" in said
    editor.command("edit windows.py")
    assert editor.messages().count("on PATH") == 1, "once is enough"
    assert editor.lua("return require('seal').statusline()") == ""
    editor.command("checkhealth seal")
    said = "\n".join(editor.until(editor.buffer))
    assert "ERROR executable: there is no no-seal-lsp on PATH" in said
    assert "WARNING not running" in said


def test_it_restarts_when_it_is_asked_to_and_ends_when_it_is_disabled(open_editor, tmp_path):
    editor = open_editor()
    editor.edit(tmp_path / "farm" / "main.py")
    pid = "return vim.lsp.get_clients({ name = 'seal_lsp' })[1].id"
    before = editor.lua(pid)
    editor.status("seal facts only")
    editor.command("Seal restart")
    editor.status("")
    editor.status("seal facts only")
    assert editor.lua(pid) != before
    editor.lua("vim.lsp.enable('seal_lsp', false)")
    editor.status("")
    editor.look_again(2)
    assert editor.lua("return #vim.lsp.get_clients()") == 0


def test_the_users_own_keys_options_and_menu(open_editor, tmp_path):
    editor = open_editor("vim.keymap.set('i', '<Tab>', 'mine')\n")
    editor.lua("vim.g.seal = { keys = { why = false, ask = '<C-l>' } }")  # in place of the README's
    editor.edit(tmp_path / "farm" / "main.py")
    editor.status("seal facts only")
    maps = editor.lua("return vim.tbl_map(function(map) return map.lhs end, vim.api.nvim_buf_get_keymap(0, 'i'))")
    assert {"<C-]>", "<C-L>", "<M-Right>"} <= set(maps)
    assert not {"<Tab>", "<M-/>", r"<M-\>"} & set(maps)
    editor.keys("Go<Tab>")
    editor.until(lambda: editor.lua("return vim.api.nvim_get_current_line()") == "mine")
    editor.keys("<C-u>")
    editor.type("ladder.")
    editor.look_again(1)
    assert not editor.screen.shown_as("Pmenu", "PmenuSel")
    editor.keys("<C-x><C-o>")
    assert set(editor.menu()) == NAMES


def test_the_help_has_its_tags(open_editor):
    editor = open_editor()
    assert editor.lua("return vim.v.errmsg") == ""
    doc = ROOT / "editor-clients" / "neovim" / "doc"
    editor.command(f"helptags {doc}")
    try:
        for tag in ("seal", ":Seal-learn", "seal-settings", "seal.learn.trust"):
            editor.command(f"help {tag}")
            assert f"*{tag}*" in editor.lua("return vim.api.nvim_get_current_line()")
    finally:
        (doc / "tags").unlink()


def test_commands_that_do_not_exist_are_named(open_editor):
    editor = open_editor()
    editor.keys(":Seal teach orchard-tools<CR>")
    said = editor.notified("Seal teach orchard-tools?")
    assert "There is: forget, learn, libraries, log, pause, restart, resume, rollback, status, why" in said
    editor.command("Seal learn orchard-tools")
    assert "no server has this buffer" in editor.messages()
