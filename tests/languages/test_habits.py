"""How often a library's modules, docstrings and README use its own API."""

from __future__ import annotations

import orchard
import pytest

from seal_lsp.core.habits import FIRST, Count, Habits
from seal_lsp.languages.python.habits import absolute
from seal_lsp.languages.python.support import Python


@pytest.fixture(scope="module")
def habits(tmp_path_factory) -> Habits:
    environment = orchard.install(tmp_path_factory.mktemp("habits"))
    site = environment.site_packages[0]
    # More modules than the README speaks of: relative imports, a decorator, code that repeats itself.
    (site / "orchard" / "shed.py").write_text(
        "from . import Ladder as L\nfrom .gate import keeper\n\n@keeper.watch\ndef f():\n"
        + "    L(height=1.0).climb(rungs=1)\n" * 5
    )
    (site / "orchard" / "gate.py").write_text("class Keeper:\n    def watch(self, f): ...\n\nkeeper = Keeper()\n")
    language = Python()
    library = next(lib for lib in language.installed(environment) if lib.id == orchard.LIBRARY)
    return language.habits(library, language.surface(library, environment))


@pytest.mark.parametrize(
    ("key", "count"),
    [
        (("import", "orchard.Ladder", ""), Count(1, 2)),  # imported by one module and two examples
        (("member", "orchard.Ladder.climb", ""), Count(1, 2)),  # five calls in one module count once
        (("call", "orchard.Ladder", ""), Count(1, 3)),
        (("keyword", "orchard.Ladder", "height"), Count(1, 2)),
        (("keyword", "orchard.Ladder", "folding"), Count(0, 1)),
        (("pair", "orchard.Basket", f"{FIRST} capacity"), Count(0, 2)),
        (("pair", "orchard.Basket", "capacity label"), Count(0, 1)),
        (("decorator", "orchard.gate.Keeper.watch", ""), Count(1, 0)),
        (("member", "orchard.Cellar.nothing", ""), Count(0, 0)),
    ],
)
def test_counts(habits: Habits, key: tuple, count: Count) -> None:
    assert habits.of(*key) == count


def test_a_name_counts_whosoever_it_is(habits: Habits) -> None:
    assert habits.names["keyword", "height"] == 3
    assert habits.names["member", "climb"] == 3


@pytest.mark.parametrize(
    ("source", "module", "expected"),
    [
        ("from . import a", "lib.sub.mod", "from lib.sub import a"),
        ("from .near import a", "lib.sub.mod", "from lib.sub.near import a"),
        ("from ..up import a", "lib.sub.mod", "from lib.up import a"),
        ("from . import a", "lib.sub.", "from lib.sub import a"),
        ("if x:\n    from .near import a", "lib.", "if x:\n    from lib.near import a"),
        ("from lib.near import a", "lib.sub.mod", "from lib.near import a"),
    ],
)
def test_relative_imports_are_written_out(source: str, module: str, expected: str) -> None:
    assert absolute(source, module) == expected
