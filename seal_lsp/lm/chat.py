"""How an instruct model is asked: what its tokenizer's chat template puts before and after one user's message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

_MESSAGE = "\u27e6message\u27e7"


@dataclass(frozen=True, slots=True)
class Chat:
    """`before` + message + `after` is the prompt; `end` closes the model's answer."""

    before: str
    after: str
    end: str

    def __call__(self, message: str) -> str:
        return self.before + message + self.after


def chat_of(tokenizer: PreTrainedTokenizerFast) -> Chat | None:
    """None for a tokenizer without a chat template. The template never sees a message, so it cannot change one."""
    if not tokenizer.chat_template:
        return None
    rendered = tokenizer.apply_chat_template(
        [{"role": "user", "content": _MESSAGE}],
        tokenize=False,
        add_generation_prompt=True,
        enable_thinking=False,  # of Qwen3 and its kin; others ignore it
    )
    before, found, after = rendered.partition(_MESSAGE)
    if not found:
        return None
    start = tokenizer.bos_token
    if start and tokenizer("a").input_ids[:1] == [tokenizer.bos_token_id]:
        before = before.removeprefix(start)  # the tokenizer puts it before every text by itself
    return Chat(before, after, tokenizer.eos_token or "")
