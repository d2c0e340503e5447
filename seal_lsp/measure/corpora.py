"""Generic text: to keep the base from being forgotten (`replay_texts`) and to measure whether it was (`drift_texts`).

The standard library's own code and the English of its language reference: they ship with every interpreter under a
permissive licence (PSF), so nothing is downloaded. The two functions never share a file or a topic.
"""

from __future__ import annotations

import random
import sysconfig
from pathlib import Path

_REPLAY_MODULES = (
    "argparse.py", "ast.py", "asyncio/queues.py", "asyncio/tasks.py", "base64.py", "collections/__init__.py",
    "configparser.py", "csv.py", "difflib.py", "fnmatch.py", "ftplib.py", "graphlib.py", "gzip.py", "http/cookies.py",
    "inspect.py", "logging/handlers.py", "mailbox.py", "pprint.py", "queue.py", "sched.py", "shelve.py",
    "socketserver.py", "statistics.py", "threading.py", "zipfile.py",
)  # fmt: skip
_DRIFT_MODULES = ("json/decoder.py", "textwrap.py", "heapq.py", "shutil.py", "cmd.py", "bisect.py", "calendar.py")
_ENGLISH = "pydoc_data/topics.py"
_CHUNK = 600


def replay_texts(count: int, *, seed: int) -> list[str]:
    """`count` chunks of about 600 characters, four of five code, the rest English."""
    rng = random.Random(seed)
    code = _chunks(_REPLAY_MODULES)
    english = _english()[1::2]
    rng.shuffle(code)
    rng.shuffle(english)
    some = english[: count // 5]
    return (code[: count - len(some)] + some)[:count]


def drift_texts(*, characters: int = 5000) -> dict[str, list[str]]:
    """Fixed corpora to measure forgetting on: `code` and `english`, about `characters` each."""
    return {"code": _until(_chunks(_DRIFT_MODULES)[::3], characters), "english": _until(_english()[::2], characters)}


def _until(texts: list[str], characters: int) -> list[str]:
    taken: list[str] = []
    for text in texts:
        if sum(map(len, taken)) >= characters:
            break
        taken.append(text)
    return taken


def _chunks(modules: tuple[str, ...]) -> list[str]:
    library = Path(sysconfig.get_path("stdlib"))
    found = []
    for module in modules:
        path = library / module
        if path.is_file():
            found += _cut(path.read_text(encoding="utf-8"))
    return found


def _english() -> list[str]:
    """Prose of the language reference that pydoc shows as topics; its code samples are left in."""
    from pydoc_data.topics import topics

    return [chunk for name in sorted(topics) for chunk in _cut(topics[name])[:2]]


def _cut(text: str) -> list[str]:
    """Chunks that begin at a blank line, so that they begin with a whole statement or paragraph."""
    chunks, current = [], ""
    for block in text.split("\n\n"):
        current += block + "\n\n"
        if len(current) >= _CHUNK:
            chunks.append(current[: 2 * _CHUNK])
            current = ""
    return chunks
