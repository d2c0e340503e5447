"""Helix, the real one, with the README's languages.toml in a fresh home, against the real server on the default
weights.

One Helix is used from top to bottom, as a session is: the tests follow one another, each compares what it changed.
`make test-helix` runs them; with SEAL_SCREENSHOTS set, the picture for the README is written as they pass.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import helix
import prepared
import pytest
from client_readme import block
from farm import LIBRARY, MAIN, SCREENSHOTS, environ, eventually, make_project, server_on_path, servers_of
from newcomer import NAMES

from seal_lsp.lsp.features.execute_command import COMMANDS

pytestmark = [pytest.mark.editors, pytest.mark.weights, pytest.mark.timeout(900)]

SETTINGS = """
[language-server.seal-lsp.config.seal]
learn = { auto = false }
completion = { rank_deadline_ms = 5000 }
engine = { idle_exit_s = 600 }
"""
PRESS = {"squeeze", "rinse", "pressure", "mesh"}
BASKET = {"put", "weigh", "tip_out", "capacity", "label"}
VERSION = LIBRARY.replace(" ", "@")


@dataclass
class Session:
    helix: helix.Helix
    home: Path
    farm: Path

    def hover_at_climb(self, says: str, seconds: float = 60) -> None:
        """Until the hover at `climb` in main.py says so."""
        self.helix.open_file(self.farm / "main.py")
        self.helix.type("gg/climb\r")
        self.helix.shows(" 4:12")
        self.helix.again(" k", lambda text: re.search(says, " ".join(text.split())), 3, seconds)


@pytest.fixture(scope="module")
def session(helix_folder, tmp_path_factory) -> Iterator[Session]:
    """A newcomer's Helix; the user's weights, and one library that was learned before."""
    user = tmp_path_factory.mktemp("user")
    farm = make_project(tmp_path_factory.mktemp("work") / "farm")
    with prepared.home(tmp_path_factory) as home:
        seen = environ(home, PATH=f"{server_on_path(user / 'bin')}{os.pathsep}{environ(home)['PATH']}")
        with helix.started(helix_folder, user, block("Helix", "toml") + SETTINGS, seen, farm / "main.py") as started:
            yield Session(started, home, farm)
            started.quit()
    eventually(lambda: not servers_of(home))


def test_a_file_is_opened_and_the_server_says_what_it_can_be_told(session):
    assert session.helix.commands() == list(COMMANDS)
    assert len(servers_of(session.home)) == 1


def test_a_hover_has_version_and_learned_state(session):
    session.hover_at_climb(rf"climb\(rungs: int = 4\) .* {VERSION} · learned \(adapter")


def test_the_menu_has_the_names_that_exist_and_says_what_they_are(session):
    session.helix.line_below("ladder.")
    first = session.helix.menu(NAMES)[0]
    session.helix.type("\t")
    session.helix.line(f"ladder.{first}")
    session.helix.shows(f"orchard.Ladder.{first} · {VERSION} · learned (adapter")
    if os.environ.get("SEAL_SCREENSHOTS"):
        session.helix.terminal.picture(SCREENSHOTS / "helix-menu.svg")
    session.helix.normal()
    session.helix.type("xd")
    assert session.helix.save(session.farm / "main.py") == MAIN.encode()


@pytest.mark.parametrize(
    ("file", "typed", "behind", "names", "end"),
    [
        ("main.py", "basket.", "", BASKET, "\n"),
        ("main.py", "s = '😋漢字é'; press.", "", PRESS, "\n"),
        ("main.py", "s = '😋漢字é'; ladder.climb(", ")", {"rungs="}, "\n"),
        ("windows.py", "s = '😋漢字é'; press.", "", PRESS, "\r\n"),
    ],
    ids=["plain", "emoji and CJK before the cursor", "a keyword", "CRLF"],
)
def test_what_is_chosen_is_in_the_file_byte_for_byte(session, file, typed, behind, names, end):
    session.helix.open_file(session.farm / file)
    was = (session.farm / file).read_bytes()
    session.helix.line_below(typed, behind)
    chosen = session.helix.menu(names)[0]
    session.helix.type("\t")
    session.helix.line(typed + chosen + behind)
    session.helix.type("\r")
    session.helix.shows(lambda text: not helix.ENTRY.search(text))
    assert session.helix.save(session.farm / file) == was + f"{typed}{chosen}{behind}{end}".encode()


def test_letters_narrow_the_menu(session):
    session.helix.open_file(session.farm / "main.py")
    was = (session.farm / "main.py").read_bytes()
    session.helix.line_below("ladder.")
    session.helix.menu(NAMES)
    session.helix.type("fo")
    assert set(session.helix.menu({"fold", "folding"})) == {"fold", "folding"}
    session.helix.normal()
    assert session.helix.save(session.farm / "main.py") == was + b"ladder.fo\n"


def test_what_was_learned_is_shown_then_forgotten(session):
    session.hover_at_climb(r"· learned \(adapter")
    session.helix.again(" a", f"Show what was learned of {LIBRARY}")
    session.helix.type("\r")
    session.helix.shows(f"# What was learned of {VERSION}")
    session.helix.command("buffer-close")
    session.helix.command("lsp-workspace-command seal.libraries")
    session.helix.shows(f"- **{LIBRARY}**: learned (adapter")
    session.helix.command("buffer-close")
    session.helix.command("lsp-workspace-command seal.status")
    session.helix.shows("seal-lsp: ")  # the model may still be loading
    session.helix.command('lsp-workspace-command seal.learn "orchard-tools"')
    session.helix.shows(f"{LIBRARY}: learned (adapter")  # how asking for it ended
    session.helix.command('lsp-workspace-command seal.forget "orchard-tools"')
    session.hover_at_climb(f"{VERSION} · not learned")


@pytest.mark.parametrize("signal", ["kill", "terminate"])
def test_a_server_that_is_killed_is_said_to_be_gone_and_restarted_on_command(session, signal):
    session.helix.open_file(session.farm / "main.py")
    (server,) = servers_of(session.home)
    getattr(server, signal)()
    session.helix.shows("Language server exited: seal-lsp")
    session.helix.command("lsp-restart")
    assert session.helix.commands() == list(COMMANDS)
    was = (session.farm / "main.py").read_bytes()
    session.helix.line_below("press.")
    session.helix.menu(PRESS)
    session.helix.normal()
    assert session.helix.save(session.farm / "main.py") == was + b"press.\n"


def test_learning_begins_by_a_code_action(session):
    session.hover_at_climb(f"{VERSION} · not learned")
    session.helix.again(" a", f"Learn {LIBRARY}")
    session.helix.type("\r")
    session.hover_at_climb("not learned yet: that is under way", 120)
