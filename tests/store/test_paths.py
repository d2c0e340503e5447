"""Folders of this machine; the socket's folder is nobody else's."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from seal_lsp.core.errors import EngineUnavailable
from seal_lsp.store import paths as module
from seal_lsp.store.paths import Paths, make_private


def test_seal_home_holds_everything(tmp_path):
    paths = Paths.default({"SEAL_HOME": str(tmp_path)})
    assert paths == Paths(tmp_path / "data", tmp_path / "cache", tmp_path / "run")
    assert {name: getattr(paths, name).relative_to(tmp_path).as_posix() for name in (
        "ledger", "adapters", "cycles", "index", "models", "log"
    )} == {
        "ledger": "data/ledger.db", "adapters": "data/adapters", "cycles": "data/cycles",
        "index": "cache/index.db", "models": "cache/models", "log": "cache/log",
    }  # fmt: skip


@pytest.mark.parametrize("home", ["relative", "~/below"])
def test_seal_home_is_made_absolute(home):
    assert Paths.default({"SEAL_HOME": home}).data.is_absolute()
    assert "~" not in str(Paths.default({"SEAL_HOME": home}).data)


def test_the_platforms_places(monkeypatch, tmp_path):
    for name in ("DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    run = tmp_path / "run"
    run.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(run))
    paths = Paths.default({})
    assert paths.data.name == paths.cache.name == "seal-lsp"
    assert paths.runtime == run / "seal-lsp"
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "not there"))
    assert Paths.default({}).runtime.name == f"seal-lsp-{os.getuid()}"


@pytest.mark.parametrize("length", [10, 60, 150, 3000])
def test_a_socket_can_be_bound_however_long_the_path_is(tmp_path, length):
    part = "x" * 200
    runtime = Path(str(tmp_path / part) * (length // 1000 + 1)) if length > 200 else tmp_path / ("y" * length)
    paths = Paths(tmp_path / "d", tmp_path / "c", runtime)
    assert len(os.fsencode(paths.socket)) <= 103
    assert paths.socket == Paths(tmp_path, tmp_path, runtime).socket
    folder = paths.socket.parent
    make_private(folder)
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(paths.socket))
    paths.socket.unlink()
    folder.rmdir()


def test_long_runtime_folders_do_not_share_a_socket(tmp_path):
    long = tmp_path / ("x" * 120)
    sockets = {Paths(tmp_path, tmp_path, long / name).socket for name in "ab"}
    assert len(sockets) == 2


def test_ensure_makes_private_folders(tmp_path):
    paths = Paths.default({"SEAL_HOME": str(tmp_path / "new")}).ensure()
    assert paths.ensure() == paths
    for folder in (paths.runtime, paths.data, paths.cache):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert paths.log.is_dir()
    assert paths.models.is_dir()


def test_an_open_runtime_folder_is_closed(tmp_path):
    (tmp_path / "run").mkdir(mode=0o755)
    make_private(tmp_path / "run")
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o700


@pytest.mark.parametrize("what", ["link", "file", "another's"])
def test_a_runtime_folder_that_is_not_ours_is_refused(tmp_path, monkeypatch, what):
    place = tmp_path / "run"
    if what == "link":
        (tmp_path / "elsewhere").mkdir()
        place.symlink_to(tmp_path / "elsewhere")
    elif what == "file":
        place.write_text("")
    else:
        place.mkdir()
        uid = os.getuid()
        monkeypatch.setattr(module.os, "getuid", lambda: uid + 1)
    with pytest.raises(EngineUnavailable, match="another user" if what == "another's" else "not a folder") as caught:
        make_private(place)
    assert "SEAL_HOME" in caught.value.hint
