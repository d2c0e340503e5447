"""Which adapter a request runs under: the first of its libraries that has a live adapter for this base, else none.

Adapters are loaded at first use, their digest verified before; a damaged one is never loaded, and that is said once.
Everything here runs on the generation worker, the model's only owner.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence

from seal_lsp.core.errors import StoreDamaged, UsageError
from seal_lsp.core.library import LibraryId
from seal_lsp.core.lm import LanguageModel
from seal_lsp.store.adapters import Adapter, AdapterStore

log = logging.getLogger(__name__)

LOADED_AT_MOST = 16  # an adapter of the default model takes about 10 MB


class AdapterRouter:
    """`on_damage` is told once about each adapter that cannot be used."""

    def __init__(
        self, store: AdapterStore, model: LanguageModel, on_damage: Callable[[Adapter, StoreDamaged], None]
    ) -> None:
        self._store = store
        self._model = model
        self._base = model.info.digest
        self._on_damage = on_damage
        self._used: OrderedDict[str, None] = OrderedDict()
        self._damaged: set[str] = set()

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
        """Have it in the model, verified; False when it is damaged."""
        if adapter.digest in self._damaged:
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
        self._used[adapter.digest] = None
        while len(self._used) > LOADED_AT_MOST:
            self._model.unload_adapter(self._used.popitem(last=False)[0])
        return True

    def unload(self, digest: str) -> None:
        self._damaged.discard(digest)
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
            log.warning("%s: %s", adapter.library, error)
            self._on_damage(adapter, error)
