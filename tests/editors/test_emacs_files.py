"""The Emacs package's files, without an Emacs: settings and commands are the server's, nothing is long."""

from __future__ import annotations

import re
from pathlib import Path

import emacs_readme
import pytest
import write_emacs_settings

from seal_lsp.lsp.features.execute_command import COMMANDS
from seal_lsp.settings.load import editor_properties

FOLDER = write_emacs_settings.FILE.parent
WRITTEN = sorted(file for file in FOLDER.glob("*.el") if file != write_emacs_settings.FILE)
LONGEST = 250


def test_the_settings_are_those_of_the_schema():
    """`python tests/write_emacs_settings.py` writes them."""
    text = write_emacs_settings.FILE.read_text(encoding="utf-8")
    assert write_emacs_settings.text() == text
    known = re.findall(r"^ *(?:'\()?\(seal-lsp-\S+ \w+ :(\w+) :(\w+)\)", text, re.MULTILINE)
    assert [f"seal.{group}.{name}" for group, name in known] == list(editor_properties())


def test_the_commands_it_sends_are_the_servers():
    sent = {name for file in WRITTEN for name in re.findall(r'"(seal\.\w+)"', file.read_text())}
    assert sent
    assert sent <= set(COMMANDS)


def test_every_command_of_the_menu_and_of_the_commentary_is_there():
    texts = [file.read_text() for file in WRITTEN]
    defined = {name for text in texts for name in re.findall(r"^\(defun (seal-lsp-\S+)", text, re.MULTILINE)}
    menu = re.findall(r'\["[^"]+" (seal-lsp-[\w-]+)', (FOLDER / "seal-lsp-mode.el").read_text())
    commentary = re.findall(r"^;;     (seal-lsp-\S+)  ", (FOLDER / "seal-lsp.el").read_text(), re.MULTILINE)
    assert menu
    assert set(menu) == set(commentary)
    assert set(menu) <= defined


@pytest.mark.parametrize("client", emacs_readme.SETUPS)
def test_a_newcomer_writes_at_most_five_lines(client):
    lines = emacs_readme.newcomers_lines(client).splitlines()
    assert 0 < len(lines) <= 5
    commentary = (FOLDER / "seal-lsp.el").read_text()
    assert all(f";;     {line}\n" in commentary for line in lines)


def test_no_file_is_long():
    lines = {file.name: len(file.read_text().splitlines()) for file in [*WRITTEN, *Path(__file__).parent.glob("*.el")]}
    assert {name: count for name, count in lines.items() if count > LONGEST} == {}
