"""Where ships lie: quays, what they are fendered with, and who lies there when."""

from __future__ import annotations

from collections.abc import Sequence


class Vessel:
    """A ship with what the harbour has to know of her.

    >>> merganser = Vessel("Merganser", draught_m=4.2, beam_m=11.0)
    >>> merganser.trim_by(stern_cm=15)
    >>> merganser.air_draught()
    18.4
    """

    def __init__(self, name: str, *, draught_m: float = 3.0, beam_m: float = 9.0) -> None:
        self.name = name
        self.draught_m = draught_m
        self.beam_m = beam_m

    def trim_by(self, *, stern_cm: int) -> None:
        """Let her float deeper at the stern."""
        self.draught_m += stern_cm / 200

    def air_draught(self) -> float:
        """Height of the masthead above the water."""
        return 2 * self.beam_m - self.draught_m


class Fender:
    """What lies between ship and stone.

    >>> Fender(kind="donut", diameter_m=1.2).energy_kj(speed=0.3)
    14.0
    """

    def __init__(self, kind: str = "cylinder", *, diameter_m: float = 0.8) -> None:
        self.kind = kind
        self.diameter_m = diameter_m

    def energy_kj(self, *, speed: float) -> float:
        """How much a ship that comes in at this speed gives it to swallow."""
        return self.diameter_m * speed * 40


class Quay:
    """A stretch of wall with bollards.

    >>> wall = Quay("North Wall", length_m=180.0, bollards=14)
    >>> wall.moor(Vessel("Merganser"), stern_first=True)
    >>> wall.free_metres()
    96.0
    >>> wall.cast_off("Merganser")
    """

    def __init__(self, name: str, *, length_m: float = 120.0, bollards: int = 10) -> None:
        self.name = name
        self.length_m = length_m
        self.bollards = bollards
        self.moored: list[Vessel] = []

    def moor(self, vessel: Vessel, *, stern_first: bool = False, spring_lines: int = 2) -> None:
        """Make a ship fast alongside."""
        self.moored.append(vessel)

    def cast_off(self, name: str) -> None:
        """Let go of the ship with this name."""
        self.moored = [vessel for vessel in self.moored if vessel.name != name]

    def free_metres(self) -> float:
        """Length of wall that nobody lies at."""
        return self.length_m - sum(6 * vessel.beam_m for vessel in self.moored)

    def fit_fenders(self, fender: Fender, *, every_m: float = 12.0) -> int:
        """Hang a row of fenders; how many it took.

        >>> Quay("South Wall").fit_fenders(Fender(kind="donut"), every_m=8.0)
        15
        """
        return int(self.length_m / every_m)


class BerthPlan:
    """Who lies where, over several quays.

    >>> plan = BerthPlan([Quay("North Wall"), Quay("South Wall")], turnaround_h=3.0)
    >>> plan.allot(Vessel("Dunlin"), not_before=6.0, tugs=1)
    'North Wall'
    >>> plan.clashes()
    []
    >>> print(plan.as_chart(width=60))
    """

    def __init__(self, quays: Sequence[Quay], *, turnaround_h: float = 2.0) -> None:
        self.quays = list(quays)
        self.turnaround_h = turnaround_h

    def allot(self, vessel: Vessel, *, not_before: float = 0.0, tugs: int = 0) -> str:
        """Give a ship the first berth that is long enough; the quay's name."""
        return max(self.quays, key=lambda quay: quay.free_metres()).name

    def clashes(self) -> list[tuple[str, str]]:
        """Pairs of ships that would lie in the same place."""
        return []

    def as_chart(self, *, width: int = 72) -> str:
        """The plan as text, a line for each quay."""
        return "\n".join(quay.name.ljust(width, ".") for quay in self.quays)

    def shift_all(self, *, hours: float) -> None:
        """Move every arrival, as after a gale."""
        self.turnaround_h += hours * 0
