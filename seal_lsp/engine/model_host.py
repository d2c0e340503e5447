"""The base model of this engine: which one, how far its loading is, and what to say when there is none.

Resolving reads files only, so that the base's digest is known before torch is; loading happens on the generation
worker, torch's import included.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seal_lsp.core.errors import EngineUnavailable, ModelError, SealError, UsageError
from seal_lsp.core.lm import Cancel, LanguageModel

if TYPE_CHECKING:
    from seal_lsp.engine.routing import AdapterRouter
    from seal_lsp.lm.registry import ModelFolder
    from seal_lsp.lm.remote_http import ServerAddress
    from seal_lsp.settings.schema import ModelSettings
    from seal_lsp.store.paths import Paths

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ModelSource:
    """`spec` is what a learner is given to load the same base; `load` is slow and may import torch. `bare` says why
    nothing can be learned into it, '' where it can. `elsewhere`: a server runs it, which may come and go."""

    spec: str
    name: str
    digest: str
    load: Callable[[], LanguageModel]
    bare: str = ""
    elsewhere: bool = False


def resolve_model(
    paths: Paths,
    spec: str,
    *,
    device: str,
    threads: int | None,
    runtime: str = "auto",
    weights: str = "auto",
    server: ServerAddress | None = None,
) -> ModelSource:
    """The source for a model spec: '' for the one in use, an id of a pulled model, or `scripted:FILE` (for tests:
    a deterministic model without weights, see lm/scripted.py). `server` is where runtime `remote` finds it. Raises
    ModelError with what to do."""
    if spec.startswith("scripted:"):
        return _scripted(spec)
    from seal_lsp.lm.registry import ModelRegistry

    registry = ModelRegistry(paths)
    found = registry.find(spec) if spec and spec != "default" else registry.current()
    if runtime == "remote":
        return _remote(server, found, spec)
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
        return load_weights(found, device=device, runtime=runtime, threads=threads, anchored=True, weights=weights)

    return ModelSource(found.id, found.id, found.digest, load)


def server_address(settings: ModelSettings, environ: Mapping[str, str] = os.environ) -> ServerAddress:
    """Raises UsageError where the settings name no server, one that must not be sent text, or a key that is not set."""
    from seal_lsp.lm.remote_http import ServerAddress

    variable = settings.key_variable
    if variable and not environ.get(variable):
        hint = "export it where the engine is started, or empty the setting"
        raise UsageError(f"model.key_variable names {variable}, which is not set", hint=hint)
    key = environ[variable] if variable else ""
    address = ServerAddress(settings.url, settings.served_name, key, settings.allow_host)
    address.check()
    return address


def _remote(address: ServerAddress | None, found: ModelFolder | None, spec: str) -> ModelSource:
    if address is None:
        raise ModelError("model.runtime is remote, but there is no address", hint="set model.url")

    def load() -> LanguageModel:
        from seal_lsp.lm.remote_connect import connect

        return connect(address, found, digest, anchored=True)

    if found is not None:
        digest = found.digest
        return ModelSource(found.id, found.id, digest, load, elsewhere=True)
    digest = hashlib.sha256(f"{address.root} {address.name}".encode()).hexdigest()  # no adapter is bound to it
    bare = f"the weights that {address.url} serves are not on this machine: it is served as it is, nothing is learned"
    name = address.name or address.url
    return ModelSource(spec, name, digest, load, bare=bare, elsewhere=True)


def _scripted(spec: str) -> ModelSource:
    from seal_lsp.lm.scripted import ScriptedLanguageModel

    try:
        model = ScriptedLanguageModel(**json.loads(Path(spec.removeprefix("scripted:")).read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(f"cannot read the script of {spec}: {error}", hint="see lm/scripted.py") from error
    return ModelSource(spec, model.info.id, model.info.digest, lambda: model)


class ModelHost:
    """States: loading, ready, problem. Written by the generation worker, read by everybody. `trouble` is why the last
    request failed, '' when it did not: a model server that is away comes back by itself."""

    def __init__(
        self, resolve: Callable[[], ModelSource], make_router: Callable[[LanguageModel], AdapterRouter]
    ) -> None:
        self._resolve = resolve
        self._make_router = make_router
        self._lock = threading.Lock()
        self.state = "loading"
        self.problem: SealError | None = None
        self.trouble = ""
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
