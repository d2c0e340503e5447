"""Planning for small harbours: tides, berths, cargo and the people who bring ships in.

>>> from quayside import BerthPlan, Quay, Vessel
>>> plan = BerthPlan([Quay("North Wall", length_m=180.0)])
>>> plan.allot(Vessel("Merganser", draught_m=4.2), tugs=1)
'North Wall'
"""

from quayside.berths import BerthPlan, Fender, Quay, Vessel
from quayside.cargo import Derrick, Manifest, lashing_force, stow_order
from quayside.pilots import PilotRoster, Tug, radio_log
from quayside.tides import Datum, SurgeAlarm, TideTable, read_gauge

__all__ = [
    "BerthPlan",
    "Datum",
    "Derrick",
    "Fender",
    "Manifest",
    "PilotRoster",
    "Quay",
    "SurgeAlarm",
    "TideTable",
    "Tug",
    "Vessel",
    "lashing_force",
    "radio_log",
    "read_gauge",
    "stow_order",
]
