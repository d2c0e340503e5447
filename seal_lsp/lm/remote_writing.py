"""One prompt written on by a model server, a streamed token at a time, as lm.decode writes it here."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Sequence

from seal_lsp.core.errors import ModelError
from seal_lsp.lm.remote_dialects import TOP, Dialect, Token
from seal_lsp.lm.remote_http import ModelServer
from seal_lsp.lm.remote_tokens import ServerTokens
from seal_lsp.lm.tokens import Tokens
from seal_lsp.lm.written import Written

COMPLETIONS = "/v1/completions"


class Writer:
    def __init__(self, server: ModelServer, dialect: Dialect, tokens: Tokens | ServerTokens) -> None:
        self._server = server
        self._dialect = dialect
        self._tokens = tokens

    async def write(self, under: dict, window: list[int], row: Written, stop: Sequence[str]) -> None:
        """Fill `row` with what follows `window`. `under` is Dialect.under's. Cancelling closes the connection."""
        ids = await self._heal(under, window, row)
        if row.finish:
            return
        asked = {**under, **self._dialect.writing(sorted(self._tokens.ends), top=1), "stop": list(stop), "stream": True}
        events = self._server.stream(COMPLETIONS, {**asked, "prompt": ids, "max_tokens": row.left})
        async with contextlib.aclosing(events):
            async for event in events:
                for choice in event.get("choices", ()):
                    with self._server.reading(COMPLETIONS):
                        self._take(choice, row)
                    if row.finish == "stop" and not choice.get("finish_reason"):
                        return  # we saw the end before the server did
        if not row.finish:
            raise ModelError(f"the model server at {self._server.address.url} ended an answer without saying why")

    def _take(self, choice: dict, row: Written) -> None:
        tokens = self._dialect.tokens(choice)
        ended = next((n for n, token in enumerate(tokens) if token.id in self._tokens.ends), len(tokens))
        row.emit(choice["text"], sum(token.logprob for token in tokens[:ended]), ended)
        reason = choice.get("finish_reason")
        if ended < len(tokens) or reason == "stop":
            row.finish = "stop"
        elif reason == "length":
            row.finish = row.finish or "length"
        elif reason:
            raise ModelError(f"the model server at {self._server.address.url} ended an answer: {reason}")

    async def _heal(self, under: dict, window: list[int], row: Written) -> list[int]:
        """The prompt with its last token chosen anew among those that spell it, a request for each. As it is where a
        server answers otherwise, or a token is part of a character."""
        ids, rest = self._tokens.healed(window)
        ids = list(ids)
        while rest:
            allowed = self._tokens.beginning_with(rest)
            try:
                token = await self._next(under, ids, rest.decode(), allowed)
                if token is None or token.id not in allowed:
                    return window
                spelled = self._tokens.bytes_of[token.id]
                new, rest = spelled[len(rest) :].decode(), rest[len(spelled) :]
            except UnicodeDecodeError:
                return window
            ids.append(token.id)
            if new:
                chosen = token.top | {token.id: token.logprob}
                row.emit(new, token.logprob - total(p for other, p in chosen.items() if other in allowed))
        return ids

    async def _next(self, under: dict, ids: list[int], rest: str, allowed: list[int]) -> Token | None:
        asked = {**under, **self._dialect.writing((), top=TOP), **self._dialect.beginning(rest, allowed)}
        answer = await self._server.post(COMPLETIONS, {**asked, "prompt": ids, "max_tokens": 1})
        with self._server.reading(COMPLETIONS):
            return next(iter(self._dialect.tokens(answer["choices"][0])), None)


def total(logprobs: Iterable[float]) -> float:
    """The natural log of the summed probabilities; -inf for none."""
    summed = sum(map(math.exp, logprobs))
    return math.log(summed) if summed > 0 else -math.inf
