"""Typing while something is learned: how much slower suggestions come, and how much longer learning takes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import cycle as round_and_round

from seal_lsp.cli.bench_keys import Key, counted, type_line, typing_window
from seal_lsp.cli.eval_learn import Learned
from seal_lsp.cli.eval_progress import Watch
from seal_lsp.cli.eval_run import Bench
from seal_lsp.cli.eval_setup import Subject
from seal_lsp.client.engine_client import EngineClient
from seal_lsp.client.start import known_client
from seal_lsp.core.errors import SealError
from seal_lsp.core.library import LibraryId, environment_as_dict
from seal_lsp.core.protocol import LearnRequest
from seal_lsp.measure.typing import lines_of, pauses

NOT_PROMOTED = {"gate.least_probes": 1_000_000}  # the adapter that is live stays live
_LOOK_S = 0.2
_KEYS = 400


async def while_learning(
    subject: Subject, live: Mapping[LibraryId, Learned], bench: Bench, watch: Watch, *, tokens: int, wpm: float
) -> dict:
    """Learn the library with `tokens` trained tokens, first undisturbed, then while lines are typed without an end."""
    overrides = {"tokens": tokens, **NOT_PROMOTED}
    seconds: dict[str, float] = {}
    async with (
        typing_window(subject.interpreter, live, bench, learn=True) as (editor, file),
        known_client(bench.paths) as client,
    ):
        watch.say(f"{subject.name}: learning undisturbed")
        async with _learned(client, subject, overrides, seconds, "undisturbed"):
            pass
        watch.say(f"{subject.name}: learning while somebody types")
        lines = lines_of(subject.cases, _KEYS, seed=bench.options.seed)
        rests = round_and_round(pauses(_KEYS, words_per_minute=wpm, seed=bench.options.seed))
        keys: list[Key] = []
        async with _learned(client, subject, overrides, seconds, "typing") as ended:
            for line in round_and_round(lines):
                keys += await type_line(editor, file, line, rests, lambda: None)
                if ended.is_set():
                    break
    return {
        "library": subject.name,
        "tokens": tokens,
        "undisturbed_s": round(seconds["undisturbed"], 1),
        "typing_s": round(seconds["typing"], 1),
        "keys": counted(keys),
    }


@asynccontextmanager
async def _learned(
    client: EngineClient, subject: Subject, overrides: Mapping, seconds: dict[str, float], name: str
) -> AsyncIterator[asyncio.Event]:
    """Learning runs inside; the event tells its end, which leaving waits for."""
    request = LearnRequest(
        str(subject.library), environment_as_dict(subject.environment), force=True, overrides=dict(overrides)
    )
    began = time.monotonic()
    reply = await client.learn(request)
    if reply.state not in ("queued", "learning"):
        raise SealError(f"{subject.name} is not learned: {reply.state} {reply.reason}".rstrip())
    ended = asyncio.Event()

    async def follow() -> None:
        while (status := await client.status()).learning is not None or status.queue:
            await asyncio.sleep(_LOOK_S)
        seconds[name] = time.monotonic() - began
        ended.set()

    following = asyncio.create_task(follow())
    try:
        yield ended
        await following
    finally:
        following.cancel()


def ratios(idle: Sequence[Key], found: Mapping) -> dict[str, float | None]:
    """How many times as long: p50 and p95 of answers in the editor's hands, and learning."""
    before, beside = counted(idle)["ms"]["shown"], found["keys"]["ms"]["shown"]
    times = {name: beside[name] / before[name] if before and beside else None for name in ("p50", "p95")}
    return times | {"learning": found["typing_s"] / found["undisturbed_s"]}
