"""Changes of an environment and a workspace: the comparison as a table, the waiting on a real file system."""

import asyncio
import shutil
from contextlib import aclosing
from pathlib import Path

import pytest

from seal_lsp.core.library import Environment, InstalledLibrary, LibraryId
from seal_lsp.languages.python.distributions import installed
from seal_lsp.watch.changes import EnvironmentChange, SourceFilter, compare, watch_environment, watch_workspace

PATIENCE_S = 30


class Reads:
    """Of a language, the watcher needs only what is installed; this is the real reading."""

    def installed(self, environment: Environment) -> tuple[InstalledLibrary, ...]:
        return installed(environment)


def library(text: str) -> InstalledLibrary:
    name, version = text.split()
    return InstalledLibrary(LibraryId(name, version), (name,), (), None)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", "", EnvironmentChange()),
        ("a 1", "a 1", EnvironmentChange()),
        ("", "b 2, a 1", EnvironmentChange(added=(LibraryId("a", "1"), LibraryId("b", "2")))),
        ("A_x 1", "", EnvironmentChange(removed=(LibraryId("a-x", "1"),))),
        ("a 1, b 1", "a 2, b 1", EnvironmentChange(upgraded=(("a", "1", "2"),))),
        ("a 2, c 1", "a 1, d 1", EnvironmentChange((LibraryId("d", "1"),), (LibraryId("c", "1"),), (("a", "2", "1"),))),
    ],
)
def test_compare(before: str, after: str, expected: EnvironmentChange) -> None:
    def parse(text: str) -> list[InstalledLibrary]:
        return [library(part.strip()) for part in text.split(",") if part.strip()]

    change = compare(parse(before), parse(after))
    assert change == expected
    assert bool(change) is (before != after)


def test_what_an_upgrade_makes_stale() -> None:
    change = compare([library("a 1"), library("b 1")], [library("a 2")])
    assert change.stale == (LibraryId("b", "1"), LibraryId("a", "1"))


def install(site: Path, name: str, version: str) -> None:
    for old in site.glob(f"{name}-*.dist-info"):
        shutil.rmtree(old)
    (site / name).mkdir(parents=True, exist_ok=True)
    (site / name / "__init__.py").write_text("")
    info = site / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "RECORD").write_text(f"{name}/__init__.py,,\n")


@pytest.mark.parametrize("polling", [False, True])
async def test_install_upgrade_and_removal_are_noticed_while_running(tmp_path: Path, polling: bool) -> None:
    site = tmp_path / "site-packages"
    site.mkdir()
    install(site, "old", "1.0")
    environment = Environment(tmp_path, None, (site,), "3.11", ".venv")
    changes = watch_environment(environment, Reads(), polling=polling, debounce_ms=50)
    steps = [
        (lambda: install(site, "acme", "1.0"), EnvironmentChange(added=(LibraryId("acme", "1.0"),))),
        (lambda: install(site, "acme", "2.0"), EnvironmentChange(upgraded=(("acme", "1.0", "2.0"),))),
        (lambda: shutil.rmtree(site / "acme-2.0.dist-info"), EnvironmentChange(removed=(LibraryId("acme", "2.0"),))),
    ]
    async with aclosing(changes):
        for act, expected in steps:
            waiting = asyncio.ensure_future(anext(changes))
            await asyncio.sleep(0.3)  # let the watch begin; an earlier change would be found by the next look
            act()
            assert await asyncio.wait_for(waiting, PATIENCE_S) == expected


async def test_an_environment_made_anew_is_found_again(tmp_path: Path) -> None:
    site = tmp_path / "venv" / "site-packages"
    site.mkdir(parents=True)
    install(site, "acme", "1.0")
    environment = Environment(tmp_path / "venv", None, (site,), "3.11", "venv")
    before = installed(environment)
    shutil.rmtree(tmp_path / "venv")
    changes = watch_environment(environment, Reads(), before=before, debounce_ms=50)
    async with aclosing(changes):
        gone = await asyncio.wait_for(anext(changes), PATIENCE_S)
        assert gone.removed == (LibraryId("acme", "1.0"),)
        site.mkdir(parents=True)
        install(site, "acme", "1.1")
        back = await asyncio.wait_for(anext(changes), PATIENCE_S)
        assert back.added == (LibraryId("acme", "1.1"),)


async def test_stop_ends_the_watch(tmp_path: Path) -> None:
    stop = asyncio.Event()
    environment = Environment(tmp_path, None, (tmp_path,), "3.11", "venv")
    changes = watch_environment(environment, Reads(), debounce_ms=50, stop=stop)
    waiting = asyncio.ensure_future(anext(changes, None))
    await asyncio.sleep(0.2)
    stop.set()
    assert await asyncio.wait_for(waiting, PATIENCE_S) is None


async def test_workspace_files_and_manifests(tmp_path: Path) -> None:
    stop = asyncio.Event()
    changes = watch_workspace([tmp_path], (".py",), debounce_ms=50, stop=stop)
    async with aclosing(changes):
        waiting = asyncio.ensure_future(anext(changes))
        await asyncio.sleep(0.5)
        (tmp_path / "notes.md").write_text("")
        (tmp_path / "a.py").write_text("")
        change = await asyncio.wait_for(waiting, PATIENCE_S)
        assert (change.paths, change.manifests) == ((tmp_path / "a.py",), False)
        (tmp_path / "pyproject.toml").write_text("")
        assert (await asyncio.wait_for(anext(changes), PATIENCE_S)).manifests


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/w/a.py", True), ("/w/n.ipynb", True), ("/w/uv.lock", True), ("/w/requirements-dev.txt", True),
        ("/w/a.md", False), ("/w/.venv/a.py", False), ("/w/x/site-packages/a.py", False), ("/w/credentials.py", False),
        ("/w/__pycache__/a.py", False),
    ],
)  # fmt: skip
def test_source_filter(path: str, wanted: bool) -> None:
    from watchfiles import Change

    assert SourceFilter((".py", ".ipynb"))(Change.modified, path) is wanted
