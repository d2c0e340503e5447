"""A LanguageModel whose answers are rules, its adapters read from the fake learner's files."""

from __future__ import annotations

import json
import threading
from pathlib import Path

from seal_lsp.core.errors import StoreDamaged
from seal_lsp.core.lm import Generation, ModelInfo, SpanScore

BASE = "b" * 64


class RuleModel:
    """Ranks the shortest name first, except that an adapter's preferred names come before all. `gate` holds every
    generation and ranking until it is set (or the request is cancelled)."""

    info = ModelInfo("rules", BASE, 0, 1024, "rules", "cpu")

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.loaded: dict[str, list[str]] = {}
        self.scales: dict[str, float] = {}
        self.entered: list[str] = []
        self.cancelled = 0

    def rank(self, prefix, candidates, *, adapter=None, cancel=None, max_prompt_tokens=None):
        self._hold(prefix, cancel)
        prefers = self.loaded[adapter] if adapter else []
        return [0.0 if name in prefers else -float(len(name)) for name in candidates]

    def generate(
        self, prompts, *, max_tokens, stop=(), adapter=None, deadline_s=None, cancel=None, max_prompt_tokens=None
    ):
        self._hold(prompts[0], cancel)
        by = ",".join(self.loaded[adapter]) if adapter else "base"
        finish = "cancelled" if cancel is not None and cancel.is_set() else "stop"
        return [Generation(f"{by}({number})", 2, finish, -0.5, 0.0) for number, _ in enumerate(prompts)]

    def score(self, pairs, *, adapter=None, cancel=None):
        return [SpanScore(-1.0, 1, 1) for _ in pairs]

    def load_adapter(self, folder: Path, digest: str) -> None:
        try:
            self.loaded[digest] = json.loads((folder / "adapter_model.safetensors").read_text())["prefers"]
        except (OSError, ValueError) as error:
            raise StoreDamaged(str(error)) from error

    def unload_adapter(self, digest: str) -> None:
        del self.loaded[digest]

    def adapters(self) -> tuple[str, ...]:
        return tuple(self.loaded)

    def set_scale(self, digest: str, scale: float) -> None:
        self.scales[digest] = scale

    def _hold(self, what: str, cancel) -> None:
        self.entered.append(what)
        while not self.gate.wait(0.005):
            if cancel is not None and cancel.is_set():
                self.cancelled += 1
                return
