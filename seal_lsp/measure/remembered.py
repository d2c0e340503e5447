"""A LanguageModel that remembers its answers in a JSONL file: a measurement that was stopped goes on where it was.

An answer is found again by the weights, the adapter with its scale, the runtime and the exact question, so whatever
changes (text, candidates, an adapter learned anew) is asked anew. Only whole lines count: who is killed loses one.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from seal_lsp.core.learning import digest_of
from seal_lsp.core.lm import Cancel, Generation, LanguageModel, ModelInfo, SpanScore

log = logging.getLogger(__name__)
T = TypeVar("T")


class Memory:
    """Values by key, appended as `{"key", "value"}` lines; a line that does not read is left out."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.asked = self.found = 0
        self._values: dict[str, object] = {}
        file.parent.mkdir(parents=True, exist_ok=True)
        broken = 0
        for line in file.read_bytes().split(b"\n") if file.exists() else ():
            try:
                row = json.loads(line) if line else None
                if row is not None:
                    self._values[row["key"]] = row["value"]
            except (ValueError, KeyError, TypeError):
                broken += 1
        if broken:
            log.warning("%s: %d lines do not read; what they held is measured again", file, broken)
        self._open = file.open("ab")
        if file.stat().st_size and broken:
            self._open.write(b"\n")

    def once(self, question: object, make: Callable[[], object]) -> object:
        """The value for a JSON-friendly question: remembered, else made and kept."""
        key = digest_of(question)
        self.asked += 1
        if key in self._values:
            self.found += 1
            return self._values[key]
        return self._keep(key, make())

    def many(self, questions: Sequence[object], make: Callable[[list[int]], Sequence[object]]) -> list[object]:
        """As `once` for several: those that are not remembered are made together, `make` is given their places."""
        keys = [digest_of(question) for question in questions]
        first = {key: at for at, key in reversed(list(enumerate(keys))) if key not in self._values}
        missing = sorted(first.values())
        for at, value in zip(missing, make(missing) if missing else (), strict=True):
            self._keep(keys[at], value)
        self.asked += len(keys)
        self.found += len(keys) - len(missing)
        return [self._values[key] for key in keys]

    async def once_async(self, question: object, make: Callable) -> object:
        """As `once`, where making it must be awaited."""
        key = digest_of(question)
        if key in self._values:
            return self.once(question, lambda: None)
        value = await make()
        return self.once(question, lambda: value)

    def close(self) -> None:
        self._open.close()

    def _keep(self, key: str, made: object) -> object:
        value = self._values[key] = json.loads(json.dumps(made))
        self._open.write(json.dumps({"key": key, "value": value}).encode() + b"\n")
        self._open.flush()
        return value


class RememberedModel:
    """The model's rank, generate (each prompt by itself) and score through a Memory; what has a deadline or may
    be cancelled passes through unremembered."""

    def __init__(self, model: LanguageModel, memory: Memory) -> None:
        self._model = model
        self._memory = memory
        self._scales: dict[str, float] = {}
        self._base = [model.info.digest, model.info.runtime, model.info.device]

    @property
    def info(self) -> ModelInfo:
        return self._model.info

    def rank(
        self,
        prefix: str,
        candidates: Sequence[str],
        *,
        adapter: str | None = None,
        cancel: Cancel | None = None,
        max_prompt_tokens: int | None = None,
    ) -> list[float]:
        question = ["rank", *self._under(adapter), max_prompt_tokens, prefix, list(candidates)]
        options = {"adapter": adapter, "cancel": cancel, "max_prompt_tokens": max_prompt_tokens}
        return self._memory.once(question, lambda: self._model.rank(prefix, candidates, **options))

    def rank_names(
        self,
        prefix: str,
        candidates: Sequence[str],
        *,
        adapter: str | None = None,
        cancel: Cancel | None = None,
        max_prompt_tokens: int | None = None,
    ) -> list[tuple[float, float]]:
        question = ["rank_names", *self._under(adapter), max_prompt_tokens, prefix, list(candidates)]
        options = {"adapter": adapter, "cancel": cancel, "max_prompt_tokens": max_prompt_tokens}
        made = self._memory.once(question, lambda: self._model.rank_names(prefix, candidates, **options))
        return [tuple(pair) for pair in made]

    def generate(
        self,
        prompts: Sequence[str],
        *,
        max_tokens: int,
        stop: Sequence[str] = (),
        adapter: str | None = None,
        deadline_s: float | None = None,
        cancel: Cancel | None = None,
        max_prompt_tokens: int | None = None,
    ) -> list[Generation]:
        options = {"stop": stop, "adapter": adapter, "cancel": cancel, "max_prompt_tokens": max_prompt_tokens}

        def make(some: Sequence[str]) -> list[Generation]:
            return self._model.generate(some, max_tokens=max_tokens, deadline_s=deadline_s, **options)

        if deadline_s is not None or cancel is not None:
            return make(prompts)
        how = ["generate", *self._under(adapter), max_prompt_tokens, max_tokens, list(stop)]
        made = self._memory.many(
            [[*how, [prompt]] for prompt in prompts],
            lambda some: [asdict(one) for one in make([prompts[n] for n in some])],
        )
        return [Generation(**one) for one in made]

    def score(
        self, pairs: Sequence[tuple[str, str]], *, adapter: str | None = None, cancel: Cancel | None = None
    ) -> list[SpanScore]:
        question = ["score", *self._under(adapter), [list(pair) for pair in pairs]]
        made = self._memory.once(
            question, lambda: [asdict(one) for one in self._model.score(pairs, adapter=adapter, cancel=cancel)]
        )
        return [SpanScore(**one) for one in made]

    def load_adapter(self, folder: Path, digest: str) -> None:
        self._model.load_adapter(folder, digest)

    def unload_adapter(self, digest: str) -> None:
        self._model.unload_adapter(digest)
        self._scales.pop(digest, None)

    def adapters(self) -> tuple[str, ...]:
        return self._model.adapters()

    def set_scale(self, digest: str, scale: float) -> None:
        self._model.set_scale(digest, scale)
        self._scales[digest] = scale

    def _under(self, adapter: str | None) -> list:
        return [*self._base, adapter or "", self._scales.get(adapter or "", 1.0)]
