"""The index of API surfaces: what comes out is what went in, and lookups read only what they need."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from seal_lsp.core.api import ApiSurface, Parameter, Symbol
from seal_lsp.core.habits import Count, Habits
from seal_lsp.core.library import LibraryId
from seal_lsp.store import api_index as module
from seal_lsp.store.api_index import ApiIndex

LIBRARY = LibraryId("lib", "1.0")


def surface(library=LIBRARY, **more: Symbol) -> ApiSurface:
    """A package with an alias, two bases, an override and a cycle of aliases."""
    symbols = [
        Symbol("lib", "module", doc="A library \ud800 with a lone surrogate."),
        Symbol("lib.Alias", "class", target="lib.core.Child"),
        Symbol("lib.core", "module", file="lib/core.py", line=1),
        Symbol("lib.core.Base", "class", parameters=()),
        Symbol("lib.core.Base.run", "method", parameters=(Parameter("n", "positional_or_keyword", "1", "int"),)),
        Symbol("lib.core.Base.stop", "method", parameters=(Parameter("k", "var_keyword"),), returns="None"),
        Symbol("lib.core.Other", "class", bases=("lib.core.Base",)),
        Symbol("lib.core.Other.other", "property", instance_of="lib.core.Base"),
        Symbol("lib.core.Child", "class", bases=("lib.core.Other", "lib.core.Base", "object"), decorators=("final",)),
        Symbol("lib.core.Child.run", "method", deprecated="use stop", value="", doc="Own run."),
        Symbol("lib.loop", "module", target="lib.pool"),
        Symbol("lib.pool", "module", target="lib.loop"),
        *more.values(),
    ]
    return ApiSurface(
        library, ("lib", "lib_extra"), {s.qualname: s for s in symbols}, frozenset({"lib.dynamic"}),
        ("no stubs",), {"docs": "url"},
    )  # fmt: skip


@pytest.fixture
def index(tmp_path):
    index = ApiIndex(tmp_path / "index.db")
    yield index
    index.close()


def test_a_surface_comes_back_whole(index, tmp_path):
    index.put(surface(), "f1")
    assert index.get(LIBRARY, "f1") == surface()
    assert ApiIndex(tmp_path / "index.db").get(LIBRARY, "f1") == surface()
    assert index.libraries() == (LIBRARY,)


@pytest.mark.parametrize(
    ("library", "fingerprint"), [(LIBRARY, "f2"), (LibraryId("lib", "2.0"), "f1"), (LibraryId("x", "1"), "f1")]
)
def test_what_was_not_put_is_not_there(index, library, fingerprint):
    index.put(surface(), "f1")
    assert index.get(library, fingerprint) is None
    assert index.symbol(library, "lib", fingerprint=fingerprint) is None
    assert index.members(library, "lib", fingerprint=fingerprint) == ()


def test_put_again_replaces(index):
    index.put(surface(extra=Symbol("lib.gone", "function")), "f1")
    index.put(surface(), "f1")
    assert index.get(LIBRARY, "f1") == surface()
    assert index.symbol(LIBRARY, "lib.gone") is None


def test_builds_of_one_version_live_side_by_side_for_a_while(index):
    for number in range(6):
        index.put(surface(extra=Symbol(f"lib.n{number}", "function")), f"f{number}")
    kept = [number for number in range(6) if index.get(LIBRARY, f"f{number}")]
    assert kept == [3, 4, 5]
    assert index.symbol(LIBRARY, "lib.n5") is not None
    assert index.symbol(LIBRARY, "lib.n4") is None
    assert index.symbol(LIBRARY, "lib.n4", fingerprint="f4") is not None
    rows = index._database.read(lambda c: c.execute("SELECT count(DISTINCT surface) FROM symbols").fetchone()[0])
    assert rows == 3


def test_remove(index):
    index.put(surface(), "f")
    index.put(surface(LibraryId("other", "1")), "f")
    index.remove(LIBRARY)
    assert index.get(LIBRARY, "f") is None
    assert index.libraries() == (LibraryId("other", "1"),)


NAMES = ["lib", "lib.Alias", "lib.Alias.run", "lib.Alias.stop", "lib.Alias.other", "lib.core.Child.stop", "lib.nothing",
         "lib.Alias.nothing", "lib.loop", "lib.loop.x", "", "nowhere.at.all"]  # fmt: skip


@pytest.mark.parametrize("qualname", NAMES)
def test_a_lookup_is_the_surfaces_own_answer(index, qualname):
    index.put(surface(), "f")
    assert index.symbol(LIBRARY, qualname) == surface().resolve(qualname)
    members = index.members(LIBRARY, qualname)
    assert tuple(m.name for m in members) == surface().members(qualname)
    if surface().resolve(qualname):
        assert [m.qualname.rpartition(".")[2] for m in members] == sorted({m.name for m in members})


def test_members_are_the_nearest_ones(index):
    index.put(surface(), "f")
    assert [m.qualname for m in index.members(LIBRARY, "lib.Alias")] == [
        "lib.core.Other.other", "lib.core.Child.run", "lib.core.Base.stop",
    ]  # fmt: skip


def test_surfaces_of_other_fields_are_not_read(index, monkeypatch):
    index.put(surface(), "f")
    monkeypatch.setattr(module, "_FORMAT", "of tomorrow")
    assert index.get(LIBRARY, "f") is None
    assert index.libraries() == ()
    index.put(surface(), "f")
    assert index.get(LIBRARY, "f") == surface()


def test_many_libraries(index):
    """A hundred libraries, a hundred thousand symbols: lookups go by index, never over a table."""
    for number in range(100):
        symbols = {f"p.C{c}.m{m}": Symbol(f"p.C{c}.m{m}", "method") for c in range(50) for m in range(20)}
        index.put(ApiSurface(LibraryId(f"lib{number}", "1"), ("p",), symbols), "f")
    assert len(index.libraries()) == 100
    assert len(index.members(LibraryId("lib50", "1"), "p.C7")) == 20
    assert index.symbol(LibraryId("lib99", "1"), "p.C49.m19").kind == "method"
    statements: list[str] = []

    def plans(connection: sqlite3.Connection) -> list[str]:
        connection.set_trace_callback(None)
        return [row[3] for text in statements if text.startswith("SELECT")
                for row in connection.execute(f"EXPLAIN QUERY PLAN {text}")]  # fmt: skip

    index._database.read(lambda connection: connection.set_trace_callback(statements.append))
    index.members(LibraryId("lib3", "1"), "p.C1")
    index.symbol(LibraryId("lib3", "1"), "p.C1.m1")
    seen = index._database.read(plans)
    assert len(seen) >= 4
    assert all(step.startswith("SEARCH") or "ORDER BY" in step for step in seen), seen


def test_readers_do_not_wait_for_a_writer(index):
    index.put(surface(), "f")
    with ThreadPoolExecutor(1) as pool:

        def while_writing(connection):
            connection.execute("DELETE FROM symbols")
            return pool.submit(index.symbol, LIBRARY, "lib.core").result(timeout=10)

        assert index._database.write(while_writing) == surface().symbols["lib.core"]


def test_habits_stand_beside_their_surface(index):
    habits = Habits(LIBRARY, {("keyword", "lib.f", "a"): Count(1, 2), ("call", "lib.f", ""): Count(3, 0)})
    index.put_habits(habits, "f1")
    assert index.habits(LIBRARY, "f1") is None  # there is no surface yet
    index.put(surface(), "f1")
    assert index.habits(LIBRARY, "f1") is None
    index.put_habits(habits, "f1")
    assert index.habits(LIBRARY, "f1") == habits
    assert index.habits(LIBRARY, "f2") is None
    index.put_habits(Habits(LIBRARY, {}), "f1")
    assert index.habits(LIBRARY, "f1") == Habits(LIBRARY, {})  # counted, and there are none
    index.put(surface(), "f1")
    assert index.habits(LIBRARY, "f1") is None
