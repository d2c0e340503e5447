"""Whose text may leave this process: real folders, ignore files and links."""

from __future__ import annotations

import pytest

from seal_lsp.assist.permitted import permitted

EXCLUDE = ("secrets.*", "generated/", "!generated/kept.py")
FILES = [
    ("main.py", True),
    ("pkg/deep/module.py", True),
    ("new_and_unsaved.py", True),
    ("build/out.py", False),
    ("build/kept.py", False),  # git cannot take back what lies in an ignored folder
    ("pkg/scratch.py", False),
    ("pkg/scratch_kept.py", True),
    ("generated/a.py", False),
    ("secrets.py", False),
    (".env", False),
    (".ssh/config.py", False),
    ("id_rsa", False),
    ("excluded_by_info.py", False),
]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("repo")
    (root / ".git" / "info").mkdir(parents=True)
    (root / ".git" / "info" / "exclude").write_text("excluded_by_info.py\n")
    (root / ".gitignore").write_text("build/\n!build/kept.py\nscratch*\n")
    for name, _ in FILES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        if name != "new_and_unsaved.py":
            (root / name).write_text("")
    (root / "pkg" / ".gitignore").write_text("!scratch_kept.py\n")
    return root


@pytest.mark.parametrize(("name", "may"), FILES)
def test_files(name, may, root):
    assert permitted(root / name, (root,), EXCLUDE) is may


def test_outside_the_workspace(root, tmp_path):
    other = tmp_path / "other.py"
    other.write_text("")
    assert permitted(other, (root,), EXCLUDE) is False
    assert permitted(other, (), EXCLUDE) is True
    assert permitted(other, (root, tmp_path), EXCLUDE) is True
    link = root / "link.py"
    link.symlink_to(other)
    assert permitted(link, (root,), EXCLUDE) is False


def test_a_workspace_inside_a_repository_obeys_the_repository(root):
    assert permitted(root / "pkg" / "scratch.py", (root / "pkg",), EXCLUDE) is False


def test_a_workspace_opened_below_an_ignored_folder_was_opened_on_purpose(root):
    (root / "build" / "scratch").mkdir(exist_ok=True)
    (root / "build" / "scratch" / "main.py").write_text("")
    assert permitted(root / "build" / "scratch" / "main.py", (root / "build" / "scratch",), EXCLUDE) is True
    assert permitted(root / "build" / "scratch" / "main.py", (root,), EXCLUDE) is False
