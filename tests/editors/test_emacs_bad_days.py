"""Emacs when there is no server to be had: it crashes, it is missing, the project's own files say where it is."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import emacs
import pytest
from emacs_readme import SETUPS, newcomers_lines
from farm import environ, eventually, make_project, servers_of

pytestmark = [pytest.mark.editors, pytest.mark.timeout(600)]


@pytest.fixture(params=SETUPS)
def client(request) -> str:
    return request.param


@pytest.fixture
def home(emacs_folder, tmp_path) -> Path:
    emacs.new_home(emacs_folder, tmp_path / "user")
    return tmp_path / "user"


def test_a_server_that_cannot_start_is_not_started_for_ever(client, emacs_folder, home, tmp_path):
    folder = make_project(tmp_path / "farm")
    words = " ".join(map(json.dumps, [sys.executable, "-c", "import sys; sys.exit('out of cider')"]))
    init = f"{newcomers_lines(client)}(setopt seal-lsp-server-command '({words}))\n"
    with emacs.started(emacs_folder, home, init, environ(tmp_path / "seal"), folder) as running:
        running.open_file(folder / "main.py", new_project=client == "lsp-mode")
        running.lighter(" Seal:restarting")
        said = running.said("is not started again")
        assert "ended 5 times" in said
        assert "out of cider" in said
        running.lighter(" Seal:stopped")
        running.type("\x181")
        running.command("seal-lsp-log")
        running.terminal.shows("out of cider")
        running.command("seal-lsp-restart")
        running.lighter(" Seal:restarting")


def test_without_a_server_it_is_said_what_to_do(client, emacs_folder, home, tmp_path):
    (home / "bin" / "seal-lsp").unlink()
    folder = make_project(tmp_path / "farm")
    with emacs.started(emacs_folder, home, newcomers_lines(client), environ(tmp_path / "seal"), folder) as running:
        running.open_file(folder / "main.py")
        said = running.said("is not on")
        assert "Install it with pip" in said
        assert "seal-lsp-server-command" in said
        running.command("seal-lsp-learn")
        running.said("No seal-lsp serves this buffer")


def test_a_project_does_not_say_which_program_is_the_server(client, emacs_folder, home, tmp_path):
    """Emacs asks before it takes such a value from a project's .dir-locals.el."""
    folder = make_project(tmp_path / "farm")
    marker = tmp_path / "started"
    words = " ".join(map(json.dumps, [sys.executable, "-c", f"open({str(marker)!r}, 'w')"]))
    (folder / ".dir-locals.el").write_text(f"((python-base-mode . ((seal-lsp-server-command . ({words})))))\n")
    (home / "bin" / "seal-lsp").unlink()
    with emacs.started(emacs_folder, home, newcomers_lines(client), environ(tmp_path / "seal"), folder) as running:
        running.type(f"\x18\x06\x01\x0b{folder / 'main.py'}\r")
        running.terminal.shows("seal-lsp-server-command : ")
        running.type("n")
        running.said("is not on")
        assert not marker.exists()


# TRAMP's own tests reach "another machine" in this way: a shell of its own, all that is said to it goes through it.
ANOTHER_MACHINE = """
(require 'tramp)
(add-to-list 'tramp-methods
             '("mock" (tramp-login-program "/bin/sh") (tramp-login-args (("-i"))) (tramp-remote-shell "/bin/sh")
               (tramp-remote-shell-args ("-c")) (tramp-connection-timeout 10)))
"""


def test_a_file_on_another_machine_has_its_server_there(client, emacs_folder, home, tmp_path):
    folder = make_project(tmp_path / "farm")
    only_there = tmp_path / "elsewhere"
    only_there.mkdir()
    (home / "bin" / "seal-lsp").rename(only_there / "seal-lsp")
    init = f"{ANOTHER_MACHINE}(add-to-list 'tramp-remote-path {json.dumps(str(only_there))})\n{newcomers_lines(client)}"
    own = environ(tmp_path / "seal")
    with emacs.started(emacs_folder, home, init, own, tmp_path) as running:
        running.open_file(f"/mock:localhost:{folder}/main.py", new_project=client == "lsp-mode")
        running.lighter(" Seal")
        running.type("ladder.")
        assert "climb" in running.menu("climb")
        (server,) = servers_of(tmp_path / "seal")
        server.kill()
        eventually(lambda: (now := servers_of(tmp_path / "seal")) and now[0].pid != server.pid)
        running.lighter(" Seal:problem")
        running.type("\x1b>\x7f.")
        assert "climb" in running.menu("climb")
