"""Text to tokens by the server's own /tokenize, for a base whose tokenizer is not on this machine.

Offers what remote_model.py asks of lm.tokens.Tokens, save what needs the bytes of tokens: nothing is healed, windows
start where they start. Each call asks the server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from seal_lsp.lm.remote_dialects import Dialect
from seal_lsp.lm.remote_http import ModelServer
from seal_lsp.lm.tokens import CHARS_PER_TOKEN, agreed
from seal_lsp.lm.written import Limits


class ServerTokens:
    ends: frozenset[int] = frozenset()

    def __init__(self, server: ModelServer, dialect: Dialect) -> None:
        self._server = server
        self._dialect = dialect
        self._ending: dict[int, bool] = {}
        self.start = self._encoded([""], special=True)[0]

    def anchored(self, text: str, limit: int) -> str:
        return text

    def tail(self, text: str, limit: int) -> str:
        """Surely no fewer than `limit` tokens: `window` counts them."""
        return _end(text, limit)

    def head(self, text: str, limit: int) -> str:
        """Surely no more than `limit` tokens long, cut at a line."""
        return text if len(text) <= limit else text[: text.rfind("\n", 0, limit) + 1]

    def window(self, text: str, limit: int) -> list[int]:
        return self._window(self._encoded([_end(text, limit)])[0], limit)

    def healed(self, prompt: list[int]) -> tuple[list[int], bytes]:
        return prompt, b""

    def after(self, prefix: str, candidates: Sequence[str], limit: int) -> tuple[list[int], list[list[int]]]:
        """As lm.tokens.Tokens.after, by encoding every candidate with all of the prefix's end."""
        end = _end(prefix, limit)
        own, *whole = self._encoded([end, *(end + c for c in candidates)])
        keep = min((agreed(own, ids) for ids in whole), default=len(own))
        return self._window(own[:keep], limit), [ids[keep:] for ids in whole]

    def split(self, context: str, continuation: str) -> tuple[list[int], list[int]]:
        shared, rests = self.after(context, [continuation], 1 << 30)
        return shared, rests[0]

    def ends_a_name(self, token: int) -> bool:
        """By the first character that the token alone spells."""
        if token not in self._ending:
            text = self._server.wait(self._dialect.detokenize([token]), Limits(None, None))
            self._ending[token] = not text or not (text[0].isalnum() or text[0] == "_" or ord(text[0]) >= 128)
        return self._ending[token]

    def _window(self, ids: list[int], limit: int) -> list[int]:
        room = max(limit - len(self.start), 1)
        return (self.start + ids[-room:]) or self._encoded(["\n"])[0]

    def _encoded(self, texts: Sequence[str], *, special: bool = False) -> list[list[int]]:
        async def ask() -> list[list[int]]:
            return await asyncio.gather(*(self._dialect.tokenize(text, special=special) for text in texts))

        return self._server.wait(ask(), Limits(None, None))


def _end(text: str, limit: int) -> str:
    """The end of a text that surely has `limit` tokens, from a line on."""
    return text[text.rfind("\n", 0, max(len(text) - limit * CHARS_PER_TOKEN, 0)) + 1 :]
