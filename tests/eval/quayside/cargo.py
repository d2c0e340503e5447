"""What is in the hold, in which order it comes out, and what holds it in place."""

from __future__ import annotations

from quayside.berths import Vessel


class Manifest:
    """The list of goods that a ship declares.

    >>> manifest = Manifest(Vessel("Dunlin"))
    >>> manifest.declare("barley", tonnes=340.0)
    >>> manifest.declare("herring", tonnes=22.0, reefer=True)
    >>> manifest.heaviest()
    'barley'
    >>> manifest.seal_hatch(2)
    """

    def __init__(self, vessel: Vessel, *, customs_ref: str = "") -> None:
        self.vessel = vessel
        self.customs_ref = customs_ref
        self.goods: dict[str, float] = {}

    def declare(self, goods: str, *, tonnes: float, reefer: bool = False, hazard_class: int = 0) -> None:
        """Add an entry."""
        self.goods[goods] = tonnes

    def heaviest(self) -> str:
        """The goods of which there is most."""
        return max(self.goods, key=self.goods.__getitem__)

    def seal_hatch(self, number: int) -> None:
        """Note that a hatch was sealed."""
        self.customs_ref += f"/{number}"

    def total_tonnes(self) -> float:
        """Weight of everything on the list."""
        return sum(self.goods.values())


class Derrick:
    """A crane on the quay.

    >>> derrick = Derrick(reach_m=32.0, grab="clamshell")
    >>> derrick.hoist(12.0, slew_deg=45)
    >>> derrick.cycles_for(Manifest(Vessel("Dunlin")))
    0
    """

    def __init__(self, *, reach_m: float = 25.0, grab: str = "hook") -> None:
        self.reach_m = reach_m
        self.grab = grab

    def hoist(self, load_t: float, *, slew_deg: int = 90) -> None:
        """Lift a load and swing it ashore."""
        self.reach_m = max(self.reach_m, load_t / 2)

    def cycles_for(self, manifest: Manifest) -> int:
        """How many lifts a cargo takes."""
        return int(manifest.total_tonnes() / 12)


def lashing_force(tonnes: float, *, roll_deg: float = 20.0) -> float:
    """Kilonewtons that the lashings of a piece must hold.

    >>> lashing_force(18.0, roll_deg=25.0)
    73.5
    """
    return tonnes * 9.8 * roll_deg / 60


def stow_order(manifest: Manifest, *, bottom_first: bool = True) -> list[str]:
    """Goods in the order in which they go into the hold.

    >>> stow_order(manifest, bottom_first=False)
    ['herring', 'barley']
    """
    return sorted(manifest.goods, key=manifest.goods.__getitem__, reverse=bottom_first)
