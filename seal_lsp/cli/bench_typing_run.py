"""One run of `bench typing`: lines typed key by key into the real server, and others on the same text beside it.

Speed is measured anew each time; only the adapter is taken over from an earlier run of the same report folder.
"""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from seal_lsp.cli.bench_grown import copies, grown, imports, install
from seal_lsp.cli.bench_keys import Key, counted, type_line, typing_window, window
from seal_lsp.cli.bench_learning import ratios, while_learning
from seal_lsp.cli.bench_swap import swapping
from seal_lsp.cli.bench_typing_child import Inputs
from seal_lsp.cli.eval_learn import Learned, learn_all
from seal_lsp.cli.eval_machine import machine, versions
from seal_lsp.cli.eval_product import served
from seal_lsp.cli.eval_progress import Watch
from seal_lsp.cli.eval_run import Bench, prepared
from seal_lsp.cli.eval_setup import Options, Subject
from seal_lsp.cli.lsp_client import Editor
from seal_lsp.core.errors import SealError, UsageError
from seal_lsp.core.library import LibraryId
from seal_lsp.engine.answers import PROMPT_TOKENS
from seal_lsp.measure.typing import lines_of, pauses, percentiles
from seal_lsp.settings.schema import InlineSettings
from seal_lsp.store.disk import write_atomic

CONTENDERS = ("runtime", "transformers", "llama.cpp")
_LONG = 2000 * 4  # characters of a long prompt, about 2,000 tokens
_WALL_S = 3600
_SWAPS = 12


@dataclass(frozen=True)
class Plan:
    """What is typed and beside whom. `llama` is a folder with npm's node-llama-cpp, `gguf` the same weights for it.
    `while_learning`: trained tokens of what is learned beside the typing, 0 for nothing. At least so many `adapters`
    are registered, every file that is typed into imports so many live `libraries`, so many `clients` type at once."""

    keys: int
    words_per_minute: float
    contenders: tuple[str, ...]
    compared: int
    llama: Path | None
    gguf: Path | None
    while_learning: int = 0
    adapters: int = 1
    libraries: int = 1
    clients: int = 1


def run(options: Options, plan: Plan, watch: Watch) -> dict:
    """Measure, write DIR/bench_typing.json, and return it."""
    with prepared(options, watch) as bench:
        learned = learn_all(bench.subjects, options, bench.paths, bench.base, watch)
        live = served(learned, options)
        keys: list[Key] = []
        with TemporaryDirectory(prefix="seal-bench-") as folder:
            beside = _copied(live, plan, Path(folder))
            for subject in bench.subjects:
                keys += asyncio.run(_typed(subject, live | beside, plan, bench, Path(folder), watch))
            swapped = None
            if one := next((subject for subject in bench.subjects if subject.library in live), None):
                watch.say(f"{one.name}: adapters swapped between two keys")
                swapped = asyncio.run(swapping(one, live, bench, Path(folder), swaps=_SWAPS))
        beside_learning = None
        if plan.while_learning:
            found = asyncio.run(
                while_learning(
                    bench.subjects[0], live, bench, watch, tokens=plan.while_learning, wpm=plan.words_per_minute
                )
            )
            beside_learning = found | {"ratios": ratios(keys, found)}
        asked = [key for key in keys if key.source == "model"]
        some = asked[:: max(1, len(asked) // plan.compared)][: plan.compared]
        one = next((learned[s.library] for s in bench.subjects if s.library in live), None)
        inputs = Inputs(
            model=bench.base.id,
            adapter=str(one.adapter.folder) if one else "",
            digest=one.adapter.digest if one else "",
            prompts=[key.prompt[-4 * _LONG :] for key in some],
            long=_long_prompt(bench.subjects),
            tokens=InlineSettings().max_tokens,
            prompt_tokens=PROMPT_TOKENS,
            threads=options.threads,
        )
        contenders, failures = _beside(inputs, plan, options.report, watch)
    found = {
        "command": _command(options, plan),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(watch.seconds, 1),
        "machine": machine(),
        "versions": versions("onnxruntime"),
        "model": {"id": bench.base.id, "digest": bench.base.digest},
        "adapters": {str(library): one.adapter.digest for library, one in live.items()},
        "grown": {"adapters": len(live | beside), "libraries": plan.libraries, "clients": plan.clients},
        "typing": counted(keys),
        "same_prompts": {"keys": len(some), "ours": percentiles([key.ms for key in some])},
        "swapped": swapped,
        "while_learning": beside_learning,
        "contenders": contenders,
        "failures": failures,
    }
    write_atomic(options.report / "bench_typing.json", json.dumps(found, ensure_ascii=False, indent=1))
    return found


def _copied(live: Mapping[LibraryId, Learned], plan: Plan, folder: Path) -> dict[LibraryId, Learned]:
    """Copies of an adapter that is live, under the names of libraries written for it, as many as are missing."""
    missing = max(plan.libraries - 1, plan.adapters - len(live), 0)
    if not missing:
        return {}
    if not live:
        raise UsageError("there is no adapter to copy", hint="the gate let none pass: give one with --adapter")
    return copies(next(iter(live.values())).adapter, grown(missing), folder / "adapters")


async def _typed(
    subject: Subject, live: Mapping[LibraryId, Learned], plan: Plan, bench: Bench, folder: Path, watch: Watch
) -> list[Key]:
    lines = lines_of(subject.cases, plan.keys, seed=bench.options.seed)
    interpreter = subject.interpreter
    if plan.libraries > 1:
        interpreter = str(_site(subject, plan.libraries - 1, folder / subject.name))
        lines = [replace(line, above=imports(range(plan.libraries - 1)) + line.above) for line in lines]
    count = sum(len(line.typed) for line in lines)
    with watch.task(f"{subject.name}: typing", plan.clients * count) as step:

        async def type_all(editor: Editor, file: Path, seed: int) -> list[Key]:
            rests = iter(pauses(count, words_per_minute=plan.words_per_minute, seed=seed))
            return [key for line in lines for key in await type_line(editor, file, line, rests, step)]

        async with AsyncExitStack() as stack:
            windows = [await stack.enter_async_context(typing_window(interpreter, live, bench))]
            for _ in range(plan.clients - 1):
                windows.append(await stack.enter_async_context(window(interpreter, live, bench)))
            typists = (type_all(*one, bench.options.seed + number) for number, one in enumerate(windows))
            return [key for keys in await asyncio.gather(*typists) for key in keys]


def _site(subject: Subject, count: int, folder: Path) -> Path:
    """What the subject's environment has, and so many libraries written for the purpose."""
    folder.mkdir()
    for place in subject.environment.site_packages:
        for entry in place.iterdir():
            if not (folder / entry.name).exists():
                (folder / entry.name).symlink_to(entry)
    install(grown(count), folder)
    return folder


def _beside(inputs: Inputs, plan: Plan, report: Path, watch: Watch) -> tuple[dict[str, dict], list[str]]:
    folder = report / "contenders"
    folder.mkdir(exist_ok=True)
    write_atomic(folder / "inputs.json", json.dumps(asdict(inputs), ensure_ascii=False))
    found: dict[str, dict] = {}
    failures: list[str] = []
    for name in plan.contenders:
        watch.say(f"{name} on the same text")
        try:
            record = _llama(inputs, plan, folder) if name == "llama.cpp" else _child(name, folder, report / "home")
            times = [answer["ms"] for answer in record.pop("answers", [])]
            found[name] = record | {"ms": percentiles(times)}
        except SealError as error:
            found[name] = {"not_run": str(error)}
            failures.append(f"{name}: {error}")
    return found, failures


def _child(name: str, folder: Path, home: Path) -> dict:
    command = [sys.executable, "-m", "seal_lsp.cli.bench_typing_child", str(folder), name]
    return _ran(command, folder / f"{name}.json", None, {**os.environ, "SEAL_HOME": str(home)})


def _llama(inputs: Inputs, plan: Plan, folder: Path) -> dict:
    node = shutil.which("node")
    if node is None or plan.llama is None or plan.gguf is None:
        raise SealError("llama.cpp was not run", hint="it needs node, --llama FOLDER (npm's node-llama-cpp) and --gguf")
    script, out = Path(__file__).with_name("bench_llama.mjs"), folder / "llama.json"
    threads = str(inputs.threads or machine()["physical_cores"])
    command = [node, str(script), str(plan.gguf.absolute()), str(folder / "inputs.json"), str(out), threads]
    return _ran(command, out, plan.llama, None)


def _ran(command: Sequence[str], out: Path, where: Path | None, environ: Mapping[str, str] | None) -> dict:
    out.unlink(missing_ok=True)
    try:
        done = subprocess.run(command, cwd=where, env=environ, capture_output=True, text=True, timeout=_WALL_S)
    except subprocess.TimeoutExpired:
        raise SealError(f"{shlex.join(command)} took more than {_WALL_S} s") from None
    if done.returncode or not out.is_file():
        last = (done.stderr.strip().splitlines() or ["nothing on stderr"])[-1]
        raise SealError(f"it ended with {done.returncode}: {last}", hint=shlex.join(command))
    return json.loads(out.read_text(encoding="utf-8"))


def _long_prompt(subjects: Sequence[Subject]) -> str:
    """About 2,000 tokens of code of the cases' files."""
    text = ""
    for subject in subjects:
        for case in subject.cases:
            if len(text) >= _LONG:
                break
            text += case.prefix + case.gold + case.suffix
    return text[:_LONG]


def _command(options: Options, plan: Plan) -> str:
    words: list[object] = [options.command_line("bench typing"), "--keys", plan.keys, "--wpm", plan.words_per_minute]
    words += ["--contenders", ",".join(plan.contenders), "--compared", plan.compared]
    words += ["--while-learning", plan.while_learning] if plan.while_learning else []
    many = {"--adapters": plan.adapters, "--libraries": plan.libraries, "--clients": plan.clients}
    for option, count in many.items():
        words += [option, count] if count > 1 else []
    for option, value in {"--llama": plan.llama, "--gguf": plan.gguf}.items():
        words += [option, shlex.quote(str(value))] if value else []
    return " ".join(map(str, words))
