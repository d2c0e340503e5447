"""The adapter that is asked for, folded into a copy of the weights: as inputs of the graph, LoRA's 240 small products
are a fifth of a token's time (tests/eval/LOG.md).

The copy is made from the unquantised weights plus the update, rounded as the graph's own are, and lives in memory only.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Protocol, TypeVar
from weakref import WeakSet

import numpy as np
import psutil
import torch
from safetensors.torch import load_file

from seal_lsp.lm.heap import give_back
from seal_lsp.lm.onnx_graph import FUSED, Shape, product_weights

log = logging.getLogger(__name__)
T = TypeVar("T")

_AFTER = 8  # requests in a row under one adapter: somebody works with it, and does not go back and forth between two
_NICE = 10
_SPARE = 4  # a copy is made while so many times the size of the weights on disk is free

How = tuple[Any, Mapping[str, np.ndarray]]
"""A session, and the adapter inputs that it is given."""


class Bound(Protocol):
    """A cache, bound to a session."""

    def bind(self) -> None: ...


class Served:
    """How an adapter is run, and the caches under it, which are bound to that."""

    def __init__(self, how: How) -> None:
        self.how = how
        self.caches: WeakSet[Bound] = WeakSet()

    def run_by(self, how: How) -> None:
        self.how = how
        for cache in self.caches:
            cache.bind()


class Folding:
    """Keeps one adapter folded, the one that is worked with. `session_with` makes a session that has these constants
    instead of the graph's, `unadapted` are its inputs for no adapter. Called by the model's only owner; the copy is
    made in a thread and used from the request after it on."""

    def __init__(
        self,
        weights: Path,
        shape: Shape,
        precision: str,
        session_with: Callable[[Mapping[str, np.ndarray]], Any],
        unadapted: Mapping[str, np.ndarray],
    ) -> None:
        self._weights, self._shape, self._precision = weights, shape, precision
        self._session_with, self._unadapted = session_with, unadapted
        self._last: Served | None = None
        self._in_a_row = 0
        self._folded: tuple[Served, How] | None = None  # and how it was run before
        self._making: tuple[Served, threading.Thread] | None = None
        self._made: Any = None  # its session
        self._broken = False

    def asked(self, served: Served) -> None:
        """A request is about to run under this adapter."""
        self._in_a_row = self._in_a_row + 1 if served is self._last else 1
        self._last = served
        if self._making is not None and not self._making[1].is_alive():
            self._use(self._making[0])
        is_folded = self._folded is not None and self._folded[0] is served
        if self._in_a_row % _AFTER or is_folded or self._making is not None or self._broken:
            return
        # A daemon: nobody waits for it when the process ends.
        thread = threading.Thread(target=self._make, args=(served.how[1],), name="fold an adapter", daemon=True)
        self._making = served, thread
        thread.start()

    def forget(self, served: Served) -> None:
        """It is not asked for again: its copy goes with the last cache under it."""
        if self._folded is not None and self._folded[0] is served:
            self._folded = None
        if self._last is served:
            self._last = None

    def settle(self) -> None:
        """Until no copy is being made."""
        if self._making is not None:
            self._making[1].join()

    def _use(self, served: Served) -> None:
        session, self._made, self._making = self._made, None, None
        if session is None or served is not self._last:  # it failed, or somebody works with another one by now
            return
        if self._folded is not None:
            self._folded[0].run_by(self._folded[1])
        self._folded = served, served.how
        served.run_by((session, self._unadapted))

    def _make(self, inputs: Mapping[str, np.ndarray]) -> None:
        """The sums at a low priority, but not the session: the threads that will serve would inherit it."""
        try:
            size = sum(file.stat().st_size for file in _files(self._weights))
            if psutil.virtual_memory().available < _SPARE * size:
                log.info("memory is short: the adapter in use is not folded")
                return
            constants = _at_low_priority(lambda: folded(self._weights, inputs, self._shape, self._precision))
            self._made = self._session_with(constants)
            del constants
            give_back()  # what the sums took, more than the copy itself
        except Exception:  # ONNX Runtime's errors have no base of their own
            log.exception("adapters cannot be folded; they are served as they are")
            self._broken = True


def _at_low_priority(work: Callable[[], T]) -> T:
    """What `work` gives, in a thread of its own. Not the lowest there is: it holds Python's lock now and then, and who
    waits for that waits as long as it is kept from a core."""
    done: Future[T] = Future()

    def run() -> None:
        with contextlib.suppress(OSError):
            if sys.platform == "linux":  # where a thread has a priority of its own
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
        try:
            done.set_result(work())
        except Exception as error:
            done.set_exception(error)

    threading.Thread(target=run, name="sums of an adapter", daemon=True).start()
    return done.result()


def folded(weights: Path, inputs: Mapping[str, np.ndarray], shape: Shape, precision: str) -> dict[str, np.ndarray]:
    """The constants of all products of FUSED with an adapter added to them. `weights` is the folder of the base's
    safetensors, `inputs` are the graph's: lN.P.A [in, r] and lN.P.B [r, out]."""
    tensors: dict[str, torch.Tensor] = {}
    for file in _files(weights):
        tensors |= load_file(file)  # mapped into memory; one product at a time is in float32
    found: dict[str, np.ndarray] = {}
    for number in range(shape.layers):
        for kind, parts in FUSED.items():
            name = f"l{number}.{kind}"
            matrix = torch.cat([tensors[f"model.layers.{number}.{part}.weight"].float() for part in parts]).numpy()
            found |= product_weights(name, matrix + (inputs[f"{name}.A"] @ inputs[f"{name}.B"]).T, precision)
    return found


def _files(weights: Path) -> list[Path]:
    return sorted(weights.glob("*.safetensors"))
