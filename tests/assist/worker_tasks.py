"""Tasks for the worker's tests: they must be importable in its process."""

from __future__ import annotations

import os
import time
from pathlib import Path


def start(folder: str) -> None:
    with Path(folder, "starts").open("a") as file:
        file.write(f"{os.getpid()}\n")


def add(a: int, b: int) -> int:
    return a + b


def pid() -> int:
    return os.getpid()


def hang() -> None:
    time.sleep(600)


def nap(seconds: float, note: str) -> str:
    time.sleep(seconds)
    Path(note).write_text("done")
    return note


def fail() -> None:
    raise ValueError("no")


def late() -> None:
    raise TimeoutError


def die() -> None:
    os._exit(9)


def shout() -> int:
    print("stray")
    os.write(1, b"stray")
    return 1


def unpicklable():
    return lambda: None
