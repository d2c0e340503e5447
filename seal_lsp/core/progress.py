"""How long work reports and how it is stopped. The same Protocols serve the CLI, the learner and the tests."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    def __call__(self, phase: str, fraction: float, message: str) -> None:
        """`fraction` is 0..1 within the phase."""
        ...


class Clock(Protocol):
    def now(self) -> str:
        """UTC, ISO 8601, seconds precision."""
        ...


def silent(phase: str, fraction: float, message: str) -> None:
    """A Progress that says nothing."""
