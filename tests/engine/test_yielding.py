"""When learning waits: while somebody types, and when the machine suffers; sensors are given, not asked."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import psutil
import pytest

from seal_lsp.engine.yielding import TYPING, Yielding, machine_strain


async def test_typing_holds_until_it_is_quiet():
    said: list[str] = []
    yielding = Yielding(said.append, strain=lambda: "", quiet_s=0.2)
    for _ in range(4):
        with yielding.answering():
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.05)
    assert said == [TYPING]
    await asyncio.sleep(0.3)
    assert said == [TYPING, ""]


async def test_an_answer_that_takes_long_holds_as_long():
    said: list[str] = []
    yielding = Yielding(said.append, strain=lambda: "", quiet_s=0.02)
    with yielding.answering():
        with yielding.answering():
            await asyncio.sleep(0.1)
        await asyncio.sleep(0.1)
        assert said == [TYPING]
    await asyncio.sleep(0.1)
    assert said == [TYPING, ""]


async def test_strain_outlives_typing():
    said: list[str] = []
    strain = ["memory is short"]
    yielding = Yielding(said.append, strain=lambda: strain[0], quiet_s=0.05, look_s=0.05)
    watching = asyncio.create_task(yielding.watch())
    await asyncio.sleep(0.15)
    with yielding.answering():
        await asyncio.sleep(0.15)
    await asyncio.sleep(0.15)
    assert set(said) == {"memory is short"}
    strain[0] = ""
    await asyncio.sleep(0.3)
    assert said[-1] == ""
    watching.cancel()


@pytest.mark.parametrize(
    ("plugged", "temperature", "available", "on_battery", "expected"),
    [
        (True, 50.0, 50, False, ""),
        (None, None, 50, False, ""),
        (False, 50.0, 50, False, "battery"),
        (False, 50.0, 50, True, ""),
        (True, 97.0, 50, False, "hot"),
        (True, 50.0, 3, False, "memory"),
    ],
)
def test_what_a_machine_suffers_from(monkeypatch, plugged, temperature, available, on_battery, expected):
    battery = None if plugged is None else SimpleNamespace(power_plugged=plugged)
    sensors = {} if temperature is None else {"cpu": [SimpleNamespace(current=temperature, critical=100.0)]}
    monkeypatch.setattr(psutil, "sensors_battery", lambda: battery, raising=False)
    monkeypatch.setattr(psutil, "sensors_temperatures", lambda: sensors, raising=False)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=available, total=100))
    found = machine_strain(on_battery=on_battery)
    assert expected in found
    assert bool(found) == bool(expected)
