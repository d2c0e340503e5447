"""Emacs, the real one, with the package as a newcomer installs it, against the real server on the default weights: once
with Eglot, once with lsp-mode.

One session is used from top to bottom, in a terminal: the tests follow one another, each compares what it changed.
`make test-emacs` runs them; with SEAL_SCREENSHOTS set, pictures for the README are written as they pass.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import emacs
import prepared
import pytest
from emacs_readme import SETUPS, newcomers_lines
from emacs_session import ACCEPT, ASK, CHOOSE, Session
from farm import LIBRARY, MAIN, environ, eventually, servers_of

pytestmark = [pytest.mark.editors, pytest.mark.weights, pytest.mark.timeout(900)]

SETTINGS = """
(setopt seal-lsp-learn-auto nil
        seal-lsp-learn-max-tokens 1000
        seal-lsp-inline-first-ms 20000
        seal-lsp-inline-deadline-ms 20000
        seal-lsp-engine-idle-exit-s 600)
"""


@pytest.fixture(scope="module", params=SETUPS)
def session(request, emacs_folder, tmp_path_factory) -> Iterator[Session]:
    """A newcomer's Emacs; the user's weights, and one library that was learned before."""
    user = tmp_path_factory.mktemp("user")
    emacs.new_home(emacs_folder, user)
    init = newcomers_lines(request.param) + SETTINGS
    work = tmp_path_factory.mktemp("work")
    with (
        prepared.home(tmp_path_factory) as home,
        emacs.started(emacs_folder, user, init, environ(home), work) as running,
    ):
        session = Session(request.param, running, home, work, work / "farm")
        session.open_project("farm")
        yield session
        running.quit()
    eventually(lambda: not servers_of(session.home))


def test_a_file_is_opened_and_the_model_gets_ready(session):
    session.emacs.lighter(" Seal:starting", " Seal:loading", " Seal")
    eventually(lambda: session.emacs.eval("(drive-lighter)") == " Seal", 300)
    assert " Seal" in session.emacs.terminal.text()
    session.emacs.command("seal-lsp-status")
    session.emacs.terminal.shows("1 library learned")
    if session.client == "eglot":  # lsp-mode says by itself what it can
        said = session.emacs.eval("(eglot-client-capabilities (eglot-current-server))")
        assert "inlineCompletion" in said["textDocument"]


def test_the_menu_has_the_names_that_exist_and_no_ghost_text_beside_it(session):
    session.emacs.type("\nladder.")
    names = session.emacs.menu("climb")
    assert set(names) == {"climb", "fold", "height", "folding"}
    session.emacs.terminal.shows(lambda text: all(name in text for name in names))
    time.sleep(2)
    assert session.emacs.eval("completion-in-region-mode")
    assert session.emacs.eval("(drive-ghost)") is None
    session.emacs.type(*CHOOSE)
    eventually(lambda: session.emacs.line() in {f"ladder.{name}" for name in names})
    session.emacs.control_g()
    session.emacs.type("\x01\x0b\x7f")
    session.emacs.save()
    assert (session.farm / "main.py").read_bytes() == MAIN.encode()


@pytest.mark.parametrize(
    ("file", "before", "end"),
    [("main.py", "\nbasket.", "\n"), ("main.py", "\ns = '😋漢字é'; press.", "\n"), ("windows.py", "\nbasket.", "\r\n")],
    ids=["plain", "emoji and CJK before the cursor", "CRLF"],
)
def test_ghost_text_is_taken_byte_for_byte(session, file, before, end):
    session.emacs.open_file(session.farm / file)
    was = (session.farm / file).read_bytes()
    session.emacs.type(before)
    session.emacs.ghost()
    session.emacs.control_g()
    session.emacs.command(ASK[session.client])
    ghost = session.emacs.ghost()
    assert re.match(r"(put|weigh|tip_out|capacity|label|squeeze|rinse|pressure|mesh)\b", ghost), ghost
    session.emacs.type(ACCEPT[session.client])
    session.emacs.save()
    assert (session.farm / file).read_bytes() == was + (before + ghost).replace("\n", end).encode()


def test_ghost_text_by_words_and_while_it_is_typed_along(session):
    """Unasked, while typing. lsp-mode has commands for the whole suggestion only, and asks anew for each key."""
    emacs_ = session.emacs
    emacs_.open_file(session.farm / "main.py")
    was = (session.farm / "main.py").read_bytes().decode()
    emacs_.type("\nladder.cli")
    ghost = emacs_.ghost()
    assert ghost.startswith("mb(")
    emacs_.type("m")
    ghost = emacs_.ghost()
    assert ghost.startswith("b(")
    session.picture("ghost-text")
    if session.client == "lsp-mode":
        emacs_.type(ACCEPT["lsp-mode"])
    else:
        emacs_.type("b")
        emacs_.type("\x1bf")
        eventually(lambda: emacs_.line() == "ladder.climb(")
        emacs_.type("\x1bf")
        eventually(lambda: emacs_.line() == "ladder.climb(rungs")
        emacs_.type("\x05")
    emacs_.save()
    assert (session.farm / "main.py").read_bytes().decode() == was + "\nladder.clim" + ghost


def test_why_this_suggestion(session):
    session.emacs.open_file(session.farm / "windows.py")
    session.emacs.type("\nladder.")
    session.emacs.ghost()
    session.emacs.control_g()
    session.emacs.command("seal-lsp-why")
    said = session.emacs.said("% sure")
    assert f"what was learned of {LIBRARY}" in said
    assert f"{prepared.GAIN:+.2f} bits/byte" in said
    session.emacs.type("\x15\x1bx")  # C-u M-x
    session.emacs.terminal.shows("M-x")
    session.emacs.type("seal-lsp-why\r")
    session.emacs.terminal.shows("What was learned of orchard-tools@1.2.0")
    session.emacs.type("\x18b" + "windows.py\r", "\x181")


def test_a_hover_has_version_and_learned_state(session):
    said = session.hover_at_climb("orchard-tools")
    assert "climb(" in said
    assert "rungs: int = 4" in said
    assert "1.2.0" in said
    assert "learned (adapter" in said
    session.picture("hover")
    session.emacs.type("\x181")


def test_the_libraries_have_version_gain_and_day(session):
    session.emacs.open_file(session.farm / "main.py")
    session.emacs.command("seal-lsp-libraries")
    row = session.emacs.terminal.shows(r"2026-11-26")
    assert re.search(rf"orchard-tools +1\.2\.0 +live +{re.escape(f'{prepared.GAIN:+.2f}')} +2026-11-26", row)
    session.emacs.type("q")


def test_forgetting(session):
    session.emacs.open_file(session.farm / "main.py")
    session.emacs.command("seal-lsp-forget")
    session.emacs.answer("Forget which library?", LIBRARY)
    session.emacs.terminal.shows(f"Delete the adapters of {LIBRARY}?")
    session.emacs.type("y")
    session.emacs.said(f"{LIBRARY} is forgotten")
    session.hover_at_climb("not learned")
    session.emacs.type("\x181")


def test_a_server_that_is_killed_comes_back(session):
    session.emacs.open_file(session.farm / "main.py")
    (before,) = servers_of(session.home)
    before.kill()
    eventually(lambda: [now.pid for now in servers_of(session.home)] not in ([], [before.pid]))
    eventually(lambda: session.emacs.eval("(drive-lighter)") == " Seal")
    session.emacs.type("\npress.")
    session.emacs.menu("squeeze")
    session.emacs.control_g()
    session.emacs.type("\x01\x0b\x7f")
    session.emacs.save()


def test_pausing(session):
    session.emacs.command("seal-lsp-pause")
    session.emacs.lighter(" Seal:paused")
    session.emacs.command("seal-lsp-resume")
    eventually(lambda: session.emacs.eval("(drive-lighter)") == " Seal")


def test_learning_shows_progress_and_how_it_ended(session):
    """On a tiny budget the gate has the last word, whichever it is."""
    session.emacs.command("seal-lsp-learn")
    session.emacs.answer("Learn which library?", LIBRARY)
    session.emacs.lighter(" Seal:learning")
    seen = set()
    while "learning" in (now := session.emacs.eval("(drive-lighter)")):
        seen.add(now)
        time.sleep(0.2)
    assert len(seen) > 1, "the percentage stood still"
    said = session.emacs.said(f"{LIBRARY}: ")
    assert re.search(rf"{LIBRARY}: .*(learned \(adapter|the gate rejected it)", said), said


def test_a_second_buffer_and_a_second_workspace(session):
    """Eglot has a server for each project; lsp-mode has one, with many folders."""
    session.emacs.open_file(session.farm / "windows.py")
    assert len(servers_of(session.home)) == 1
    second = session.open_project("second")
    session.emacs.lighter(" Seal")
    session.emacs.type("\nbasket.")
    session.emacs.menu("tip_out")
    session.emacs.control_g()
    session.emacs.command(ASK[session.client])
    ghost = session.emacs.ghost()
    session.emacs.type(ACCEPT[session.client])
    session.emacs.save()
    assert (second / "main.py").read_bytes() == (MAIN + "\nbasket." + ghost).encode()
    assert len(servers_of(session.home)) == (2 if session.client == "eglot" else 1)
