"""The Emacs package as its reviewers look at it: it compiles, checkdoc and package-lint find nothing, it installs."""

from __future__ import annotations

import shutil
from pathlib import Path

import emacs
import pytest

pytestmark = pytest.mark.editors

TESTS = Path(__file__).with_name("seal-lsp-tests.el")
CHECKDOC = r"""(progn (require 'checkdoc)
  (dolist (file (directory-files default-directory nil "\\.el\\'")) (checkdoc-file file)))"""
LINT = """(progn (require 'package)
  (setq package-archives nil package-lint-main-file "seal-lsp.el" package-lint-batch-fail-on-warnings t))"""


@pytest.fixture
def sources(tmp_path) -> Path:
    return Path(shutil.copytree(emacs.PACKAGE, tmp_path / "sources"))


def files(folder: Path) -> list[str]:
    return sorted(str(file) for file in folder.glob("*.el"))


def on_path(folder: Path) -> list[str]:
    return [word for package in sorted((folder / "elpa").iterdir()) for word in ("-L", str(package))]


@pytest.mark.parametrize("with_lsp_mode", [False, True], ids=["alone", "with lsp-mode"])
def test_it_compiles_without_a_warning(emacs_folder, sources, tmp_path, with_lsp_mode):
    """lsp-mode is optional: the package compiles where it is not installed."""
    more = on_path(emacs_folder) if with_lsp_mode else []
    strict = ["--eval", "(setq byte-compile-error-on-warn t)"]
    done = emacs.batch(
        emacs_folder, [*more, "-L", str(sources), *strict, "-f", "batch-byte-compile", *files(sources)], tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    assert len(list(sources.glob("*.elc"))) == len(files(sources))


def test_checkdoc_finds_nothing(emacs_folder, sources, tmp_path):
    done = emacs.batch(emacs_folder, ["--chdir", str(sources), "--eval", CHECKDOC], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_package_lint_finds_nothing(emacs_folder, sources, tmp_path):
    here = ["--chdir", str(sources), *on_path(emacs_folder), "--eval", LINT]
    lint = ["-l", "package-lint", "-f", "package-lint-batch-and-exit", *files(sources)]
    done = emacs.batch(emacs_folder, [*here, *lint], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_does_what_it_should_without_a_server(emacs_folder, tmp_path):
    emacs.new_home(emacs_folder, tmp_path / "home")
    run = ["--eval", "(package-initialize)", "-l", str(TESTS), "-f", "ert-run-tests-batch-and-exit"]
    done = emacs.batch(emacs_folder, run, tmp_path / "home")
    assert done.returncode == 0, done.stderr
    assert "0 unexpected" in done.stderr
