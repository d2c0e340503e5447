"""The base model of this engine: which one, how far its loading is, and what to say when there is none.

Resolving reads files only, so that the base's digest is known before torch is; loading happens on the generation
worker, torch's import included.
"""

from __future__ import annotations

import json
import logging
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seal_lsp.core.errors import EngineUnavailable, ModelError, SealError
from seal_lsp.core.lm import Cancel, LanguageModel

if TYPE_CHECKING:
    from seal_lsp.engine.routing import AdapterRouter
    from seal_lsp.store.paths import Paths

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ModelSource:
    """`spec` is what a learner is given to load the same base; `load` is slow and may import torch."""

    spec: str
    name: str
    digest: str
    load: Callable[[], LanguageModel]


def resolve_model(paths: Paths, spec: str, *, device: str, threads: int | None, runtime: str = "auto") -> ModelSource:
    """The source for a model spec: '' for the one in use, an id of a pulled model, or `scripted:FILE` (for tests:
    a deterministic model without weights, see lm/scripted.py). Raises ModelError with what to do."""
    if spec.startswith("scripted:"):
        return _scripted(spec)
    from seal_lsp.lm.registry import ModelRegistry

    registry = ModelRegistry(paths)
    found = registry.find(spec) if spec and spec != "default" else registry.current()
    if found is None:
        what = f"no model {spec!r} has been pulled" if spec and spec != "default" else "no model has been pulled"
        raise ModelError(what, hint="run: seal-lsp model pull")

    def load() -> LanguageModel:
        try:
            from seal_lsp.lm.load import load as load_weights
        except ImportError as error:
            raise ModelError(
                f"the model runtime is not installed: {error}", hint="run: seal-lsp doctor (it prints the command)"
            ) from error
        return load_weights(found, device=device, runtime=runtime, threads=threads, anchored=True)

    return ModelSource(found.id, found.id, found.digest, load)


def _scripted(spec: str) -> ModelSource:
    from seal_lsp.lm.scripted import ScriptedLanguageModel

    try:
        model = ScriptedLanguageModel(**json.loads(Path(spec.removeprefix("scripted:")).read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(f"cannot read the script of {spec}: {error}", hint="see lm/scripted.py") from error
    return ModelSource(spec, model.info.id, model.info.digest, lambda: model)


class ModelHost:
    """States: loading, ready, problem. Written by the generation worker, read by everybody."""

    def __init__(
        self, resolve: Callable[[], ModelSource], make_router: Callable[[LanguageModel], AdapterRouter]
    ) -> None:
        self._resolve = resolve
        self._make_router = make_router
        self._lock = threading.Lock()
        self.state = "loading"
        self.problem: SealError | None = None
        self.source: ModelSource | None = None
        self.model: LanguageModel | None = None
        self.router: AdapterRouter | None = None

    def resolve(self) -> bool:
        """Look which model it is. Cheap; True when this changed a problem into hope."""
        try:
            self.source = self._resolve()
            return True
        except SealError as error:
            self.state, self.problem = "problem", error
        except Exception as error:
            log.error("resolving the model failed\n%s", traceback.format_exc())
            self.state, self.problem = (
                "problem",
                ModelError(f"the model cannot be found: {error}", hint="see engine.log"),
            )
        return False

    def load(self, cancel: Cancel) -> None:
        """Runs on the generation worker."""
        if self.source is None:
            return
        self.state, self.problem = "loading", None
        try:
            model = self.source.load()
            with self._lock:
                self.model, self.router = model, self._make_router(model)
                self.state = "ready"
        except SealError as error:
            self.state, self.problem = "problem", error
        except Exception as error:  # a runtime may fail in ways of its own; the engine must go on and say so
            log.error("loading the model failed\n%s", traceback.format_exc())
            self.state = "problem"
            self.problem = ModelError(f"the model could not be loaded: {error}", hint="run: seal-lsp doctor")

    def ready(self) -> tuple[LanguageModel, AdapterRouter]:
        """Raises what a generation request is answered while there is no model."""
        with self._lock:
            if self.model is not None and self.router is not None:
                return self.model, self.router
        self._raise_problem()
        raise EngineUnavailable("the model is still loading", hint="ask again in a few seconds")

    def base(self) -> ModelSource:
        """Raises ModelError when no base is known."""
        if self.source is None:
            self._raise_problem()
            raise EngineUnavailable("the model is still being looked up", hint="ask again in a second")
        return self.source

    def _raise_problem(self) -> None:
        if self.problem is not None:  # a fresh one each time: a raised exception keeps its traceback
            raise type(self.problem)(self.problem.message, hint=self.problem.hint)
