"""The LanguageModel Protocol: all that rooms outside lm/ and train/ know about a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """`digest` is the sha256 of the weights as obtained; adapters are bound to it. Without `scores` a model writes, and
    its rank, rank_names and score raise ModelError."""

    id: str
    digest: str
    parameters: int
    context: int
    runtime: str
    device: str
    fim: bool = False
    scores: bool = True


@dataclass(frozen=True, slots=True)
class Generation:
    """`finish`: stop (stop string or end of text), length, deadline, cancelled. `logprob` is the mean natural-log
    probability of the emitted tokens."""

    text: str
    tokens: int
    finish: str
    logprob: float
    seconds: float


@dataclass(frozen=True, slots=True)
class SpanScore:
    """Teacher-forced score of a span: natural-log probability summed over its tokens."""

    logprob: float
    tokens: int
    bytes: int

    @property
    def bits_per_byte(self) -> float:
        return -self.logprob / 0.6931471805599453 / max(self.bytes, 1)

    @property
    def bits_per_token(self) -> float:
        return -self.logprob / 0.6931471805599453 / max(self.tokens, 1)


class Cancel(Protocol):
    """`threading.Event` is one."""

    def is_set(self) -> bool: ...


class LanguageModel(Protocol):
    """A frozen base with adapters that switch per request. `adapter` is an adapter's digest, None for the bare base.

    Methods block; callers run them in a thread of their own. Each looks at `cancel` at least once a token.
    """

    @property
    def info(self) -> ModelInfo: ...

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
        """Greedy continuation of each prompt (its last `max_prompt_tokens` tokens), same order."""
        ...

    def rank(
        self,
        prefix: str,
        candidates: Sequence[str],
        *,
        adapter: str | None = None,
        cancel: Cancel | None = None,
        max_prompt_tokens: int | None = None,
    ) -> list[float]:
        """Natural-log probability of each candidate right after `prefix`, in one batch over the shared prefix."""
        ...

    def rank_names(
        self,
        prefix: str,
        candidates: Sequence[str],
        *,
        adapter: str | None = None,
        cancel: Cancel | None = None,
        max_prompt_tokens: int | None = None,
    ) -> list[tuple[float, float]]:
        """As `rank`, for names: (that number, the natural-log probability that the name ends there). Their sum orders
        names: by the first alone a name that begins others (`Rate`, `RateLimiter`) can never lose to them."""
        ...

    def score(
        self, pairs: Sequence[tuple[str, str]], *, adapter: str | None = None, cancel: Cancel | None = None
    ) -> list[SpanScore]:
        """Teacher-forced score of `continuation` after `context` for each (context, continuation)."""
        ...

    def cursor_prompt(self, before: str, after: str, max_prompt_tokens: int, context: str = "") -> str:
        """What to hand to the others for a cursor between two texts, `max_prompt_tokens` of them, in the order that the
        model family knows; `context` goes first, at most as much again."""
        ...

    def load_adapter(self, folder: Path, digest: str) -> None:
        """Make an adapter available under its digest. Raises StoreDamaged when it does not fit or does not bind,
        AdapterUnavailable when a model elsewhere cannot have it."""
        ...

    def unload_adapter(self, digest: str) -> None: ...

    def adapters(self) -> tuple[str, ...]: ...

    def set_scale(self, digest: str, scale: float) -> None:
        """Multiply the adapter's update (1.0 as trained); the gate bisects it."""
        ...
