"""Neovim 0.12 and 0.11, the real ones, with the README's lines in a fresh home, against the real server on the default
weights.

One Neovim of each version is used from top to bottom, as a session is: the tests follow one another, each compares what
it changed. `make test-neovim` runs them; with SEAL_SCREENSHOTS=1 the README's pictures are written as they pass.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import neovim
import prepared
import pytest
from farm import LIBRARY, MAIN, environ, make_project, server_on_path, servers_of
from newcomer import NAMES, SETTINGS, line_below, newcomers_lines, picture

pytestmark = [pytest.mark.editors, pytest.mark.weights, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def home(tmp_path_factory, nvim) -> Iterator[Path]:
    with prepared.home(tmp_path_factory) as home:
        yield home


@pytest.fixture(scope="module")
def farm(tmp_path_factory, nvim) -> Path:
    return make_project(tmp_path_factory.mktemp("work") / "farm")


@pytest.fixture(scope="module")
def editor(nvim, tmp_path_factory, home, farm) -> Iterator[neovim.Neovim]:
    folder = tmp_path_factory.mktemp("neovim")
    path = f"{server_on_path(folder / 'bin')}{os.pathsep}{environ(home)['PATH']}"
    with neovim.started(nvim, folder, SETTINGS + newcomers_lines(), environ(home, PATH=path), farm) as started:
        yield started


@pytest.fixture(autouse=True)
def normal_mode(editor):
    """Each test begins in normal mode, in one window, with nothing unsaved."""
    yield
    editor.keys("<Esc><Esc>")
    editor.command("silent! wall | silent! only")


def test_a_file_is_opened_and_the_model_gets_ready(editor, farm):
    editor.edit(farm / "main.py")
    editor.status("seal", seconds=300)
    assert editor.seen("main.py").endswith("seal")


def test_the_menu_has_the_names_that_exist_and_no_ghost_text_beside_it(editor, farm):
    editor.keys("Go")
    editor.type("ladder.")
    assert set(editor.menu()) == NAMES
    editor.look_again(1.5)
    assert set(editor.menu()) == NAMES
    assert editor.ghost_text_now() == ""
    editor.keys("<C-e>")
    editor.ghost_text()
    editor.keys("<Esc>u")
    assert editor.save() == MAIN.encode()


@pytest.mark.parametrize(
    ("file", "before", "end"),
    [("main.py", "basket.", "\n"), ("main.py", "s = '😋漢字é'; press.", "\n"), ("windows.py", "basket.", "\r\n")],
    ids=["plain", "emoji and CJK before the cursor", "CRLF"],
)
def test_ghost_text_is_taken_byte_for_byte(editor, farm, file, before, end):
    editor.edit(farm / file)
    was = (farm / file).read_bytes()
    ghost = line_below(editor, before)
    assert re.match(r"(put|weigh|tip_out|capacity|label|squeeze|rinse|pressure|mesh)\b", ghost), ghost
    editor.keys("<Tab>")
    editor.until(lambda: editor.ghost_text_now() != ghost)
    editor.keys("<Esc>")
    assert editor.save() == was + (before + ghost + "\n").replace("\n", end).encode()


def test_typed_along_then_by_word_then_by_line(editor, farm):
    editor.edit(farm / "main.py")
    was = (farm / "main.py").read_bytes().decode()
    ghost = line_below(editor, "ladder.cli")
    picture(editor, "ghost-text")
    assert ghost.startswith("mb("), ghost
    editor.type("m")
    editor.until(lambda: editor.ghost_text_now() == ghost[1:], "the rest")
    editor.keys("<M-Right>")
    editor.until(lambda: editor.ghost_text_now() == ghost[2:], "what follows the word")
    assert editor.lua("return vim.api.nvim_get_current_line()") == "ladder.climb"
    editor.keys("<M-C-Right>")
    editor.until(lambda: editor.ghost_text_now() != ghost[2:])
    editor.keys("<Esc>")
    assert editor.save().decode() == was + "ladder.cli" + ghost.split("\n")[0] + "\n"


def test_put_aside_and_asked_for(editor, farm):
    was = (farm / "main.py").read_bytes()
    ghost = line_below(editor, "press.sq")
    editor.keys("<C-]>")
    editor.until(lambda: not editor.ghost_text_now())
    editor.look_again(1.5)
    assert editor.ghost_text_now() == ""
    editor.keys(r"<M-\>")
    assert editor.ghost_text() == ghost
    editor.type("X")
    editor.until(lambda: editor.ghost_text_now() != ghost)
    editor.keys("<Esc>")
    assert editor.save() == was + b"press.sqX\n"


def test_a_tab_is_a_tab_where_there_is_no_ghost_text(editor, farm):
    was = (farm / "main.py").read_bytes()
    editor.keys("Go# ")
    editor.keys("<C-]><Tab>x<Esc>")
    assert editor.save().removeprefix(was) in (b"# \tx\n", b"#   x\n")


def test_why_this_suggestion(editor):
    line_below(editor, "ladder.")
    editor.keys("<M-/>")
    editor.seen("% sure")
    said = " ".join(editor.floating())
    assert f"what was learned of {LIBRARY}" in said
    assert f"{prepared.GAIN:+.2f} bits/byte" in said


def test_a_hover_has_version_and_learned_state(editor, farm):
    editor.edit(farm / "windows.py")
    editor.keys("gg/climb<CR>K")
    editor.seen("climb(rungs: int = 4)")
    picture(editor, "hover")
    said = "\n".join(editor.floating())
    assert "orchard-tools@1.2.0" in said
    assert "learned (adapter" in said


def test_libraries_are_listed_completed_and_shown(editor):
    editor.command("Seal libraries")
    editor.seen(f"{LIBRARY}: learned (adapter")
    assert editor.lua("return vim.fn.getcompletion('Seal forget ', 'cmdline')") == ["orchard-tools@1.2.0"]
    assert editor.lua("return vim.fn.getcompletion('Seal rollback ', 'cmdline')") == []
    editor.command("Seal libraries orchard-tools")
    editor.until(lambda: editor.lua("return vim.fn.expand('%:t')") == "orchard-tools@1.2.0.md")


def test_status_and_health(editor, farm):
    editor.edit(farm / "main.py")
    editor.command("Seal status")
    editor.seen("1 library learned")
    assert any(str(farm / ".venv") in line for line in editor.floating())
    editor.command("checkhealth seal")
    said = "\n".join(editor.until(lambda: (found := editor.buffer()) and "lsp.log" in found[-2] and found, "health"))
    for words in ("Neovim 0", "executable: .*/seal-lsp", r"running: seal-lsp \d", "state: ", "model: .* on ", "log: "):
        assert re.search(f"OK {words}", said), said
    editor.command("bwipeout")
    editor.command("Seal log")
    editor.until(lambda: editor.lua("return vim.fn.expand('%:t')") == "server.log")
    editor.command("bwipeout")


def test_a_second_buffer_has_the_same_server_a_second_workspace_its_own(editor, farm, home, tmp_path_factory):
    editor.edit(farm / "main.py")
    editor.edit(farm / "windows.py")
    assert len(servers_of(home)) == 1
    other = make_project(tmp_path_factory.mktemp("other") / "meadow")
    editor.edit(other / "main.py")
    assert len(servers_of(home)) == 2
    editor.status("seal")
    editor.keys("Go")
    editor.type("ladder.")
    assert set(editor.menu()) == NAMES
    editor.keys("<C-e><Esc>u")
    editor.command("bwipeout!")


def test_forgetting(editor, farm):
    editor.edit(farm / "windows.py")
    editor.keys(":Seal forget orchard-tools<CR>")
    editor.seen("[C]ancel")
    editor.keys("f")
    editor.notified("orchard-tools 1.2.0 is forgotten")
    editor.until(lambda: editor.lua("return vim.fn.getcompletion('Seal forget ', 'cmdline')") == [], "it is gone")
    editor.keys("gg/climb<CR>K")
    editor.seen("climb(rungs: int = 4)")
    assert "not learned" in "\n".join(editor.floating())


@pytest.mark.parametrize("signal", ["kill", "terminate"])
def test_a_server_that_is_killed_comes_back(editor, farm, home, signal):
    editor.edit(farm / "main.py")
    before = editor.client()
    for server in servers_of(home):
        getattr(server, signal)()
    editor.until(lambda: editor.client() not in (0, before), "another server")
    editor.status("seal")
    editor.keys("Go")
    editor.type("press.")
    assert "squeeze" in editor.menu()
    editor.keys("<C-e>")
    editor.ghost_text()
    editor.keys("<Esc>u")


def test_pausing(editor):
    editor.command("Seal pause")
    editor.status("seal paused")
    editor.command("Seal resume")
    editor.status("seal")


def test_learning_shows_progress_and_how_it_ended(editor):
    """On a tiny budget the gate has the last word, whichever it is."""
    editor.command("Seal learn orchard-tools")
    seen = set()

    def ended() -> str:
        seen.update(re.findall(r"seal learning (\d+) %", "\n".join(editor.look())))
        seen.update(re.findall(rf"Learning {LIBRARY}: +\d+ ?%", "\n".join(editor.look())))
        found = re.search(rf"(?<!Learning ){LIBRARY}: .*", editor.messages())
        return found[0] if found else ""

    said = editor.until(ended, "the end of learning", seconds=600)
    assert re.search(r"learned \(adapter|the gate rejected it", said), said
    assert len([one for one in seen if one.isdigit()]) > 1, "the percentage stood still"
    assert any(one.startswith("Learning") for one in seen), "no progress message"
