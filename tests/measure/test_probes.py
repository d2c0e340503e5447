from __future__ import annotations

from dataclasses import replace

import orchard
import pytest

from seal_lsp.collect.gather import gather
from seal_lsp.languages.python.support import Python
from seal_lsp.measure.probes import hold_out

LANGUAGE = Python()


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    environment = orchard.install(tmp_path_factory.mktemp("env"))
    surface, library = orchard.surface_of(environment)
    return surface, gather(library, surface, environment, language=LANGUAGE).evidence


def test_probes_are_places_of_units_that_are_put_aside(shelf):
    surface, evidence = shelf
    probes, units = hold_out(evidence, surface, LANGUAGE, seed=0)
    usages = {e.unit for e in evidence if e.kind == "usage"}
    assert units < usages
    assert len(units) <= 0.5 * len(usages)
    held = "".join(e.text for e in evidence if e.unit in units)
    for probe in probes:
        assert probe.gold in probe.candidates
        assert probe.prefix + probe.gold in held
        assert probe.copyable == (probe.gold in probe.prefix.replace(".", " ").replace("(", " ").split())
    assert {probe.kind for probe in probes} == {"import", "member", "keyword"}


def test_the_same_seed_holds_out_the_same_and_another_something_else(shelf):
    surface, evidence = shelf
    first, second, other = (hold_out(evidence, surface, LANGUAGE, seed=seed) for seed in (0, 0, 1))
    assert first == second
    assert first[1] != other[1]


def test_no_name_owns_the_probes(shelf):
    surface, evidence = shelf
    probes, _ = hold_out(evidence, surface, LANGUAGE, seed=0)
    golds = [probe.gold for probe in probes]
    assert max(golds.count(gold) for gold in golds) <= 3


def test_without_usages_there_are_no_probes(shelf):
    surface, evidence = shelf
    assert hold_out([e for e in evidence if e.kind == "source"], surface, LANGUAGE, seed=0) == ([], frozenset())


def test_places_that_people_are_shown_come_before_the_librarys_own(shelf):
    surface, evidence = shelf
    usages = [e for e in evidence if e.kind == "usage"]
    inner = replace(usages[0].provenance, source="library", file="orchard/inner.py")
    own = [
        replace(e, text=f"# {n}\n{e.text}", unit=f"{e.unit} {n}", provenance=inner) for n in range(8) for e in usages
    ]
    counts = []
    for known in (own, [replace(e, provenance=replace(inner, source="readme")) for e in own]):
        probes, _ = hold_out([*usages, *known], surface, LANGUAGE, seed=0)
        counts.append(sum(not probe.path.startswith("orchard/inner.py") for probe in probes))
    assert counts[0] > counts[1]
