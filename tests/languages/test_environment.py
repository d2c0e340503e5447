"""Finding the environment of a workspace from files alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seal_lsp.core.errors import EnvironmentProblem
from seal_lsp.languages.python.environment import find_environment

from .conftest import make_environment


def conda(folder: Path) -> Path:
    site = folder / "lib" / "python3.12" / "site-packages"
    site.mkdir(parents=True)
    (folder / "conda-meta").mkdir()
    (folder / "conda-meta" / "python-3.12.4-h1_0.json").write_text("{}")
    return site


@pytest.mark.parametrize("name", [".venv", "venv"])
def test_a_folder_of_the_workspace(tmp_path: Path, name: str) -> None:
    site = make_environment(tmp_path, name)
    found = find_environment(tmp_path, variables={})
    assert (found.origin, found.version, found.site_packages) == (name, "3.11.7", (site,))
    assert found.python == tmp_path / name / "bin" / "python"


def test_the_order(tmp_path: Path) -> None:
    """setting > VIRTUAL_ENV > .venv > venv > conda > a child with pyvenv.cfg."""
    make_environment(tmp_path, "other")
    assert find_environment(tmp_path, variables={}).origin == "pyvenv.cfg"
    conda(tmp_path / "conda")
    variables = {"CONDA_PREFIX": str(tmp_path / "conda")}
    assert find_environment(tmp_path, variables=variables).origin == "conda"
    make_environment(tmp_path, "venv")
    assert find_environment(tmp_path, variables=variables).origin == "venv"
    make_environment(tmp_path, ".venv")
    assert find_environment(tmp_path, variables=variables).origin == ".venv"
    make_environment(tmp_path, "active")
    variables["VIRTUAL_ENV"] = str(tmp_path / "active")
    assert find_environment(tmp_path, variables=variables).origin == "VIRTUAL_ENV"
    found = find_environment(tmp_path, setting="other", variables=variables)
    assert (found.origin, found.prefix) == ("setting", tmp_path / "other")


def test_a_virtual_env_that_is_gone_is_passed_over(tmp_path: Path) -> None:
    make_environment(tmp_path)
    assert find_environment(tmp_path, variables={"VIRTUAL_ENV": str(tmp_path / "gone")}).origin == ".venv"


def test_conda_version(tmp_path: Path) -> None:
    site = conda(tmp_path / ".conda")
    found = find_environment(tmp_path, variables={})
    assert (found.origin, found.version, found.site_packages) == ("conda", "3.12.4", (site,))


def test_the_setting_may_be_an_executable_or_a_link_to_one(tmp_path: Path) -> None:
    site = make_environment(tmp_path, "env")
    python = tmp_path / "env" / "bin" / "python"
    assert find_environment(tmp_path, setting=str(python), variables={}).site_packages == (site,)
    (tmp_path / "tool").symlink_to(python)
    assert find_environment(tmp_path, setting="tool", variables={}).site_packages == (site,)


def test_system_site_packages_are_added(tmp_path: Path) -> None:
    site = make_environment(tmp_path)
    base = make_environment(tmp_path, "base")
    cfg = tmp_path / ".venv" / "pyvenv.cfg"
    cfg.write_text(f"home = {tmp_path / 'base' / 'bin'}\ninclude-system-site-packages = true\nversion = 3.11.7\n")
    assert find_environment(tmp_path, variables={}).site_packages == (site, base)


def test_windows_layout(tmp_path: Path) -> None:
    site = tmp_path / ".venv" / "Lib" / "site-packages"
    site.mkdir(parents=True)
    (tmp_path / ".venv" / "pyvenv.cfg").write_text("version_info = 3.13.1.final.0\n")
    found = find_environment(tmp_path, variables={})
    assert (found.site_packages, found.version) == ((site,), "3.13.1")


def nothing(root: Path) -> str:
    return ""


def empty_venv(root: Path) -> str:
    (root / ".venv").mkdir()
    return ""


def broken_link(root: Path) -> str:
    make_environment(root)
    python = root / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to(root / "gone")
    return ""


def missing_setting(root: Path) -> str:
    return str(root / "gone" / "bin" / "python")


def setting_no_program(root: Path) -> str:
    (root / "notes.txt").write_text("x")
    return "notes.txt"


def setting_no_environment(root: Path) -> str:
    (root / "docs").mkdir()
    return "docs"


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (nothing, "no Python environment found"),
        (empty_venv, "is not a Python environment"),
        (broken_link, "broken link"),
        (missing_setting, "does not exist"),
        (setting_no_program, "is not a program"),
        (setting_no_environment, "is not a Python environment"),
    ],
)
def test_problems_say_what_to_do(tmp_path: Path, prepare, said: str) -> None:
    setting = prepare(tmp_path)
    with pytest.raises(EnvironmentProblem, match=said) as raised:
        find_environment(tmp_path, setting=setting, variables={})
    assert raised.value.hint


def test_the_interpreter_is_never_run(tmp_path: Path) -> None:
    make_environment(tmp_path)
    python = tmp_path / ".venv" / "bin" / "python"
    python.write_text(f"#!/bin/sh\ntouch {tmp_path / 'ran'}\n")
    find_environment(tmp_path, setting=str(python), variables=dict(os.environ))
    assert not (tmp_path / "ran").exists()
