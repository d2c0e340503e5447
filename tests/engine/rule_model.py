"""The scripted model, held at a gate when a test wants it busy."""

from __future__ import annotations

import threading
from collections import Counter

from seal_lsp.lm.scripted import ScriptedLanguageModel

BASE = "b" * 64
SCRIPT = {"rules": {"acme.": "base()"}, "preferences": {}, "default": "x", "id": "rules", "digest": BASE}


class HeldModel(ScriptedLanguageModel):
    """While `gate` is closed every generation and ranking waits, as a slow one would, until it is cancelled."""

    def __init__(self, **script) -> None:
        super().__init__(**{**SCRIPT, **script})
        self.gate = threading.Event()
        self.gate.set()
        self.entered: list[str] = []
        self.cancelled = 0
        self._read: Counter[str] = Counter()

    def read_under(self, adapter: str) -> int:
        """How many prompts were read under it with no answer wanted."""
        return self._read[adapter]

    def rank(self, prefix, candidates, *, cancel=None, **options):
        self._hold(prefix, cancel)
        return super().rank(prefix, candidates, cancel=cancel, **options)

    def generate(self, prompts, *, cancel=None, **options):
        self._hold(prompts[0], cancel)
        if options.get("max_tokens") == 1:
            self._read[options["adapter"]] += len(prompts)
        return super().generate(prompts, cancel=cancel, **options)

    def _hold(self, what: str, cancel) -> None:
        self.entered.append(what)
        while not self.gate.wait(0.005):
            if cancel is not None and cancel.is_set():
                self.cancelled += 1
                return
