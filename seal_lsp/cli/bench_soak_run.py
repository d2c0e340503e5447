"""One run of `bench soak`: thousands of keys with answers withdrawn at random, and what came of every request.

Faster than anybody types: it is about nothing being lost, stale or kept, not about speed.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle as round_and_round
from pathlib import Path

import psutil
from lsprotocol import types as t
from pygls.exceptions import JsonRpcException, JsonRpcRequestCancelled

from seal_lsp.cli.bench_keys import typing_window
from seal_lsp.cli.eval_learn import Learned, learn_all
from seal_lsp.cli.eval_machine import machine, versions
from seal_lsp.cli.eval_product import REQUEST_S, served
from seal_lsp.cli.eval_progress import Step, Watch
from seal_lsp.cli.eval_run import Bench, prepared
from seal_lsp.cli.eval_setup import Options, Subject
from seal_lsp.cli.lsp_client import Editor
from seal_lsp.cli.position import utf16
from seal_lsp.client.start import known_client
from seal_lsp.core.library import LibraryId
from seal_lsp.measure.typing import Line, lines_of, pauses
from seal_lsp.store.disk import write_atomic

_LOOKS = 20  # at the memory, evenly over the keys
_LINES = 400  # keys' worth of different lines


@dataclass(frozen=True)
class Plan:
    """`withdrawn`: the share of requests that the client cancels at a random moment before the next key."""

    keys: int
    words_per_minute: float
    withdrawn: float


@dataclass
class Seen:
    """What became of requests: shown (for the text as it still is), late (the client had typed on), nothing, withdrawn,
    failed; `misplaced` of the shown do not stand at the cursor. `megabytes` of each process at each look."""

    outcomes: Counter[str] = field(default_factory=Counter)
    misplaced: int = 0
    unanswered: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    megabytes: list[dict[str, float]] = field(default_factory=list)


@dataclass
class Asked:
    """A request: where, for which key, and which key was the last one when its answer came (-1: not yet)."""

    question: asyncio.Task[list[t.InlineCompletionItem]]
    position: t.Position
    key: int
    ended: int = -1


def run(options: Options, plan: Plan, watch: Watch) -> dict:
    """Measure, write DIR/bench_soak.json, and return it."""
    with prepared(options, watch) as bench:
        learned = learn_all(bench.subjects, options, bench.paths, bench.base, watch)
        live = served(learned, options)
        seen = asyncio.run(_soak(bench.subjects[0], live, plan, bench, watch))
    found = {
        "command": f"{options.command_line('bench soak')} --keys {plan.keys} --wpm {plan.words_per_minute}"
        f" --withdrawn {plan.withdrawn}",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(watch.seconds, 1),
        "machine": machine(),
        "versions": versions(),
        "model": {"id": bench.base.id, "digest": bench.base.digest},
        "keys": plan.keys,
        "requests": sum(seen.outcomes.values()),
        "outcomes": dict(seen.outcomes),
        "misplaced": seen.misplaced,
        "unanswered": seen.unanswered,
        "megabytes": seen.megabytes,
        "failures": [f"{count} times: {said}" for said, count in seen.errors.items()],
    }
    write_atomic(options.report / "bench_soak.json", json.dumps(found, ensure_ascii=False, indent=1))
    return found


async def _soak(subject: Subject, live: Mapping[LibraryId, Learned], plan: Plan, bench: Bench, watch: Watch) -> Seen:
    seed = bench.options.seed
    lines = round_and_round(lines_of(subject.cases, _LINES, seed=seed))
    rests = round_and_round(pauses(_LINES, words_per_minute=plan.words_per_minute, seed=seed))
    seen, chance, typed = Seen(), random.Random(seed), 0
    async with typing_window(subject.interpreter, live, bench) as (editor, file), known_client(bench.paths) as client:
        engine = (await client.status()).pid
        with watch.task(f"{subject.name}: typing", plan.keys) as step:
            while typed < plan.keys:
                asked = await _type(editor, file, next(lines), rests, plan, chance, step)
                await _settle(asked, seen)
                if typed * _LOOKS // plan.keys != (typed + len(asked)) * _LOOKS // plan.keys:
                    seen.megabytes.append({"keys": typed + len(asked), **_memory(editor, engine)})
                typed += len(asked)
    return seen


async def _type(
    editor: Editor, file: Path, line: Line, rests: Iterator[float], plan: Plan, chance: random.Random, step: Step
) -> list[Asked]:
    uri = editor.open_file(file, line.above + line.below)
    number, indent = line.above.count("\n"), line.above.rpartition("\n")[2]
    found: list[Asked] = []
    for at in range(len(line.typed)):
        before = indent + line.typed[:at]
        editor.insert(uri, number, utf16(before, len(before)), line.typed[at])
        cursor = utf16(before + line.typed[at], len(before) + 1)
        question, name = editor.ask_inline(uri, number, cursor)
        asked = Asked(question, t.Position(number, cursor), at)
        found.append(asked)
        question.add_done_callback(lambda _, asked=asked: setattr(asked, "ended", len(found) - 1))
        pause = next(rests)
        if chance.random() < plan.withdrawn:
            looked = pause * chance.random()
            await asyncio.sleep(looked)
            if not question.done():
                editor.withdraw(name)
            pause -= looked
        await asyncio.sleep(pause)
        step()
    await asyncio.wait([asked.question for asked in found], timeout=REQUEST_S)
    editor.close_file(uri)
    return found


async def _settle(some: Sequence[Asked], seen: Seen) -> None:
    for asked in some:
        if not asked.question.done():
            seen.unanswered += 1
            seen.outcomes["unanswered"] += 1
            asked.question.cancel()
            continue
        try:
            items = asked.question.result()
        except JsonRpcRequestCancelled:
            seen.outcomes["withdrawn"] += 1
            continue
        except (JsonRpcException, RuntimeError) as error:
            seen.outcomes["failed"] += 1
            seen.errors[str(error)] += 1
            continue
        if not items:
            seen.outcomes["nothing"] += 1
        elif asked.ended != asked.key:
            seen.outcomes["late"] += 1
        else:
            seen.outcomes["shown"] += 1
            seen.misplaced += not _at_cursor(items[0].range, asked.position)


def _at_cursor(place: t.Range | None, cursor: t.Position) -> bool:
    if place is None:
        return True
    same_line = place.start.line == place.end.line == cursor.line
    return same_line and place.start.character <= cursor.character <= place.end.character + 1


def _memory(editor: Editor, engine: int) -> dict[str, float]:
    """Resident megabytes of the window's server, of its workers, and of the engine."""
    server = psutil.Process(editor.server_pid)
    workers = sum(process.memory_info().rss for process in server.children(recursive=True) if process.pid != engine)
    sizes = {
        "server": server.memory_info().rss,
        "worker": workers,
        "engine": psutil.Process(engine).memory_info().rss,
    }
    return {name: round(size / 2**20, 1) for name, size in sizes.items()}
