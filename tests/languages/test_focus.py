"""Of a long file the bodies of far functions are blanked, and what is known at the place stays known."""

from __future__ import annotations

import ast

import pytest

from seal_lsp.languages.python.focus import LONG, focused
from seal_lsp.languages.python.grammar import parse
from seal_lsp.languages.python.imports import imports
from seal_lsp.languages.python.scopes import Scopes

FILLER = "".join(f"def work_{n}(size: int = {n}):\n    # ünïcode 😀\n    return size + {n}\n\n\n" for n in range(500))
HEAD = '''import json
from threading import Lock

LIMIT = 10

class Far:
    """Keeps what it is."""

    def __init__(self):
        self.made = Lock()

    def turn(self, times=1):
        import shutil
        return shutil.which(times)

'''
CLASS = """
class Near:
    def early(self):
        self.found = json.JSONDecoder()

FILLER
    def late(self):
        self.found."""


def class_with(methods: int) -> str:
    filler = "".join(f"    def method_{n}(self):\n        return {n}\n\n" for n in range(methods))
    return CLASS.replace("FILLER", filler)


LONG_FILE = HEAD + FILLER + class_with(1)


def test_offsets_and_lines_stay_true():
    found = focused(LONG_FILE, len(LONG_FILE))
    assert len(found) == len(LONG_FILE)
    assert [len(line) for line in found.split("\n")] == [len(line) for line in LONG_FILE.split("\n")]
    assert found[-4_000:] == LONG_FILE[-4_000:]
    assert "return size + 7\n" not in found


def test_blanked_code_is_code():
    whole = HEAD + FILLER + "value = LIMIT\n"
    ast.parse(focused(whole, len(whole)))
    ast.parse(focused(whole, 0))


def test_what_the_file_binds_stays():
    found = focused(LONG_FILE, len(LONG_FILE))
    names = set(Scopes(parse(LONG_FILE)).module.bindings)
    assert set(Scopes(parse(found)).module.bindings) == names
    assert {use.module for use in imports(found)} == {"json", "threading"}  # a far body's own import is its own affair
    assert "self.made = Lock()" in found
    assert "def turn(self, times=1):" in found


def test_what_is_named_near_the_place_stays_whole():
    source = HEAD + FILLER + "value = work_7()\nvalue."
    found = focused(source, len(source))
    assert "return size + 7\n" in found
    assert "return size + 8\n" not in found


def test_the_class_around_the_place_stays_whole():
    source = HEAD + FILLER + class_with(800)
    assert "self.found = json.JSONDecoder()" in focused(source + "x\n", len(source))
    assert "return size + 499\n" not in focused(source + "x\n", len(source))


@pytest.mark.parametrize(
    "source",
    [
        "",
        FILLER[: LONG - 10],
        "x = [\n" + "    'ü',\n" * 5_000,  # one long expression, not ended
    ],
    ids=["nothing", "not long", "no functions"],
)
def test_what_is_left_as_it_is(source):
    assert focused(source, len(source)) == source


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends_are_kept(end):
    source = LONG_FILE.replace("\n", end)
    found = focused(source, len(source))
    assert len(found) == len(source)
    assert found.count(end) == source.count(end)
