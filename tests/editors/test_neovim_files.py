"""The Neovim plugin's files, without an editor: settings and commands are the server's, nothing is long."""

from __future__ import annotations

import re

import pytest
from write_neovim_settings import FOLDER, HELP, TYPES, help_text, types_text

from seal_lsp.lsp.features.execute_command import COMMANDS
from seal_lsp.settings.load import editor_properties

SOURCES = sorted(FOLDER.rglob("*.lua"))
GUIDE = FOLDER / "doc" / "seal.txt"
LONGEST = 250


@pytest.mark.parametrize(("file", "text"), [(HELP, help_text()), (TYPES, types_text())], ids=["help", "types"])
def test_the_settings_are_those_of_the_schema(file, text):
    """`python tests/write_neovim_settings.py` writes them."""
    assert file.read_text(encoding="utf-8") == text


def test_every_setting_has_a_tag_and_a_default():
    text = " ".join(HELP.read_text(encoding="utf-8").split())
    for name, definition in editor_properties().items():
        assert f"*{name}*" in text
        assert " ".join(definition["description"].split()) in text


def test_the_commands_it_sends_are_the_servers():
    text = "\n".join(file.read_text() for file in SOURCES)
    sent = set(re.findall(r"(?:\bask\(|command = )'(seal\.\w+)'", text))
    assert sent >= {"seal.learn", "seal.status", "seal.why", "seal.libraries"}
    assert sent <= set(COMMANDS)


def test_every_subcommand_has_help():
    commands = re.search(r"local COMMANDS = \{(.*?)\n\}", (FOLDER / "lua/seal/commands.lua").read_text(), re.DOTALL)
    names = set(re.findall(r"^  (\w+) = \{ run", commands[1], re.MULTILINE))
    assert names == set(re.findall(r"\*:Seal-(\w+)\*", GUIDE.read_text()))
    assert len(names) == 10


def test_the_options_in_the_help_are_the_defaults():
    """Every line of the defaults stands in the help's, whatever is said behind it."""
    code = re.search(r"M\.defaults = \{\n(.*?)\n\}", (FOLDER / "lua/seal/init.lua").read_text(), re.DOTALL)[1]
    shown = re.search(r"vim\.g\.seal = \{\n(.*?)\n    \}", GUIDE.read_text(), re.DOTALL)[1]
    assert [line.strip() for line in code.splitlines()] == [line.split(" --")[0].strip() for line in shown.splitlines()]


def test_every_tag_is_there_once_and_every_link_has_one():
    text = GUIDE.read_text() + HELP.read_text()
    tags = re.findall(r"(?:^|\s)\*(\S+)\*(?=\s|$)", text, re.MULTILINE)
    assert len(tags) == len(set(tags))
    assert {link for link in re.findall(r"\|(:?[Ss]eal\S*?)\|", text)} <= set(tags)


def test_no_file_is_long():
    lines = {file.name: len(file.read_text().splitlines()) for file in [*SOURCES, GUIDE] if file != TYPES}
    assert {name: count for name, count in lines.items() if count > LONGEST} == {}
    assert max(map(len, GUIDE.read_text().splitlines())) <= 78
