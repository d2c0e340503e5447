"""Adapters on disk: what exists, what is live, and that a kill or a race never leaves anything in between."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import shutil
import signal

import pytest

from seal_lsp.core.errors import NoSpaceLeft, SealError, StoreDamaged, UsageError
from seal_lsp.core.library import LibraryId
from seal_lsp.store import adapters as module
from seal_lsp.store.adapters import AdapterStore

LIBRARY = LibraryId("throttled-py", "3.3.1")
OLDER = LibraryId("throttled-py", "3.2.0")
BASE = "b" * 64
OTHER_BASE = "c" * 64


def candidate(folder, text="weights", library=LIBRARY, model=BASE, changes=None):
    """A complete adapter folder as a learner leaves it; `changes` are put over its manifest."""
    folder.mkdir(parents=True)
    weights = text.encode() * 1000
    (folder / "adapter_model.safetensors").write_bytes(weights)
    (folder / "adapter_config.json").write_text('{"r": 16}')
    manifest = {
        "adapter": hashlib.sha256(weights).hexdigest(),
        "library": str(library),
        "base": {"id": "tiny", "digest": model},
        "created": f"2026-11-22T00:00:{len(text):02}Z",
        "self_edits": {"kept": 3},
    }
    (folder / "manifest.json").write_text(json.dumps({**manifest, **(changes or {})}))
    return folder


@pytest.fixture
def store(tmp_path):
    return AdapterStore(tmp_path / "adapters")


@pytest.fixture
def installed(store, tmp_path):
    def install(text="weights", library=LIBRARY, base=BASE):
        return store.install(candidate(tmp_path / "candidates" / f"{text}-{library}-{base[:3]}", text, library, base))

    return install


def leftovers(store):
    return [p for p in store.root.rglob(".*") if p.name != ".lock"]


def test_install_moves_a_candidate_in(store, tmp_path):
    folder = candidate(tmp_path / "cycle" / "adapter")
    (folder / "provenance.jsonl").write_text("{}\n")
    (folder / "optimizer.bin").write_bytes(b"a pickle")
    adapter = store.install(folder)
    assert not folder.exists()
    assert adapter.folder == store.root / BASE[:12] / "throttled-py@3.3.1" / adapter.digest[:16]
    assert adapter.manifest["self_edits"] == {"kept": 3}
    assert sorted(p.name for p in adapter.folder.iterdir()) == [
        "adapter_config.json", "adapter_model.safetensors", "manifest.json", "provenance.jsonl",
    ]  # fmt: skip
    assert store.list() == (adapter,)
    assert store.find(adapter.digest) == adapter
    assert store.live(LIBRARY, BASE) is None
    assert leftovers(store) == []


def test_the_same_candidate_twice_is_one_adapter(store, tmp_path):
    first = store.install(candidate(tmp_path / "a"))
    store.promote(first)
    assert store.install(candidate(tmp_path / "b")) == first
    assert store.install(first.folder) == first
    assert first.folder.is_dir()
    assert store.live(LIBRARY, BASE) == first


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: shutil.rmtree(folder),
        lambda folder: (folder / "manifest.json").unlink(),
        lambda folder: (folder / "manifest.json").write_text('{"adapter": '),
        lambda folder: (folder / "manifest.json").write_text("[]"),
        lambda folder: (folder / "adapter_model.safetensors").unlink(),
        lambda folder: (folder / "adapter_model.safetensors").write_bytes(b"other"),
        lambda folder: (folder / "adapter_config.json").unlink(),
    ],
)
def test_an_incomplete_or_altered_candidate_is_refused(store, tmp_path, spoil):
    folder = candidate(tmp_path / "a")
    spoil(folder)
    with pytest.raises(StoreDamaged) as caught:
        store.install(folder)
    assert caught.value.hint
    assert store.list() == ()
    assert leftovers(store) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"adapter": "short"},
        {"adapter": 5},
        {"library": "nameonly"},
        {"library": "../../x@1"},
        {"library": None},
        {"base": "digest"},
        {"base": {"id": "x"}},
        {"base": {"digest": "../../../etc"}},
        {"files": {"../evil": "a" * 64}},
        {"files": {"adapter_config.json": 5}},
        {"files": []},
    ],
)
def test_a_manifest_that_names_nothing_sound_is_no_manifest(store, tmp_path, changes):
    with pytest.raises(StoreDamaged, match="no complete adapter"):
        store.install(candidate(tmp_path / "a", changes=changes))


@pytest.mark.parametrize(
    "library", [LibraryId("a/../..", "1"), LibraryId("a", "../x"), LibraryId("a", ""), LibraryId("", "1")]
)
def test_a_library_cannot_name_another_folder(store, library):
    with pytest.raises(UsageError, match="cannot name a folder"):
        store.live(library, BASE)
    with pytest.raises(UsageError, match="cannot name a folder"):
        store.forget(library, BASE)


def test_an_adapter_without_a_complete_manifest_does_not_exist(store, installed):
    a, b = installed("a"), installed("b")
    store.promote(a)
    store.promote(b)
    (b.folder / "manifest.json").unlink()
    assert store.list() == (a,)
    assert store.live(LIBRARY, BASE) is None
    assert store.rollback(LIBRARY, BASE) == a


def test_a_manifest_of_another_place_does_not_count(store, installed):
    a = installed("a")
    shutil.copytree(a.folder, a.folder.parent.with_name("throttled-py@9.9.9") / a.folder.name)
    shutil.copytree(a.folder, a.folder.with_name(".incoming-x"))
    assert store.list() == (a,)
    assert store.live(LibraryId("throttled-py", "9.9.9"), BASE) is None


@pytest.mark.parametrize(
    ("steps", "live", "previous"),
    [
        ("", "", ""),
        ("a", "a", ""),
        ("aa", "a", ""),
        ("ab", "b", "a"),
        ("abc", "c", "ba"),
        ("aba", "a", "b"),
        ("abc<", "b", "a"),
        ("abc<<", "a", ""),
        ("abc<<<", "", ""),
        ("abc<<<<", "", ""),
        ("abc<<<c", "c", ""),
        ("abc<c", "c", "ba"),
        ("a<", "", ""),
        ("<", "", ""),
    ],
)
def test_promote_and_roll_back(store, installed, steps, live, previous):
    known = {name: installed(name) for name in "abc"}
    for step in steps:
        if step == "<":
            returned = store.rollback(LIBRARY, BASE)
            assert returned == store.live(LIBRARY, BASE)
        else:
            store.promote(known[step])
    assert store.live(LIBRARY, BASE) == known.get(live)
    assert store.previous(LIBRARY, BASE) == tuple(known[name] for name in previous)
    assert len(store.list()) == 3


def test_roll_back_passes_over_a_damaged_adapter(store, installed):
    a, b, c = (installed(name) for name in "abc")
    for adapter in (a, b, c):
        store.promote(adapter)
    b.weights.write_bytes(b"altered")
    assert store.rollback(LIBRARY, BASE) == a


@pytest.mark.parametrize("name", ["adapter_model.safetensors", "adapter_config.json"])
@pytest.mark.parametrize("how", ["altered", "missing"])
def test_an_altered_file_is_found_before_loading(store, installed, name, how):
    adapter = installed()
    store.verify(adapter)
    (adapter.folder / name).unlink() if how == "missing" else (adapter.folder / name).write_text("{}")
    with pytest.raises(StoreDamaged, match=name) as caught:
        store.verify(adapter)
    assert "forget throttled-py@3.3.1" in caught.value.hint
    with pytest.raises(StoreDamaged):
        store.promote(adapter)
    assert store.live(LIBRARY, BASE) is None


def test_versions_and_bases_do_not_see_each_other(store, installed):
    new, old, elsewhere = installed("n"), installed("o", OLDER), installed("e", LIBRARY, OTHER_BASE)
    for adapter in (new, old, elsewhere):
        store.promote(adapter)
    assert store.live(LIBRARY, BASE) == new
    assert store.live(OLDER, BASE) == old
    assert store.live(LIBRARY, OTHER_BASE) == elsewhere
    assert store.all_live(BASE) == (old, new)
    assert store.list(OTHER_BASE) == (elsewhere,)
    assert store.live(LIBRARY, BASE[:12] + "d" * 52) is None  # another base whose digest begins alike


@pytest.mark.parametrize(
    ("base", "gone", "left"),
    [(None, {"n", "m", "e"}, {"o"}), (BASE, {"n", "m"}, {"o", "e"}), ("f" * 64, set(), {"n", "m", "e", "o"})],
)
def test_forget_deletes_exactly_one_library(store, installed, base, gone, left):
    known = {
        "n": installed("n"),
        "m": installed("m"),
        "o": installed("o", OLDER),
        "e": installed("e", LIBRARY, OTHER_BASE),
    }
    for adapter in known.values():
        store.promote(adapter)
    assert set(store.forget(LIBRARY, base)) == {known[name] for name in gone}
    assert set(store.list()) == {known[name] for name in left}
    assert not any(known[name].folder.exists() for name in gone)
    assert (store.live(LIBRARY, BASE) is None) == ("n" in gone)
    assert store.live(OLDER, BASE) == known["o"]
    assert store.forget(LIBRARY, base) == ()
    assert leftovers(store) == []


NAMES = {"a": "a", "b": "bb", "c": "ccc", "d": "dddd", "e": "eeeee"}  # `created` grows with the length


@pytest.mark.parametrize(
    ("steps", "gone"),
    [
        ("", ""),
        ("abc", ""),
        ("abcd", "a"),
        ("abcde", "ab"),
        ("abcd<", ""),  # d was taken back: nothing is older than the two before c
        ("abcd<e", "ad"),
        ("abcde<<", ""),
        ("ab<<c", "ab"),  # nothing was live: c has no way back
        ("ab<<", ""),
        ("e", "abcd"),  # never live, older than what is
        ("a", ""),
    ],
)
def test_prune_keeps_the_live_one_two_before_it_and_what_is_newer(store, installed, steps, gone):
    known = {name: installed(text) for name, text in NAMES.items() if name in steps or steps in ("", "e", "a")}
    others = {installed("o", OLDER), installed("e", LIBRARY, OTHER_BASE)}
    for step in steps:
        store.rollback(LIBRARY, BASE) if step == "<" else store.promote(known[step])
    live, previous = store.live(LIBRARY, BASE), store.previous(LIBRARY, BASE)
    told = []
    assert set(store.prune(told.append)) == set(told) == {known[name] for name in gone}
    assert set(store.list()) == {known[name] for name in set(known) - set(gone)} | others
    assert store.live(LIBRARY, BASE) == live
    assert store.previous(LIBRARY, BASE) == previous[:2]
    assert store.prune(told.append) == ()
    assert leftovers(store) == []
    for back in previous[:2]:
        assert store.rollback(LIBRARY, BASE) == back


def test_prune_spares_the_adapters_of_unfinished_cycles(store, tmp_path, installed):
    early = store.install(candidate(tmp_path / "early", "a", changes={"cycle": "unfinished"}))
    store.promote(installed("later"))
    assert store.prune(print, spare={"unfinished"}) == ()
    assert store.prune(lambda adapter: None, spare={"another"}) == (early,)


def test_forget_takes_incomplete_folders_too(store, installed):
    a = installed("a")
    (a.folder / "manifest.json").unlink()
    assert store.forget(LIBRARY) == ()
    assert not a.folder.parent.exists()


@pytest.mark.parametrize(
    "pointer", [b"", b"{", b"[]", b'{"live": 5, "previous": []}', b'{"live": "../x", "previous": []}', b"\xff"]
)
def test_a_damaged_pointer_means_that_nothing_is_live(store, installed, caplog, pointer):
    a, b = installed("a"), installed("b")
    store.promote(a)
    (a.folder.parent / "live.json").write_bytes(pointer)
    assert store.live(LIBRARY, BASE) is None
    assert "live.json is damaged" in caplog.text
    store.promote(b)
    assert store.live(LIBRARY, BASE) == b


def test_a_full_disk_installs_nothing(store, tmp_path, monkeypatch):
    folder = candidate(tmp_path / "a")

    def full(*_):
        raise OSError(28, "No space left on device")

    for call in ("fsync", "write"):
        monkeypatch.setattr(os, call, full)
        with pytest.raises(NoSpaceLeft):
            store.install(folder)
        monkeypatch.undo()
        assert store.list() == ()
        assert leftovers(store) == []
        assert (folder / "manifest.json").is_file()
    monkeypatch.setattr(module, "_HEADROOM", 10**18)
    with pytest.raises(NoSpaceLeft, match="are free"):
        store.install(folder)
    monkeypatch.undo()
    assert store.install(folder) in store.list()


STEPS = ("copy_durable", "write_json", "sync_folder", "_remove")


def _killed(root, folder, action, step):
    """Run an action of the store and die of SIGKILL right before its first `step`."""
    store = AdapterStore(root)

    def die(*_):
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(module, step, die)
    if action == "install":
        store.install(folder)
    elif action == "forget":
        store.forget(LIBRARY)
    elif action == "prune":
        store.prune(die if step == "told" else lambda adapter: None)


@pytest.mark.parametrize("step", STEPS)
def test_an_install_killed_at_any_step_is_done_by_the_next(store, tmp_path, step):
    folder = candidate(tmp_path / "a")
    process = multiprocessing.get_context("fork").Process(target=_killed, args=(store.root, folder, "install", step))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    for adapter in store.list():
        store.verify(adapter)  # what exists is whole
    store.promote(store.install(folder))
    assert len(store.list()) == 1
    assert leftovers(store) == []


@pytest.mark.parametrize("step", ["sync_folder", "_remove"])
def test_a_forget_killed_at_any_step_has_nothing_live(store, installed, step):
    store.promote(installed("a"))
    process = multiprocessing.get_context("fork").Process(target=_killed, args=(store.root, None, "forget", step))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert store.live(LIBRARY, BASE) is None
    store.forget(LIBRARY)
    assert store.list() == ()
    assert leftovers(store) == []


@pytest.mark.parametrize("step", ["told", "write_json", "_remove"])
def test_a_prune_killed_at_any_step_is_ended_by_the_next(store, installed, step):
    known = {name: installed(text) for name, text in NAMES.items()}
    for adapter in known.values():
        store.promote(adapter)
    process = multiprocessing.get_context("fork").Process(target=_killed, args=(store.root, None, "prune", step))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert store.live(LIBRARY, BASE) == known["e"]
    assert store.previous(LIBRARY, BASE)[:2] == (known["d"], known["c"])
    for adapter in store.list():
        store.verify(adapter)  # what exists is whole
    store.prune(lambda adapter: None)
    assert set(store.list()) == {known[name] for name in "cde"}
    assert leftovers(store) == []


def _race(root, folder, name):
    store = AdapterStore(root)
    for turn in range(5):
        store.promote(store.install(candidate(folder / f"{name}{turn}", f"{name}{turn}")))


def test_two_engines_take_turns(store, tmp_path):
    context = multiprocessing.get_context("fork")
    engines = [context.Process(target=_race, args=(store.root, tmp_path, name)) for name in "xy"]
    for engine in engines:
        engine.start()
    for engine in engines:
        engine.join(60)
    assert [engine.exitcode for engine in engines] == [0, 0]
    assert len(store.list()) == 10
    assert {store.live(LIBRARY, BASE), *store.previous(LIBRARY, BASE)} == set(store.list())
    assert leftovers(store) == []


def test_a_store_that_is_held_is_said(store, installed):
    adapter = installed()
    with store._locked(), pytest.raises(SealError, match="held by another process"):
        AdapterStore(store.root, lock_timeout_s=0.05).promote(adapter)
    AdapterStore(store.root, lock_timeout_s=0.05).promote(adapter)
