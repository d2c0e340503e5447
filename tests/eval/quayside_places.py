"""`quayside`, a library written for one test (the folder beside this file), and twenty places of code that uses it.

No model can know the library. The places are written as its users' tests and programs would be, and share no 13 words
with it. In each, ⟦ ⟧ enclose the name that is asked for.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from seal_lsp.core.library import LibraryId

LIBRARY = LibraryId("quayside", "0.4.0")
SOURCE = Path(__file__).parent / "quayside"

_EXPORTS = (
    "BerthPlan Datum Derrick Fender Manifest PilotRoster Quay SurgeAlarm TideTable Tug Vessel lashing_force radio_log"
    " read_gauge stow_order berths cargo pilots tides"
)
_NAMES = {
    "quayside": _EXPORTS,
    "TideTable": "datum height_at next_slack springs_cm station window_for",
    "SurgeAlarm": "horn hush margin_cm observe table",
    "Vessel": "air_draught beam_m draught_m name trim_by",
    "Quay": "bollards cast_off fit_fenders free_metres length_m moor moored name",
    "BerthPlan": "allot as_chart clashes quays shift_all turnaround_h",
    "Manifest": "customs_ref declare goods heaviest seal_hatch total_tonnes vessel",
    "PilotRoster": "enlist harbour names stand_down summon watch_hours",
    "Tug": "azimuth bollard_pull make_fast name shove slip_line",
    "TideTable(": "datum springs_cm",
    "Quay(": "bollards length_m",
    "Quay.moor(": "spring_lines stern_first",
    "BerthPlan.allot(": "not_before tugs",
    "Manifest.declare(": "hazard_class reefer",
    "Tug(": "azimuth bollard_pull",
    "radio_log(": "redact since_hour",
}
"""What may stand at a place, by whose it is: names to import, members, keywords that the call has not been given."""

_PLACES = [
    ("import", "quayside", """
        import pytest

        from quayside import ⟦Quay⟧


        @pytest.fixture
        def short_wall():
            return Quay("Fish Steps", length_m=40.0)
     """),
    ("import", "quayside", """
        '''Prints tonight's low water for the harbour master's screen.'''

        import argparse

        from quayside import ⟦TideTable⟧

        parser = argparse.ArgumentParser()
        parser.add_argument("station")
        table = TideTable(parser.parse_args().station)
     """),
    ("import", "quayside", """
        from dataclasses import dataclass

        from quayside import Manifest, ⟦Vessel⟧


        @dataclass
        class Arrival:
            ship: Vessel
            papers: Manifest
     """),
    ("import", "quayside", """
        import logging
        import time

        from quayside import TideTable, ⟦read_gauge⟧

        log = logging.getLogger("gauge")
        while True:
            log.info("level is %.2f", read_gauge("Saltby"))
            time.sleep(300)
     """),
    ("import", "quayside", """
        from quayside import PilotRoster, ⟦Tug⟧


        def test_a_night_without_boats():
            roster = PilotRoster("Saltby")
            boats: list[Tug] = []
            assert not boats and not roster.names
     """),
    ("member", "Quay", """
        import quayside


        def crowded(wall: quayside.Quay, limit: float) -> bool:
            '''Is there hardly any room left?'''
            return wall.⟦free_metres⟧() < limit
     """),
    ("member", "Quay", """
        from quayside import Quay, Vessel


        def test_two_ships_side_by_side():
            wall = Quay("Lime Kiln", length_m=90.0)
            for title in ("Teal", "Smew"):
                wall.⟦moor⟧(Vessel(title))
            assert len(wall.moored) == 2
     """),
    ("member", "TideTable", """
        from quayside import TideTable

        almanac = TideTable("Saltby")


        def departure(hour: float) -> float:
            # never leave against the stream
            return almanac.⟦next_slack⟧(after=hour)
     """),
    ("member", "Manifest", """
        from quayside import Manifest, Vessel

        papers = Manifest(Vessel("Smew"))
        for line in open("hold.csv"):
            what, weight = line.split(";")
            papers.⟦declare⟧(what, tonnes=float(weight))
     """),
    ("member", "BerthPlan", """
        from quayside import BerthPlan, Quay


        def report(walls: list[str]) -> None:
            plan = BerthPlan([Quay(name) for name in walls])
            if plan.⟦clashes⟧():
                raise SystemExit("two ships want the same place")
     """),
    ("member", "Tug", """
        from quayside import Tug, Vessel

        boat = Tug("Plover")
        boat.make_fast(Vessel("Smew"))
        try:
            boat.shove(throttle=1.0)
        finally:
            boat.⟦slip_line⟧()
     """),
    ("member", "PilotRoster", """
        import asyncio

        from quayside import PilotRoster, Vessel


        async def bring_in(roster: PilotRoster, ship: Vessel) -> str:
            await asyncio.sleep(0)
            return roster.⟦summon⟧(ship)
     """),
    ("member", "SurgeAlarm", """
        from quayside import SurgeAlarm, TideTable


        class Watchman:
            def __init__(self) -> None:
                self.bell = SurgeAlarm(TideTable("Saltby"))

            def on_key(self, key: str) -> None:
                if key == "q":
                    self.bell.⟦hush⟧(10)
     """),
    ("keyword", "Quay(", """
        from quayside import Quay

        WALLS = {
            name: Quay(name, ⟦length_m⟧=metres)
            for name, metres in [("Fish Steps", 40.0), ("Lime Kiln", 90.0)]
        }
     """),
    ("keyword", "Quay.moor(", """
        from quayside import Quay, Vessel


        def test_backwards_into_the_corner():
            wall = Quay("Lime Kiln")
            wall.moor(Vessel("Teal"), ⟦stern_first⟧=True)
            assert wall.moored[0].name == "Teal"
     """),
    ("keyword", "BerthPlan.allot(", """
        from quayside import BerthPlan, Quay, Vessel


        def earliest(ship: Vessel, hour: float, walls: list[Quay]) -> str:
            return BerthPlan(walls).allot(ship, ⟦not_before⟧=hour)
     """),
    ("keyword", "Manifest.declare(", """
        from quayside import Manifest, Vessel

        COLD = {"prawns", "butter"}


        def fill(ship: Vessel, load: dict[str, float]) -> Manifest:
            papers = Manifest(ship)
            for what, weight in load.items():
                papers.declare(what, tonnes=weight, ⟦reefer⟧=what in COLD)
            return papers
     """),
    ("keyword", "Tug(", """
        from quayside import Tug, Vessel


        def test_a_weak_boat_in_swell():
            boat = Tug("Plover", ⟦bollard_pull⟧=6)
            boat.make_fast(Vessel("Teal"))
            assert boat.shove() < 5
     """),
    ("keyword", "radio_log(", """
        import json

        from quayside import radio_log

        with open("night.json", "w") as stream:
            json.dump(radio_log(16, ⟦since_hour⟧=22.0), stream)
     """),
    ("keyword", "TideTable(", """
        from quayside import Datum, TideTable


        def test_heights_over_the_sea():
            table = TideTable("Saltby", ⟦datum⟧=Datum.MEAN_SEA)
            assert table.height_at(6.2) > 0
     """),
]  # fmt: skip


def rows() -> list[dict]:
    """The places as a case file has them."""
    made = []
    for number, (kind, owner, text) in enumerate(_PLACES):
        lines = text.strip("\n").rstrip().split("\n")
        whole = "\n".join(line.removeprefix(" " * 8) for line in lines) + "\n"
        prefix, gold, suffix = re.fullmatch(r"(.*)⟦(\w+)⟧(.*)", whole, re.DOTALL).groups()
        made.append({
            "id": f"quayside-{number}", "library": LIBRARY.name, "version": LIBRARY.version, "package": "quayside",
            "path": f"place_{number}.py", "kind": kind, "gold": gold, "prefix": prefix, "suffix": suffix,
            "copyable": re.search(rf"\b{gold}\b", prefix) is not None,
            "candidates": sorted(_NAMES[owner].split()),
        })  # fmt: skip
    return made


def case_file(folder: Path) -> Path:
    file = folder / "quayside.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows()), encoding="utf-8")
    return file


def install(site: Path) -> Path:
    """As `pip install --target` leaves it."""
    info = site / f"quayside-{LIBRARY.version}.dist-info"
    (site / "quayside").mkdir(parents=True)
    info.mkdir()
    modules = sorted(SOURCE.glob("*.py"))
    for module in modules:
        (site / "quayside" / module.name).write_text(module.read_text(encoding="utf-8"), encoding="utf-8")
    head = f"Metadata-Version: 2.1\nName: quayside\nVersion: {LIBRARY.version}\n"
    readme = (SOURCE / "README.md").read_text(encoding="utf-8")
    (info / "METADATA").write_text(f"{head}Description-Content-Type: text/markdown\n\n{readme}", encoding="utf-8")
    names = [f"quayside/{module.name}" for module in modules] + [f"{info.name}/{n}" for n in ("METADATA", "RECORD")]
    (info / "RECORD").write_text("".join(f"{name},,\n" for name in names), encoding="utf-8")
    return site
