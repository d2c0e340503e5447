"""A LanguageModel that follows a script: deterministic, standard library only, for tests of everything around a model.

It obeys the Protocol to the letter (stop strings, limits, deadlines, cancellation, digests), so that a room that works
with it works with a real one; it knows nothing about language.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from seal_lsp.core.errors import Cancelled, StoreDamaged
from seal_lsp.core.lm import Cancel, Generation, ModelInfo, SpanScore

WEIGHTS = "adapter_model.safetensors"
_NATS_PER_BYTE = 1.0  # what text costs that no script mentions


@dataclass(frozen=True)
class Script:
    """`rules`: what is written after a prompt that ends with the key (the longest key wins). `preferences`: probability
    of a candidate or continuation, in (0, 1], wherever it is asked for."""

    rules: Mapping[str, str] = field(default_factory=dict)
    preferences: Mapping[str, float] = field(default_factory=dict)


def write_scripted_adapter(folder: Path, rules: Mapping[str, str], preferences: Mapping[str, float]) -> str:
    """Write a folder that `load_adapter` takes, shaped like a real one; returns its digest."""
    folder.mkdir(parents=True, exist_ok=True)
    data = json.dumps({"rules": dict(rules), "preferences": dict(preferences)}, sort_keys=True).encode()
    (folder / WEIGHTS).write_bytes(data)
    (folder / "adapter_config.json").write_text('{"peft_type": "SCRIPTED"}\n')
    return hashlib.sha256(data).hexdigest()


class ScriptedLanguageModel:
    """All arguments are JSON-friendly. `adapters` are loaded from the start, by digest, each {"rules", "preferences"};
    they add to the base's script and override it. `seconds_per_token` makes it slow enough to be stopped."""

    def __init__(
        self,
        rules: Mapping[str, str] | None = None,
        preferences: Mapping[str, float] | None = None,
        *,
        adapters: Mapping[str, Mapping] | None = None,
        default: str = "",
        seconds_per_token: float = 0.0,
        id: str = "scripted",
        digest: str = "",
        context: int = 8192,
    ) -> None:
        self._base = Script(dict(rules or {}), dict(preferences or {}))
        self._adapters = {d: Script(**a) for d, a in (adapters or {}).items()}
        self._scales: dict[str, float] = {}
        self._default, self._pause = default, seconds_per_token
        digest = digest or hashlib.sha256(id.encode()).hexdigest()
        self._info = ModelInfo(id, digest, 0, context, "scripted", "none")

    @property
    def info(self) -> ModelInfo:
        return self._info

    def cursor_prompt(self, before: str, after: str, max_prompt_tokens: int, context: str = "") -> str:
        return context + before

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
        began = time.monotonic()
        rules = {**self._base.rules, **self._script(adapter).rules}
        results = []
        for prompt in prompts:
            prompt = "".join(_tokens(prompt)[-(max_prompt_tokens or self._info.context) :])
            keys = [k for k in rules if prompt.endswith(k)]
            planned = rules[max(keys, key=len)] if keys else self._default
            text, count, finish = "", 0, "stop"
            for token in _tokens(planned):
                if cancel is not None and cancel.is_set():
                    finish = "cancelled"
                elif deadline_s is not None and time.monotonic() - began >= deadline_s:
                    finish = "deadline"
                elif count == max_tokens:
                    finish = "length"
                else:
                    time.sleep(self._pause)
                    text, count = text + token, count + 1
                    continue
                break
            hits = [i for i in (text.find(s) for s in stop if s) if i >= 0]
            if hits:
                text, finish = text[: min(hits)], "stop"
            results.append(Generation(text, count, finish, -0.1, time.monotonic() - began))
        return results

    def rank(
        self,
        prefix: str,
        candidates: Sequence[str],
        *,
        adapter: str | None = None,
        cancel: Cancel | None = None,
        max_prompt_tokens: int | None = None,
    ) -> list[float]:
        return [s.logprob for s in self.score([(prefix, c) for c in candidates], adapter=adapter, cancel=cancel)]

    def rank_names(
        self,
        prefix: str,
        candidates: Sequence[str],
        *,
        adapter: str | None = None,
        cancel: Cancel | None = None,
        max_prompt_tokens: int | None = None,
    ) -> list[tuple[float, float]]:
        """Every name that a script knows ends where it ends."""
        return [(score, 0.0) for score in self.rank(prefix, candidates, adapter=adapter, cancel=cancel)]

    def score(
        self, pairs: Sequence[tuple[str, str]], *, adapter: str | None = None, cancel: Cancel | None = None
    ) -> list[SpanScore]:
        script, scale = self._script(adapter), self._scales.get(adapter or "", 1.0)
        scores = []
        for _, text in pairs:
            if cancel is not None and cancel.is_set():
                raise Cancelled("scoring was cancelled")
            time.sleep(self._pause)
            base = _logprob(self._base, text)
            logprob = base + scale * (_logprob(script, text) - base) if text in script.preferences else base
            scores.append(SpanScore(logprob, len(_tokens(text)), len(text.encode())))
        return scores

    def load_adapter(self, folder: Path, digest: str) -> None:
        try:
            data = (folder / WEIGHTS).read_bytes()
            if hashlib.sha256(data).hexdigest() != digest:
                raise StoreDamaged(f"adapter in {folder} is not {digest[:12]}", hint="forget it and learn it again")
            self._adapters[digest] = Script(**json.loads(data))
        except (OSError, ValueError, TypeError) as error:
            raise StoreDamaged(f"adapter in {folder} cannot be read: {error}", hint="learn it again") from error

    def unload_adapter(self, digest: str) -> None:
        self._script(digest)
        del self._adapters[digest]
        self._scales.pop(digest, None)

    def adapters(self) -> tuple[str, ...]:
        return tuple(self._adapters)

    def set_scale(self, digest: str, scale: float) -> None:
        self._script(digest)
        self._scales[digest] = scale

    def _script(self, adapter: str | None) -> Script:
        if adapter is None:
            return self._base
        if adapter not in self._adapters:
            raise StoreDamaged(f"adapter {adapter[:12]} is not loaded", hint="load it first")
        return self._adapters[adapter]


def _tokens(text: str) -> list[str]:
    return re.findall(r"\s*\w+|\s*[^\w\s]|\s+", text)


def _logprob(script: Script, text: str) -> float:
    known = script.preferences.get(text)
    return math.log(known) if known is not None else -_NATS_PER_BYTE * len(text.encode())
