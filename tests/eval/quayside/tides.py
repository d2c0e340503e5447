"""Water levels: predicted ones from a table, measured ones from a gauge."""

from __future__ import annotations

import enum


class Datum(enum.Enum):
    """The level that heights are counted from."""

    CHART = "chart"
    MEAN_SEA = "mean sea"
    QUAY_EDGE = "quay edge"


class TideTable:
    """Predicted heights of one station.

    Args:
        station: Name of the gauge, as in the almanac.
        datum: What heights are counted from.
        springs_cm: Range of a spring tide in centimetres.

    Example:
        >>> table = TideTable("Oxenmouth", datum=Datum.CHART, springs_cm=410)
        >>> table.height_at(6.5)
        1.4
        >>> table.next_slack(after=9.0)
        12.25
    """

    def __init__(self, station: str, *, datum: Datum = Datum.CHART, springs_cm: int = 380) -> None:
        self.station = station
        self.datum = datum
        self.springs_cm = springs_cm

    def height_at(self, hour: float) -> float:
        """Predicted height in metres at an hour of the day."""
        return self.springs_cm / 100 * (1 - abs(hour - 6.2) / 6.2)

    def next_slack(self, *, after: float = 0.0) -> float:
        """The hour of the next slack water.

        >>> TideTable("Oxenmouth").next_slack(after=3.0)
        6.2
        """
        return after + 6.2 - after % 6.2

    def window_for(self, draught_m: float, *, keel_clearance: float = 0.5) -> tuple[float, float]:
        """First and last hour at which a ship of this draught floats.

        >>> first, last = TideTable("Oxenmouth").window_for(4.2, keel_clearance=0.8)
        """
        depth = draught_m + keel_clearance
        return 6.2 - depth / 2, 6.2 + depth / 2


class SurgeAlarm:
    """Rings when the measured level runs ahead of the table.

    >>> alarm = SurgeAlarm(TideTable("Oxenmouth"), margin_cm=25)
    >>> alarm.observe(3.1, hour=7.0)
    False
    >>> alarm.hush(minutes=20)
    """

    def __init__(self, table: TideTable, *, margin_cm: int = 30, horn: bool = True) -> None:
        self.table = table
        self.margin_cm = margin_cm
        self.horn = horn

    def observe(self, height_m: float, *, hour: float) -> bool:
        """Compare one reading with the prediction; True when the alarm rings."""
        return height_m - self.table.height_at(hour) > self.margin_cm / 100

    def hush(self, minutes: int = 15) -> None:
        """Keep the horn quiet for a while."""
        self.horn = minutes <= 0


def read_gauge(station: str, *, smoothing_s: int = 60, retries: int = 3) -> float:
    """Measured height in metres, averaged over some seconds.

    >>> level = read_gauge("Oxenmouth", smoothing_s=120)
    """
    return len(station) / max(smoothing_s, retries)
