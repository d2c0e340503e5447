"""The VS Code extension's files, without an editor: settings and commands are the server's, nothing is long."""

from __future__ import annotations

import json
import re

from write_vscode_settings import PACKAGE, as_text, with_settings

from seal_lsp.lsp.features.execute_command import COMMANDS

FOLDER = PACKAGE.parent
SOURCES = sorted((FOLDER / "src").glob("*.ts"))
LONGEST = 250


def test_the_settings_are_those_of_the_schema():
    """`python tests/write_vscode_settings.py` writes them."""
    text = PACKAGE.read_text(encoding="utf-8")
    assert as_text(with_settings(json.loads(text))) + "\n" == text


def test_the_commands_it_sends_are_the_servers():
    sent = {name for file in SOURCES for name in re.findall(r"\.command\b[^'\n]*'(seal\.\w+)'", file.read_text())}
    assert sent
    assert sent <= set(COMMANDS)


def test_every_command_it_offers_is_there():
    offered = {command["command"] for command in json.loads(PACKAGE.read_text())["contributes"]["commands"]}
    written = re.search(r"const own.*?= \{(.*?)\n  \}", (FOLDER / "src/actions.ts").read_text(), re.DOTALL)
    assert offered == {f"seal-lsp.{name}" for name in re.findall(r"^    (\w+):", written[1], re.MULTILINE)}


def test_no_file_is_long():
    package = json.loads(PACKAGE.read_text())
    del package["contributes"]["configuration"][1:]  # written by the script
    lines = {file.name: len(file.read_text().splitlines()) for file in SOURCES}
    lines["package.json"] = len(as_text(package).splitlines())
    assert {name: count for name, count in lines.items() if count > LONGEST} == {}


def test_the_lock_file_names_no_registry():
    assert '"resolved"' not in (FOLDER / "package-lock.json").read_text()
