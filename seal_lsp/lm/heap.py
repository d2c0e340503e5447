"""What the C library does with memory that was freed. Only glibc can be asked; elsewhere nothing happens."""

from __future__ import annotations

import contextlib
import ctypes
import sys

_M_ARENA_MAX = -8  # malloc.h
_ARENAS = 2


def few_arenas() -> None:
    """Threads share two heaps instead of having one each, up to eight a core: what one of them frees, the next can use.
    To be called before there are threads."""
    _ask("mallopt", _M_ARENA_MAX, _ARENAS)


def give_back() -> None:
    """What was freed goes back to the system, also from between what is still in use."""
    _ask("malloc_trim", 0)


def _ask(name: str, *arguments: int) -> None:
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # musl has no such call
            getattr(ctypes.CDLL(None), name)(*arguments)
