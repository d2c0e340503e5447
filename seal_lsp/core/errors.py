"""The one error tree. Each class carries the exit code that the CLI documents and a hint that says what to do."""

from __future__ import annotations


class SealError(Exception):
    """Something expected went wrong. `message` says what, `hint` says what the user can do about it."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class UsageError(SealError):
    """The call's words are off: unknown library, bad position, bad setting."""

    exit_code = 2


class GateRejected(SealError):
    """Learning ran, and the gate did not let the adapter go live."""

    exit_code = 3


class NothingToLearn(SealError):
    """No evidence survived, or the base model already knows the library."""

    exit_code = 4


class EngineUnavailable(SealError):
    """No engine answers and none could be started. Static facts are still served. `silent`: nobody answered, or not in
    time; an engine that answers may refuse for a moment."""

    exit_code = 5

    def __init__(self, message: str, *, hint: str = "", silent: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.silent = silent


class ModelError(SealError):
    """Weights are missing, broken, of an unsupported architecture, or there is no room for them."""

    exit_code = 6


class AdapterUnavailable(ModelError):
    """The model runs elsewhere, and an adapter cannot be made available there; on disk it is whole."""


class EnvironmentProblem(SealError):
    """The workspace's Python environment is missing or broken."""

    exit_code = 7


class StoreDamaged(SealError):
    """A database or an adapter on disk is not what its digest says."""

    exit_code = 8


class NoSpaceLeft(SealError):
    """The disk is full; what was there before is untouched."""

    exit_code = 9


class Cancelled(SealError):
    """Stopped on request; the work can be resumed."""

    exit_code = 75
