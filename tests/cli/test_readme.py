"""The README says what the program says: settings, exit codes, commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from seal_lsp.cli.app import app
from seal_lsp.cli.output import EXIT_CODES
from seal_lsp.cli.settings import as_markdown

README = Path(__file__).parents[2].joinpath("README.md").read_text(encoding="utf-8")
WITHOUT_JSON = {"serve", "engine"}


def _part(name: str) -> str:
    found = re.search(rf"<!-- {name} -->\n(.*?)\n<!-- end of {name} -->", README, re.DOTALL)
    assert found, f"the README has no part {name}"
    return found[1]


def _commands() -> dict[str, object]:
    """Full name -> typer's command, groups opened."""
    found: dict[str, object] = {}

    def walk(command: object, words: tuple[str, ...]) -> None:
        below = getattr(command, "commands", None)
        if below is None:
            found[" ".join(words)] = command
        for name, child in (below or {}).items():
            walk(child, (*words, name))

    walk(typer.main.get_command(app), ())
    return found


def test_settings_are_those_of_the_schema(seal) -> None:
    """`seal-lsp settings --markdown` prints the table: paste it when this fails."""
    assert _part("settings") == as_markdown()
    assert seal("settings", "--markdown").out.strip() == as_markdown()


def test_exit_codes() -> None:
    rows = [line.split("|")[1:3] for line in _part("exit codes").splitlines()[2:]]
    assert [(int(code), meaning.strip()) for code, meaning in rows] == list(EXIT_CODES)


def test_every_command_is_in_the_table_and_the_other_way_round() -> None:
    table = _part("commands")
    named = set(re.findall(r"`(?:seal-lsp )?((?:audit |bench |model |eval )?[a-z-]+)[^`]*`", table)) - {"seal-lsp"}
    commands = set(_commands())
    assert commands - named == set()
    listed = {row.split("`")[1].removeprefix("seal-lsp").split(" ")[1:2] and row.split("`")[1].split(" ")[1]
              for row in table.splitlines()[3:]}  # fmt: skip
    assert listed <= {name.split(" ")[0] for name in commands}


@pytest.mark.parametrize("name", sorted(set(_commands()) - WITHOUT_JSON))
def test_every_command_takes_json(name: str) -> None:
    assert any("--json" in parameter.opts for parameter in _commands()[name].params)


@pytest.mark.parametrize("name", sorted(_commands()))
def test_every_command_has_help_with_the_exit_codes(seal, name: str) -> None:
    ran = seal(*name.split(), "--help")
    assert ran.code == 0
    assert "Exit codes: 0 done" in " ".join(ran.out.split())
