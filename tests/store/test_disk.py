"""Writing: the old content or the new one, and a full disk said without a trace left."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest

from seal_lsp.core.errors import NoSpaceLeft
from seal_lsp.store import disk


@pytest.mark.parametrize(
    ("content", "expected"),
    [("text ü\n", "text ü\n".encode()), (b"\x00\xff", b"\x00\xff"), ("", b""), (b"x" * 300_000, b"x" * 300_000)],
)
def test_write_atomic(tmp_path, content, expected):
    path = tmp_path / "new" / "folder" / "file"
    disk.write_atomic(path, content)
    assert path.read_bytes() == expected
    disk.write_atomic(path, "other")
    assert path.read_text() == "other"
    assert [p.name for p in path.parent.iterdir()] == ["file"]


def test_write_atomic_replaces_a_link_and_not_what_it_points_to(tmp_path):
    (tmp_path / "target").write_text("kept")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    disk.write_atomic(tmp_path / "link", "new")
    assert (tmp_path / "target").read_text() == "kept"
    assert (tmp_path / "link").read_text() == "new"


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_a_full_disk_leaves_the_old_content_and_nothing_else(tmp_path, monkeypatch, code, call):
    path = tmp_path / "file"
    path.write_text("old")

    def full(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(disk.os, call, full)
    with pytest.raises(NoSpaceLeft, match="no space left") as caught:
        disk.write_atomic(path, "new")
    monkeypatch.undo()
    assert caught.value.exit_code == 9
    assert "free some space" in caught.value.hint
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_other_errors_are_not_called_a_full_disk(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileExistsError):
        disk.write_atomic(tmp_path / "file" / "below", "x")


LIMITED = """
import resource, sys, pathlib
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
from seal_lsp.core.errors import NoSpaceLeft
from seal_lsp.store.disk import write_atomic, copy_durable
folder = pathlib.Path(sys.argv[1])
for act in (lambda: write_atomic(folder / "file", b"x" * 100_000),
            lambda: copy_durable(folder / "big", folder / "copy")):
    try:
        act()
    except NoSpaceLeft as error:
        print(error.exit_code)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX limits")
def test_the_kernel_refuses_to_write_more(tmp_path):
    """A real write that fails half-way, at a limit on file size."""
    (tmp_path / "file").write_text("old")
    (tmp_path / "big").write_bytes(b"y" * 100_000)
    ended = subprocess.run([sys.executable, "-c", LIMITED, str(tmp_path)], capture_output=True, text=True)
    assert (ended.stdout.split(), ended.returncode) == (["9", "9"], 0), ended.stderr
    assert (tmp_path / "file").read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == ["big", "file"]


def test_require_space(tmp_path):
    disk.require_space(tmp_path / "not" / "there" / "yet", 1)
    with pytest.raises(NoSpaceLeft, match="are free"):
        disk.require_space(tmp_path / "not" / "there", 10**18)
    assert os.listdir(tmp_path) == []


def test_copy_durable_does_not_overwrite(tmp_path):
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").write_text("b")
    with pytest.raises(FileExistsError):
        disk.copy_durable(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_text() == "b"


def test_sha256_of(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert disk.sha256_of(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
