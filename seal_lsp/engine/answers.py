"""Rank and complete: a request becomes a job on the generation queue, under the adapter that routing finds.

Each answer names the adapter's digest it was made under, so that caches on the other side never mix two.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

from seal_lsp.core.errors import Cancelled, ModelError, UsageError
from seal_lsp.core.library import LibraryId
from seal_lsp.core.lm import Cancel, LanguageModel
from seal_lsp.core.protocol import CompleteReply, CompleteRequest, RankReply, RankRequest
from seal_lsp.engine.generation import GenerationQueue, Job, Priority
from seal_lsp.engine.model_host import ModelHost

log = logging.getLogger(__name__)

T = TypeVar("T")

PROMPT_TOKENS = 512  # more costs time before the first token and gains little
WITH_CONTEXT = PROMPT_TOKENS * 2  # as LanguageModel.cursor_prompt puts it in front
CANDIDATES_AT_MOST = 512
GRACE_S = 0.3  # a model looks at its deadline once a token
RECENT = 2  # places that are read again under an adapter before it goes live


class Answers:
    """`answering()` is entered while somebody waits for a request's answer, `changed` told when the host's trouble is
    another."""

    def __init__(
        self,
        host: ModelHost,
        queue: GenerationQueue,
        answering: Callable[[], AbstractContextManager[None]],
        changed: Callable[[], None],
    ) -> None:
        self._host = host
        self._queue = queue
        self._answering = answering
        self._changed = changed
        self._open: dict[str, Job] = {}
        self._recent: deque[tuple[str, tuple[str, ...]]] = deque(maxlen=RECENT)  # (prompt, libraries)

    async def rank(self, request: RankRequest) -> RankReply:
        if not request.candidates:
            raise UsageError("nothing to rank", hint="send candidates")
        if len(request.candidates) > CANDIDATES_AT_MOST:
            raise UsageError(f"more than {CANDIDATES_AT_MOST} candidates", hint="send the likely ones")
        model, router = self._host.ready()
        if not model.info.scores:
            raise ModelError(f"{model.info.runtime}: names keep their static order", hint="see seal-lsp doctor")
        began = time.monotonic()

        def work(cancel: Cancel) -> RankReply:
            adapter = router.route(request.libraries)
            digest = adapter.digest if adapter else None
            prompt = self._prompt(model, request)
            ranked = model.rank_names(
                prompt, request.candidates, adapter=digest, cancel=cancel, max_prompt_tokens=WITH_CONTEXT
            )
            if cancel.is_set():
                raise Cancelled("stopped on request")
            return RankReply(tuple(map(sum, ranked)), digest or "", model.info.id, _ms(began))

        return await self._run(request.request, work, request.deadline_ms)

    async def complete(self, request: CompleteRequest) -> CompleteReply:
        model, router = self._host.ready()
        began = time.monotonic()
        deadline_s = request.deadline_ms / 1000 if request.deadline_ms else None

        def work(cancel: Cancel) -> CompleteReply:
            adapter = router.route(request.libraries)
            digest = adapter.digest if adapter else None
            left = deadline_s - (time.monotonic() - began) if deadline_s else None
            if left is not None and left <= 0:
                return CompleteReply((), digest or "", model.info.id, "deadline", 0.0, _ms(began))
            prompts = [self._prompt(model, request, request.suffix), *shortened(request.prefix, request.n - 1)]
            generations = model.generate(
                prompts,
                max_tokens=request.max_tokens,
                stop=request.stop,
                adapter=digest,
                deadline_s=left,
                cancel=cancel,
                max_prompt_tokens=WITH_CONTEXT,
            )
            if cancel.is_set():
                raise Cancelled("stopped on request")
            texts = tuple(dict.fromkeys(one.text for one in generations if one.text.strip()))
            first = generations[0]
            return CompleteReply(texts, digest or "", model.info.id, first.finish, first.logprob, _ms(began))

        grace_ms = request.deadline_ms + int(GRACE_S * 1000) if request.deadline_ms else None
        priority = Priority.BACKGROUND if request.background else Priority.TYPING
        return await self._run(request.request, work, grace_ms, priority)

    async def warm(self, library: LibraryId, digest: str, patience_s: float) -> None:
        """Read the places asked about last under an adapter that is loaded and about to go live, where they name its
        library: the first key under it then costs what any key costs. Typing goes first; after `patience_s` it is
        left."""
        model, _ = self._host.ready()
        prompts = [prefix for prefix, libraries in dict.fromkeys(self._recent) if str(library) in libraries]

        def work(cancel: Cancel) -> None:
            for prompt in prompts:
                model.generate([prompt], max_tokens=1, adapter=digest, cancel=cancel, max_prompt_tokens=WITH_CONTEXT)
                if cancel.is_set():
                    raise Cancelled("somebody types")

        if prompts:
            job = self._queue.submit(work, Priority.BACKGROUND)
            try:
                async with asyncio.timeout(patience_s):
                    await self._queue.wait(job)
            except TimeoutError:
                log.info("%s goes live before all was read under it: somebody types", library)
            except ModelError as error:
                log.warning("%s goes live without having been read under: %s", library, error)

    def cancel(self, request: str) -> bool:
        job = self._open.get(request)
        if job is None:
            return False
        job.stop()
        return True

    def _prompt(self, model: LanguageModel, request: RankRequest | CompleteRequest, suffix: str = "") -> str:
        prompt = model.cursor_prompt(request.prefix, suffix, PROMPT_TOKENS, request.context)
        self._recent.append((prompt, tuple(request.libraries)))
        return prompt

    async def _run(
        self,
        request: str,
        work: Callable[[Cancel], T],
        deadline_ms: int | None,
        priority: Priority = Priority.TYPING,
    ) -> T:
        with self._answering() if priority is Priority.TYPING else nullcontext():
            return await self._wait(request, self._queue.submit(work, priority), deadline_ms)

    async def _wait(self, request: str, job: Job[T], deadline_ms: int | None) -> T:
        if request:
            self._open[request] = job
        try:
            async with asyncio.timeout(deadline_ms / 1000 if deadline_ms else None):
                result = await self._queue.wait(job)
            self._note("")
            return result
        except ModelError as error:
            self._note(str(error))
            raise
        except TimeoutError:
            raise Cancelled(
                f"not done within {deadline_ms} ms", hint="the machine is busy, or the model too big"
            ) from None
        finally:
            if self._open.get(request) is job:
                del self._open[request]

    def _note(self, trouble: str) -> None:
        if trouble != self._host.trouble:
            self._host.trouble = trouble
            self._changed()


def shortened(prefix: str, n: int) -> list[str]:
    """Prompts for up to `n` further greedy continuations: the same place seen with ever less before it."""
    lines = prefix.splitlines(keepends=True)
    prompts = [prefix]
    for kept in (max(len(lines) // 2, 1), max(len(lines) // 6, 1)):
        shorter = "".join(lines[-kept:])
        if shorter not in prompts:
            prompts.append(shorter)
    return prompts[1 : 1 + max(n, 0)]


def _ms(began: float) -> float:
    return round((time.monotonic() - began) * 1000, 1)
