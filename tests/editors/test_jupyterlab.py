"""JupyterLab with jupyterlab-lsp, set up as the README tells, against the real server on the default weights.

One notebook is used from top to bottom, as a session is: the tests follow one another. Its kernel is Jupyter's own,
which has no orchard, and no cell is ever run: what is known of the library comes from the server.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import browsing
import jupyterlab
import prepared
import pytest
from farm import (
    ROOT,
    SCREENSHOTS,
    engines_of,
    environ,
    eventually,
    make_project,
    server_on_path,
    servers_of,
)

pytestmark = [pytest.mark.editors, pytest.mark.weights, pytest.mark.timeout(900)]

NAMES = {"climb", "fold", "height", "folding"}
FIRST = "from orchard import Ladder\nladder = Ladder(height=4.0)"
NOTEBOOK = "the harvest é.ipynb"


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Iterator[Path]:
    with prepared.home(tmp_path_factory) as home:
        yield home


@pytest.fixture(scope="module")
def farm(tmp_path_factory) -> Path:
    folder = make_project(tmp_path_factory.mktemp("work") / "farm")
    (folder / NOTEBOOK).write_text(jupyterlab.notebook(FIRST, ""), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def variables(tmp_path_factory, home) -> dict[str, str]:
    own = environ(home, SEAL_LEARN__AUTO="false", SEAL_ENGINE__IDLE_EXIT_S="600")
    return own | {"PATH": f"{server_on_path(tmp_path_factory.mktemp('bin'))}{os.pathsep}{own['PATH']}"}


@pytest.fixture(scope="module")
def lab(browser, lab_folder, tmp_path_factory, farm, variables, home) -> Iterator[jupyterlab.Lab]:
    """The session's page, on the notebook, its server running."""
    folder = tmp_path_factory.mktemp("jupyter")
    with (
        jupyterlab.served(lab_folder, folder, farm, variables) as address,
        browsing.page_of(browser, folder / "last.png") as page,
    ):
        opened = jupyterlab.Lab(page)
        opened.open_notebook(address, NOTEBOOK)
        eventually(lambda: engines_of(home), 120)
        yield opened
    eventually(lambda: not servers_of(home))


def test_jupyter_finds_an_installed_server(lab_folder, tmp_path):
    """jupyter-lsp reads the entry point as pip writes it, and finds in it what the README's file says."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    points = project["entry-points"]["jupyter_lsp_spec_v1"]
    described = "[jupyter_lsp_spec_v1]\n" + "\n".join(f"{name} = {what}" for name, what in points.items())
    jupyterlab.write(tmp_path / "seal_lsp-0.dist-info/entry_points.txt", described)
    jupyterlab.write(tmp_path / "seal_lsp-0.dist-info/METADATA", "Metadata-Version: 2.1\nName: seal-lsp\nVersion: 0\n")
    (tmp_path / "seal_lsp").symlink_to(ROOT / "seal_lsp")
    code = """import json, jupyter_lsp.manager
manager = jupyter_lsp.manager.LanguageServerManager()
manager.initialize()
print(json.dumps(manager.language_servers["seal-lsp"]))"""
    python = str(lab_folder / "venv/bin/python")
    seen = environ(tmp_path) | {"PYTHONPATH": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run([python, "-c", code], env=seen, cwd=tmp_path, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    told = json.loads(jupyterlab.newcomers_file())["LanguageServerManager"]["language_servers"]["seal-lsp"]
    assert found.pop("argv") == [python, "-P", "-m", "seal_lsp.cli.entry"]
    assert told.pop("argv") == ["seal-lsp"]
    assert told.items() <= found.items()


def test_a_cell_completes_what_the_first_one_imported(lab, farm):
    lab.edit(2)
    lab.type("ladder.")
    assert set(lab.menu_labels()) == NAMES
    lab.screenshot(SCREENSHOTS / "jupyterlab-menu.png")
    lab.take("climb")
    lab.save()
    assert jupyterlab.sources(farm / NOTEBOOK) == [FIRST, "ladder.climb"]


def test_a_keyword_is_taken_with_its_equals_sign(lab, farm):
    lab.edit(2)
    lab.type("\nLadder(")
    assert {"height=", "folding="} <= set(lab.menu_labels())
    lab.take("folding=")
    lab.type("False)")
    lab.save()
    assert jupyterlab.sources(farm / NOTEBOOK) == [FIRST, "ladder.climb\nLadder(folding=False)"]


def test_a_hover_has_version_and_learned_state(lab):
    said = lab.hover_over(2, "climb", "orchard-tools@1.2.0")
    assert "climb(rungs: int = 4)" in said
    assert "learned (adapter" in said


def test_the_cells_above_are_read_as_they_are_now(lab, farm):
    """A line magic and another class in the first cell, not saved."""
    lab.edit(1)
    lab.type("\n%pwd\nfrom orchard import Press\nladder = Press(mesh=8)")
    lab.edit(2)
    lab.type("\nladder.")
    assert set(lab.menu_labels()) == {"squeeze", "rinse", "pressure", "mesh"}
    lab.close_menu()
    assert jupyterlab.sources(farm / NOTEBOOK)[0] == FIRST


def test_a_server_that_is_killed_is_back_after_a_reload(lab, home):
    """jupyter-lsp does not look whether a server lives: it starts one for the first page that asks."""
    lab.save()
    (before,) = servers_of(home)
    before.kill()
    lab.reload()
    (now,) = servers_of(home)
    assert now.pid != before.pid
    assert len(engines_of(home)) == 1
    lab.edit(2)
    lab.type("\nladder.")
    assert "squeeze" in lab.menu_labels()
    lab.close_menu()


def test_settings_and_priority_over_another_server(browser, lab_folder, tmp_path, variables):
    """Both from JupyterLab's settings. The interpreter's is needed: the project has no environment of its own."""
    folder = make_project(tmp_path / "farm")
    (folder / ".venv").rename(tmp_path / "elsewhere")
    (folder / NOTEBOOK).write_text(jupyterlab.notebook(FIRST, ""), encoding="utf-8")
    rival = {"version": 2, "argv": [sys.executable, "-c", "input()"], "languages": ["python"]}
    servers = {"LanguageServerManager": {"language_servers": {"a-rival": rival}}}
    jupyterlab.write(tmp_path / "home" / jupyterlab.CONFIGURATION.replace("seal-lsp", "rival"), json.dumps(servers))
    own = {"priority": 60, "serverSettings": {"seal.python.interpreter": str(tmp_path / "elsewhere")}}
    jupyterlab.write_settings(
        tmp_path / "home", "@jupyter-lsp/jupyterlab-lsp/plugin", {"language_servers": {"seal-lsp": own}}
    )
    with (
        jupyterlab.served(lab_folder, tmp_path / "home", folder, variables | {"SEAL_ENGINE": "off"}) as address,
        browsing.page_of(browser, tmp_path / "last.png") as page,
    ):
        opened = jupyterlab.Lab(page)
        opened.open_notebook(address, NOTEBOOK)
        opened.edit(2)
        opened.type("ladder.")
        assert set(opened.menu_labels()) == NAMES
