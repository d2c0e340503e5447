"""Mining a fixture checkout of orchard-tools: each rule on its own, then a whole case file."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import orchard
import pytest
from orchard_checkout import TEST_CIDER, write_checkout, write_sdist

from seal_lsp.core.errors import UsageError
from seal_lsp.languages.python.support import Python
from seal_lsp.languages.source_tree import Text, texts_of, unpacked
from seal_lsp.measure.mine import Shape, ValidNames, installed_windows, mine, places
from seal_lsp.measure.mine_compare import compare

LANGUAGE = Python()


@pytest.fixture(scope="module")
def surface_and_library(tmp_path_factory):
    return orchard.surface_of(orchard.install(tmp_path_factory.mktemp("env")))


@pytest.fixture
def checkout(tmp_path) -> Path:
    return write_checkout(tmp_path / "checkout")


def mined(texts, surface_and_library, **shape):
    surface, library = surface_and_library
    return mine(texts, surface, LANGUAGE, installed_windows(library), Shape(**shape))


def test_tests_examples_and_docs_are_read_and_nothing_else(checkout):
    found = {text.path: text.code for text in texts_of(checkout, LANGUAGE)}
    docs = ["README.md#0", "docs/broken.py", "docs/guide.md#0", "docs/guide.md#1"]
    assert sorted(found) == [*docs, "examples/bees.py", "tests/test_cider.py"]
    assert found["docs/guide.md#1"].startswith("from orchard import Frostguard")


def test_an_sdist_is_read_like_its_folder(checkout, tmp_path):
    with unpacked(write_sdist(tmp_path / "orchard_tools-1.2.0.tar.gz", checkout)) as root:
        inside = list(texts_of(root, LANGUAGE))
    assert inside == list(texts_of(checkout, LANGUAGE))
    assert not root.exists()


@pytest.mark.parametrize("content", [None, b"no archive"])
def test_what_is_no_sdist(tmp_path, content):
    file = tmp_path / "x.tar.gz"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError, match="cannot unpack"), unpacked(file):
        pass


@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_a_damaged_sdist_is_refused(checkout, tmp_path, damage):
    (checkout / "tests" / "noise.py").write_bytes(random.Random(0).randbytes(100_000))
    archive = write_sdist(tmp_path / "x.tar.gz", checkout)
    whole = bytearray(archive.read_bytes())
    half = len(whole) // 2
    whole[half] ^= 255
    archive.write_bytes(whole if damage == "flipped" else whole[:half])
    with pytest.raises(UsageError, match="cannot unpack"), unpacked(archive):
        pass


def test_an_archive_that_points_outside_is_refused(tmp_path):
    (tmp_path / "inner").write_text("x")
    archive = write_sdist(tmp_path / "bad.tar.gz", tmp_path / "inner", "../../escaped.py")
    with pytest.raises(UsageError, match="cannot unpack"), unpacked(archive):
        pass


@pytest.mark.parametrize(
    ("code", "gold", "kind", "candidates", "copyable"),
    [
        ("from orchard import Lad", None, None, None, None),
        ("import orchard\norchard.Press(mesh=1)", "mesh", "keyword", ("mesh", "pressure"), False),
        ("import orchard\norchard.Press(pressure=1, mesh=1)", "mesh", "keyword", ("mesh", "pressure"), False),
        ("import orchard\nx = orchard.Cellar()\nx.tasting()", "tasting", "member",
         ("humidity", "lay_down", "shelves", "tasting"), False),
        ("from orchard import Ripeness\nx = Ripeness.RIPE", "RIPE", "member", ("OVERRIPE", "RIPE", "UNRIPE"), False),
        ("import orchard\nx = orchard.ripeness_of('a', 1).value", "value", "member",
         ("OVERRIPE", "RIPE", "UNRIPE", "name", "value"), False),
        ("import orchard\norchard.Cellar\nx = orchard.Cellar()", "Cellar", "member",
         ("Basket", "Beekeeper", "Cellar", "Frostguard", "Grafter", "Ladder", "Picker", "Press", "Ripeness", "forecast",
          "plant_row", "ripeness_of", "shake_tree"), True),
    ],
)  # fmt: skip
def test_a_place_ends_where_its_name_starts(surface_and_library, code, gold, kind, candidates, copyable):
    surface, _ = surface_and_library
    found = [case for case, _ in places(Text("t.py", code), surface, LANGUAGE, ValidNames(surface))]
    if gold is None:
        assert found == []
        return
    case = next(case for case in reversed(found) if (case.gold, case.kind) == (gold, kind))
    assert code == case.prefix + case.gold + case.suffix
    assert (case.candidates, case.copyable) == (candidates, copyable)
    assert (case.library, case.version, case.package) == ("orchard-tools", "1.2.0", "orchard")


def test_only_names_that_exist_and_owners_that_are_known(checkout, surface_and_library):
    result = mined(texts_of(checkout, LANGUAGE), surface_and_library, per_name=99, per_file=99, count=999)
    bees = [case.gold for case in result.cases if case.path == "examples/bees.py"]
    assert set(bees) >= {"Beekeeper", "hives", "smoker", "inspect_hive"}
    assert not {"harvest_honey", "frames", "not_there"} & set(bees)
    assert result.counts["texts that do not parse"] == 1


def test_what_stands_in_the_wheel_is_no_case(surface_and_library):
    readme = orchard._README[0][1]  # the installed METADATA has it
    fresh = readme.replace("30", "31").replace("Picker(ladder", "Picker(  # mine\n    ladder").replace("4.0", "5.5")
    copied = mined([Text("docs/x.md#0", readme)], surface_and_library)
    assert (copied.cases, copied.counts["in the installed wheel"]) == ((), copied.counts["places"])
    changed = mined([Text("docs/x.md#0", fresh)], surface_and_library)
    assert {case.gold for case in changed.cases} & {"ladder", "height", "basket", "capacity"}


def test_copied_tests_are_one_place(surface_and_library):
    texts = [Text(f"tests/test_{n}.py", TEST_CIDER) for n in range(5)]
    once, often = (mined(some, surface_and_library, per_name=99, per_file=99) for some in (texts[:1], texts))
    assert len(once.cases) == len(often.cases) > 5
    assert often.counts["repeats"] == 4 * once.counts["places"]


def many_texts() -> list[Text]:
    """Uses of every class, twenty times over with other values; the second of each pair is copyable."""
    made = []
    for n in range(40):
        lines = [f"# file {n} of many, about {'apples' if n % 2 else 'pears'} {n * 7919}"]
        for module in ("Basket", "Cellar", "Press"):
            lines.append(f"from orchard import {module}  # {n} {module}")
        lines.append(f"basket_{n} = Basket(capacity={n}, label='number {n * 31}')")
        lines.append(f"basket_{n}.put(weight={n}.5)")
        lines.append(f"other_{n} = Basket(capacity={n + 1}, label='again {n * 37}')")
        lines.append(f"other_{n}.put(weight={n}.25)")
        lines.append(f"Press(mesh={n}).rinse(litres={n * 3}.0)")
        made.append(Text(f"tests/test_{n}.py", "\n".join(lines) + "\n"))
    return made


@pytest.mark.parametrize("seed", range(3))
def test_few_of_a_name_and_a_file_and_mostly_not_copyable(surface_and_library, seed):
    result = mined(many_texts(), surface_and_library, count=30, per_name=3, per_file=2, seed=seed)
    names = [(case.kind, case.gold) for case in result.cases]
    files = [case.path for case in result.cases]
    assert 15 <= len(result.cases) <= 30
    assert max(map(names.count, names)) <= 3
    assert max(map(files.count, files)) <= 2
    assert sum(case.copyable for case in result.cases) <= 0.4 * len(result.cases)
    assert {case.kind for case in result.cases} == {"import", "member", "keyword"}
    assert len({case.id for case in result.cases}) == len(result.cases)


def test_the_seed_decides_and_nothing_else(surface_and_library):
    texts = many_texts()
    first, again, other = (
        mined(some, surface_and_library, count=12, seed=seed).cases
        for some, seed in ((texts, 0), (list(reversed(texts)), 0), (texts, 1))
    )
    assert {case.id for case in first} == {case.id for case in again} != {case.id for case in other}


def test_candidates_are_compared_with_those_of_a_case_file(checkout, surface_and_library):
    surface, _ = surface_and_library
    texts = list(texts_of(checkout, LANGUAGE))
    cases = list(mined(texts, surface_and_library, per_name=99, per_file=99).cases)
    counts, differences = compare(cases, texts, surface, LANGUAGE)
    assert (counts, differences) == ({"same": len(cases), "different": 0, "no use": 0, "not found": 0}, [])
    first = cases[0]
    changed = replace(first, candidates=(*first.candidates[1:], "invented"))
    counts, differences = compare([changed, replace(first, path="elsewhere.py")], texts, surface, LANGUAGE)
    assert counts == {"same": 0, "different": 1, "no use": 0, "not found": 1}
    assert (differences[0].more, differences[0].less) == ((first.candidates[0],), ("invented",))
