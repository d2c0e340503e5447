"""Generic text: to keep the base from being forgotten (`replay_texts`) and to measure whether it was (`drift_texts` for
the gate, `forgetting_texts` for M6).

The standard library's own code and the English of its language reference: they ship with every interpreter under a
permissive licence (PSF), so nothing is downloaded. The three never share a file or a chunk of a topic.
"""

from __future__ import annotations

import ast
import random
import sysconfig
from collections.abc import Iterator
from pathlib import Path

_REPLAY_MODULES = (
    "argparse.py", "ast.py", "asyncio/queues.py", "asyncio/tasks.py", "base64.py", "collections/__init__.py",
    "configparser.py", "csv.py", "difflib.py", "fnmatch.py", "ftplib.py", "graphlib.py", "gzip.py", "http/cookies.py",
    "inspect.py", "logging/handlers.py", "mailbox.py", "pprint.py", "queue.py", "sched.py", "shelve.py",
    "socketserver.py", "statistics.py", "threading.py", "zipfile.py",
)  # fmt: skip
_DRIFT_MODULES = ("json/decoder.py", "textwrap.py", "heapq.py", "shutil.py", "cmd.py", "bisect.py", "calendar.py")
_DRIFT_FUNCTIONS = (
    *_DRIFT_MODULES, "dis.py", "doctest.py", "locale.py", "platform.py", "smtplib.py", "traceback.py", "uuid.py",
)  # fmt: skip
_ENGLISH = "pydoc_data/topics.py"
_CHUNK = 600


def replay_texts(count: int, *, seed: int) -> list[str]:
    """`count` texts of up to 600 characters or so: two of five code, two short documented functions, one English."""
    rng = random.Random(seed)
    code = _chunks(_REPLAY_MODULES)
    functions = [head + body for head, body in _functions(_REPLAY_MODULES)]
    english = _english()[1::2]
    for texts in (code, functions, english):
        rng.shuffle(texts)
    some = functions[: 2 * count // 5] + english[: count // 5]
    return (code[: count - len(some)] + some)[:count]


def drift_texts(*, characters: int = 5000) -> dict[str, list[tuple[str, str]]]:
    """Fixed corpora to measure forgetting on, about `characters` of asked text each, by the names of FORGETTING: each
    (context, text that is asked after it). Of functions half as much again, of more modules: they drift most, each in
    its own way, and an adapter's scale is chosen on them (tests/eval/LOG.md)."""
    alone = {"code": _chunks(_DRIFT_MODULES)[::3], "english": _english()[::2]}
    found = {name: _asked_until([("", text) for text in texts], characters) for name, texts in alone.items()}
    return found | {"functions": _asked_until(_functions(_DRIFT_FUNCTIONS)[::2], 3 * characters // 2)}


FORGETTING = {
    "code": "a seeded sample of the interpreter's standard library, of modules that neither replay nor the gate reads",
    "functions": "short documented functions of the same modules: signature and docstring given, the body asked, as in"
    " HumanEval",
    "english": "a seeded sample of the language reference that pydoc shows as topics, chunks that replay does not have",
}
"""What M6's corpora are."""


def forgetting_texts(*, characters: int = 12_000, seed: int = 0) -> dict[str, list[tuple[str, str]]]:
    """M6's corpora by name, each (context, text that is asked after it), about `characters` of text asked in each.

    They depend on the interpreter's version: its Lib and its topics are what is sampled.
    """
    rng = random.Random(seed)
    files = _other_modules()
    rng.shuffle(files)
    code, functions = [], []
    for path in files:
        source = path.read_text(encoding="utf-8")
        code.append(("", rng.choice(_cut(source))))
        short = _documented_functions(source)
        functions += rng.sample(short, min(len(short), 2))
        if min(sum(len(text) for _, text in pairs) for pairs in (code, functions)) >= characters:
            break
    english = [("", chunk) for chunk in _english(slice(2, None))]
    rng.shuffle(english)
    return {name: _asked_until(pairs, characters) for name, pairs in
            (("code", code), ("functions", functions), ("english", english))}  # fmt: skip


def _asked_until(pairs: list[tuple[str, str]], characters: int) -> list[tuple[str, str]]:
    """The first of them, until so much text is asked."""
    taken: list[tuple[str, str]] = []
    for pair in pairs:
        if sum(len(text) for _, text in taken) >= characters:
            break
        taken.append(pair)
    return taken


def _other_modules() -> list[Path]:
    """Modules and packages' own files that no other corpus reads, sorted."""
    library = Path(sysconfig.get_path("stdlib"))
    taken = {library / name for name in (*_REPLAY_MODULES, *_DRIFT_FUNCTIONS)}
    skipped = {"test", "tests", "idlelib", "lib2to3", "site-packages", "dist-packages", "encodings", "pydoc_data",
               "turtledemo", "ensurepip", "__pycache__", "this.py", "antigravity.py"}  # fmt: skip
    found = [path for path in library.glob("*.py")] + [path for path in library.glob("*/*.py")]
    kept = [path for path in found if path not in taken and not skipped & set(path.relative_to(library).parts)]
    return sorted(path for path in kept if path.stat().st_size > 2 * _CHUNK)


def _documented_functions(source: str, most_lines: int = 24) -> list[tuple[str, str]]:
    """(signature and docstring, body) of a module's short functions at its top level."""
    found = []
    lines = source.splitlines(keepends=True)
    for node in ast.parse(source).body:
        if not isinstance(node, ast.FunctionDef) or ast.get_docstring(node) is None or len(node.body) < 2:
            continue
        start, body, end = node.lineno - 1, node.body[1].lineno - 1, node.end_lineno or 0
        if end - start <= most_lines:
            found.append(("".join(lines[start:body]), "".join(lines[body:end])))
    return found


def _functions(modules: tuple[str, ...]) -> list[tuple[str, str]]:
    return [pair for source in _sources(modules) for pair in _documented_functions(source)]


def _chunks(modules: tuple[str, ...]) -> list[str]:
    return [chunk for source in _sources(modules) for chunk in _cut(source)]


def _sources(modules: tuple[str, ...]) -> Iterator[str]:
    """Of the standard library's modules, those that are there."""
    library = Path(sysconfig.get_path("stdlib"))
    for module in modules:
        if (library / module).is_file():
            yield (library / module).read_text(encoding="utf-8")


def _english(part: slice = slice(2)) -> list[str]:
    """Prose of the language reference that pydoc shows as topics, some chunks of each; its code samples are left in."""
    from pydoc_data.topics import topics

    return [chunk for name in sorted(topics) for chunk in _cut(topics[name])[part]]


def _cut(text: str) -> list[str]:
    """Chunks that begin at a blank line, so that they begin with a whole statement or paragraph."""
    chunks, current = [], ""
    for block in text.split("\n\n"):
        current += block + "\n\n"
        if len(current) >= _CHUNK:
            chunks.append(current[: 2 * _CHUNK])
            current = ""
    return chunks
