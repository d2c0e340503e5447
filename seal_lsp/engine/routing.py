"""Which adapter a request runs under: the first of its libraries that has a live adapter for this base, else none.

Adapters are loaded at first use, their digest verified before; a damaged one is never loaded, and that is said once.
One that a model elsewhere cannot have is tried again after a while.
Everything here runs on the generation worker, the model's only owner.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

from seal_lsp.core.errors import AdapterUnavailable, SealError, StoreDamaged, UsageError
from seal_lsp.core.library import LibraryId
from seal_lsp.core.lm import LanguageModel
from seal_lsp.store.adapters import Adapter, AdapterStore

log = logging.getLogger(__name__)

UNAVAILABLE_S = 30.0
LOADED_AT_MOST = 16  # an adapter of the default model takes about 10 MB


class AdapterRouter:
    """`on_damage` is told once about each adapter that cannot be used, with StoreDamaged or AdapterUnavailable."""

    def __init__(
        self, store: AdapterStore, model: LanguageModel, on_damage: Callable[[Adapter, SealError], None]
    ) -> None:
        self._store = store
        self._model = model
        self._base = model.info.digest
        self._on_damage = on_damage
        self._used: OrderedDict[str, None] = OrderedDict()
        self._damaged: set[str] = set()
        self._unavailable: dict[str, float] = {}  # digest: when to try again

    def route(self, libraries: Sequence[str]) -> Adapter | None:
        for text in libraries:
            try:
                library = LibraryId.parse(text)
            except UsageError:
                continue  # a library without a version cannot have been learned
            adapter = self._live(library)
            if adapter is not None and self.load(adapter):
                return adapter
        return None

    def peek(self, library: LibraryId) -> Adapter | None:
        """Which adapter a request about this library would run under. Reads the store only: any thread may ask."""
        return self._live(library)

    def load(self, adapter: Adapter) -> bool:
        """Have it in the model, verified; False when it is damaged, or the model cannot have it now."""
        if adapter.digest in self._damaged or time.monotonic() < self._unavailable.get(adapter.digest, 0.0):
            return False
        if adapter.digest in self._used and adapter.digest in self._model.adapters():
            self._used.move_to_end(adapter.digest)
            return True
        try:
            self._store.verify(adapter)
            self._model.load_adapter(adapter.folder, adapter.digest)
            self._model.set_scale(adapter.digest, float(adapter.manifest.get("scale", 1.0)))
        except StoreDamaged as error:
            self._damage(adapter, error)
            return False
        except AdapterUnavailable as error:
            if adapter.digest not in self._unavailable:
                self._tell(adapter, error)
            self._unavailable[adapter.digest] = time.monotonic() + UNAVAILABLE_S
            return False
        self._unavailable.pop(adapter.digest, None)
        self._used[adapter.digest] = None
        while len(self._used) > LOADED_AT_MOST:
            self._model.unload_adapter(self._used.popitem(last=False)[0])
        return True

    def unload(self, digest: str) -> None:
        self._damaged.discard(digest)
        self._unavailable.pop(digest, None)
        self._used.pop(digest, None)
        if digest in self._model.adapters():
            self._model.unload_adapter(digest)

    def _live(self, library: LibraryId) -> Adapter | None:
        try:
            return self._store.live(library, self._base)
        except StoreDamaged as error:
            self._damage(Adapter(f"live:{library}", library, self._base, self._store.root, {}), error)
            return None

    def _damage(self, adapter: Adapter, error: StoreDamaged) -> None:
        if adapter.digest not in self._damaged:
            self._damaged.add(adapter.digest)
            self._tell(adapter, error)

    def _tell(self, adapter: Adapter, error: SealError) -> None:
        log.warning("%s: %s", adapter.library, error)
        self._on_damage(adapter, error)
