"""ARCHITECTURE.md names every file there is, and no file that is not."""

from __future__ import annotations

import re

from write_architecture_map import BEGIN, DOCUMENT, END, PACKAGE, ROOMS, files

TEXT = DOCUMENT.read_text(encoding="utf-8")


def _listed() -> dict[str, set[str]]:
    part = TEXT.partition(BEGIN)[2].partition(END)[0]
    found: dict[str, set[str]] = {}
    for line in part.splitlines():
        if line.startswith("### "):
            room = line[4:].rstrip("/")
        elif line.startswith("- `"):
            found.setdefault(room, set()).add(line.split("`")[1])
    return found


def test_the_map_is_complete() -> None:
    """When this fails: python tests/write_architecture_map.py"""
    assert _listed() == {room: {file.name for file in files(room)} for room in ROOMS}


def test_every_folder_with_code_is_a_room() -> None:
    folders = {file.parent.relative_to(PACKAGE).as_posix() for file in PACKAGE.rglob("*.py")} - {"."}
    assert folders == set(ROOMS)


def test_every_file_that_the_text_names_exists() -> None:
    named = set(re.findall(r"`((?:[a-z_]+/)+[a-z_]*(?:\.py)?)`", TEXT.partition(BEGIN)[0]))
    named = {name for name in named if not name.startswith(("data/", "tests/", "adapter/"))}
    assert named, "nothing was found: the pattern is wrong"
    assert {name for name in named if not (PACKAGE / name).exists()} == set()


def test_every_module_says_what_it_does() -> None:
    assert [line for line in TEXT.splitlines() if re.fullmatch(r"- `[a-z_]+\.py` *", line)] == []
