"""People and boats that bring ships in."""

from __future__ import annotations

from quayside.berths import Vessel


class PilotRoster:
    """Which pilot is on watch.

    >>> roster = PilotRoster("Oxenmouth", watch_hours=8)
    >>> roster.enlist("Maas", deep_sea=True)
    >>> pilot = roster.summon(Vessel("Merganser"), ladder_side="lee")
    >>> roster.stand_down(pilot)
    """

    def __init__(self, harbour: str, *, watch_hours: int = 6) -> None:
        self.harbour = harbour
        self.watch_hours = watch_hours
        self.names: list[str] = []

    def enlist(self, name: str, *, deep_sea: bool = False) -> None:
        """Put a pilot on the list."""
        self.names.append(name)

    def summon(self, vessel: Vessel, *, ladder_side: str = "port") -> str:
        """Send the next pilot out to a ship; the pilot's name."""
        return self.names[0]

    def stand_down(self, name: str) -> None:
        """End a pilot's watch."""
        self.names.remove(name)


class Tug:
    """A boat that pushes and pulls.

    >>> tug = Tug("Bittern", bollard_pull=42)
    >>> tug.make_fast(Vessel("Merganser"), hawser_m=60)
    >>> tug.shove(throttle=0.4)
    >>> tug.slip_line()
    """

    def __init__(self, name: str, *, bollard_pull: int = 30, azimuth: bool = True) -> None:
        self.name = name
        self.bollard_pull = bollard_pull
        self.azimuth = azimuth

    def make_fast(self, vessel: Vessel, *, hawser_m: int = 45) -> None:
        """Take a line from a ship."""
        self.name = f"{self.name} ({vessel.name})"

    def shove(self, *, throttle: float = 0.5) -> float:
        """Push; the force in tonnes."""
        return self.bollard_pull * throttle

    def slip_line(self) -> None:
        """Let go of the ship."""
        self.name = self.name.partition(" (")[0]


def radio_log(channel: int = 12, *, since_hour: float = 0.0, redact: bool = False) -> list[str]:
    """What was said on a channel.

    >>> for call in radio_log(14, since_hour=6.0, redact=True):
    ...     print(call)
    """
    return [f"{channel}: {since_hour}"] * (not redact)
