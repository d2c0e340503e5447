"""What is read before a file: windows of others and notes on APIs, and that both stay while somebody types."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace

import pytest

from seal_lsp.assist.facts import Notes, Place
from seal_lsp.assist.recent import FILES, RecentFiles, Source, likely_windows
from seal_lsp.lsp.foreword import Foreword

HERE = "from orchard import Basket, Ladder\n\nladder = Ladder(height=3)\nladder."
ALIKE = "from orchard import Ladder\n\nladder = Ladder(height=4.0)\nladder.climb(rungs=3)\n"
OTHER = "import math\n\n\ndef area(radius):\n    return math.pi * radius**2\n"
LONG = OTHER + "\n" * 60 + ALIKE + "\n" * 60 + OTHER


@pytest.mark.parametrize(
    ("sources", "characters", "expected"),
    [
        ([], 600, ""),
        ([("a.py", OTHER)], 600, ""),
        ([("a.py", OTHER), ("b.py", ALIKE)], 600, f"# b.py\n{ALIKE}\n"),
        ([("new.py", ALIKE), ("old.py", ALIKE)], 600, f"# old.py\n{ALIKE}\n# new.py\n{ALIKE}\n"),
        ([("new.py", ALIKE), ("old.py", ALIKE)], 115, f"# new.py\n{ALIKE}\n"),
        ([("b.py", ALIKE)], 60, "# b.py\nfrom orchard import Ladder\n\n"),
        ([("b.py", ALIKE)], 20, ""),
        ([("b.py", "")], 600, ""),
        ([("b.py", "x" * 100_000)], 600, ""),
    ],
)
def test_windows(sources, characters, expected):
    assert likely_windows(HERE, len(HERE), [Source(*one) for one in sources], characters) == expected


def test_of_a_long_file_the_window_that_is_alike_is_read():
    found = likely_windows(HERE, len(HERE), [Source("long.py", LONG)], 600)
    assert found.startswith("# long.py\n")
    assert "ladder.climb(rungs=3)" in found
    assert "math" not in found


def test_what_was_chosen_stays_until_the_developer_moves():
    files = RecentFiles()
    for uri in ("a", "b", "c"):
        files.touched(uri)
    assert files.others("c") == ["b", "a"]
    where = files.where("c", HERE, len(HERE))
    assert files.kept("c", where) is None
    files.keep("c", where, "text")
    files.touched("c")
    typed = HERE + "climb(\n"
    assert files.kept("c", files.where("c", typed, len(typed))) == "text"
    far = "\n" * 100
    assert files.kept("c", files.where("c", far, len(far))) is None
    files.touched("a")
    assert files.others("c") == ["a", "b"]
    assert files.kept("c", files.where("c", HERE, len(HERE))) is None
    files.closed("c")
    files.keep("c", where, "late")
    assert files.kept("c", where) is None
    for n in range(30):
        files.touched(str(n))
    assert len(files.others("c")) == FILES


class Desk:
    """An editor's open files; `secret` ones may not be sent. Also its analysis and its link to an engine."""

    ready = True

    def __init__(self, texts: dict[str, str], tokens: int = 100) -> None:
        self.texts, self.secret, self.asked, self.tokens = texts, set(), [], tokens
        self.analysis = self.link = self
        self.noted, self.read = Notes("", ("orchard-tools@1.2.0",)), []

    async def place(self, path):
        return Place(str(path), "", None)

    async def notes(self, text, offset, characters, place):
        return self.noted

    async def complete(self, request):
        self.read.append(request)

    def snapshot(self, uri):
        return SimpleNamespace(uri=uri, path=Path(uri), text=self.texts[uri], base=0) if uri in self.texts else None

    def settings_of(self, document):
        return SimpleNamespace(inline=SimpleNamespace(context_tokens=self.tokens, deadline_ms=2500))

    def answerable(self, document):
        return len(document.text) < 100_000

    async def may_send(self, document):
        self.asked.append(document.uri)
        return document.uri not in self.secret

    def background(self, work):
        return asyncio.ensure_future(work)


async def before(desk: Desk, foreword: Foreword, uri: str) -> str:
    document = desk.snapshot(uri)
    return await foreword.before(document, len(document.text))


async def test_files_that_may_not_be_sent_are_not_read():
    desk = Desk({"a.py": ALIKE, "secret.py": ALIKE, "huge.py": ALIKE + "#" * 100_000, "here.py": HERE})
    desk.secret.add("secret.py")
    foreword = Foreword(desk)
    for uri in desk.texts:
        foreword.touched(uri)
    assert await before(desk, foreword, "here.py") == f"# a.py\n{ALIKE}\n"
    asked = len(desk.asked)
    foreword.touched("here.py")
    assert await before(desk, foreword, "here.py") == f"# a.py\n{ALIKE}\n"
    assert len(desk.asked) == asked  # nothing is looked for while only this file changes
    foreword.closed("a.py")
    assert await before(desk, foreword, "here.py") == f"# a.py\n{ALIKE}\n"  # a prompt's beginning stays
    foreword.touched("huge.py")
    assert await before(desk, foreword, "here.py") == ""


async def test_notes_stand_nearest_and_a_new_choice_is_used_when_the_engine_has_read_it():
    desk = Desk({"a.py": ALIKE, "here.py": HERE})
    desk.noted = Notes("# Ladder(height)\n\n", ("orchard-tools@1.2.0",))
    foreword = Foreword(desk)
    for uri in desk.texts:
        foreword.touched(uri)
    first = f"# a.py\n{ALIKE}\n# Ladder(height)\n\n"
    assert await before(desk, foreword, "here.py") == first
    assert desk.read == []  # nothing was read before: the key reads it
    go = asyncio.Event()
    complete = desk.complete

    async def slow(request):
        await go.wait()
        await complete(request)

    desk.complete = slow
    desk.noted = Notes("# Basket()\n\n", ("orchard-tools@1.2.0",))
    foreword.touched("a.py")
    assert await before(desk, foreword, "here.py") == first
    go.set()
    second = first.replace("# Ladder(height)", "# Basket()")
    assert await before(desk, foreword, "here.py") == second
    (request,) = desk.read
    assert (request.context, request.background, request.max_tokens) == (second, True, 1)
    assert request.libraries == ("orchard-tools@1.2.0",)
    assert HERE.endswith(request.prefix)


async def test_no_key_waits_for_slow_files_and_none_are_read_where_it_is_switched_off():
    desk = Desk({"a.py": ALIKE, "here.py": HERE})
    foreword = Foreword(desk)
    for uri in desk.texts:
        foreword.touched(uri)
    go = asyncio.Event()

    async def slow(document):
        await go.wait()
        return True

    desk.may_send = slow
    assert await before(desk, foreword, "here.py") == ""
    go.set()
    assert await before(desk, foreword, "here.py") == f"# a.py\n{ALIKE}\n"
    desk.tokens = 0
    assert await before(desk, foreword, "here.py") == ""
