"""How each model family is asked to write at a cursor: plain left to right, or fill-in-the-middle in its own tokens.

The family is read from the special tokens that its tokenizer has, not from a name. Sources: the model cards and
tokenizer files of each family; a family whose tokens are not here is asked left to right.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class FimFormat:
    """Three special tokens around what stands before and after; `stops` are others that end an infill."""

    family: str
    prefix: str
    suffix: str
    middle: str
    stops: tuple[str, ...] = ()

    @property
    def ends(self) -> tuple[str, ...]:
        return (self.prefix, self.suffix, self.middle, *self.stops)

    def prompt(self, before: str, after: str) -> str:
        return f"{self.prefix}{before}{self.suffix}{after}{self.middle}"


# In order: the first whose three tokens all are in the vocabulary.
FORMATS: tuple[FimFormat, ...] = (
    FimFormat("qwen-coder", "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>",
              stops=("<|file_sep|>", "<|file_separator|>", "<|repo_name|>", "<|fim_pad|>")),
    FimFormat("starcoder2", "<fim_prefix>", "<fim_suffix>", "<fim_middle>", stops=("<file_sep>", "<repo_name>")),
    # DeepSeek writes hole where others write suffix and end where they write middle: begin, before, hole, after, end.
    FimFormat("deepseek-coder", "<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"),
    FimFormat("code-llama", "▁<PRE>", "▁<SUF>", "▁<MID>", stops=("▁<EOT>",)),
)  # fmt: skip


class TextWindow(Protocol):
    """`lm.tokens.Tokens` is one."""

    def anchored(self, text: str, limit: int) -> str: ...

    def tail(self, text: str, limit: int) -> str: ...

    def head(self, text: str, limit: int) -> str: ...


def fim_format(vocabulary: Collection[str]) -> FimFormat | None:
    """The family's format (CodeGemma and Granite 4 use Qwen's spelling, older Granite StarCoder's); None for a
    model that only writes left to right."""
    return next((f for f in FORMATS if {f.prefix, f.suffix, f.middle} <= set(vocabulary)), None)


def cursor_prompt(
    window: TextWindow, fim: FimFormat | None, before: str, after: str, limit: int, context: str = ""
) -> str:
    """The prompt for a cursor between two texts, at most `limit` tokens of them: a quarter of it is what comes after,
    where the model can infill. What stands before begins at a line that stays while somebody types.

    `context` is read first, at most as many tokens again, so that its keys and values outlast every key typed."""
    context = window.head(context, limit) if context else ""
    if fim is None or not after.strip():
        return context + _end(window, before, limit)
    room = max(limit - 3, 2)
    after = window.head(after, room // 4)
    return fim.prompt(context + _end(window, before, room - room // 4), after)


def _end(window: TextWindow, before: str, limit: int) -> str:
    return window.tail(window.anchored(before, limit), limit)  # an anchor is a line's beginning: lines may be longer
