"""What the product's own inference finds at a case's place: asked of the analysis code as the server asks it.

The document is the one that the product arm opens: prefix and suffix of the case, the gold name gone. The analysis runs
in a worker process of its own, with more patience than a server has.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from seal_lsp.assist import tasks
from seal_lsp.assist.facts import CompletionFacts, Place
from seal_lsp.assist.menu import visible
from seal_lsp.assist.worker import AnalysisWorker, TaskCrashed, TaskTimeout
from seal_lsp.cli.eval_progress import Watch
from seal_lsp.cli.eval_setup import Subject, code_digest
from seal_lsp.core.learning import Case
from seal_lsp.core.library import Environment, environment_as_dict
from seal_lsp.languages.python.fingerprint import fingerprint
from seal_lsp.languages.python.support import Python
from seal_lsp.measure.cases import case_digest
from seal_lsp.measure.remembered import Memory

PATIENCE_S = 180.0
ANALYSIS = ("assist/", "core/", "languages/")


@dataclass(frozen=True)
class Document:
    """A file being written, the cursor at `offset`."""

    text: str
    offset: int


@dataclass(frozen=True)
class Found:
    """`names` may stand at the cursor, () when nothing is known; `libraries` (name@version) are nearest first."""

    names: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()


def document_of(case: Case, *, typed: bool = False, before: str = "") -> Document:
    """The case's file without the gold name. `typed` leaves out the rest of its line, as while it is written; `before`
    stands at the top of the file."""
    rest = case.suffix
    if typed:
        end = rest.find("\n")
        rest = "" if end < 0 else rest[end:]
    return Document(before + case.prefix + rest, len(before) + len(case.prefix))


def marks_of(environment: Environment) -> list[str]:
    """What identifies everything that is installed in an environment."""
    installed = Python().installed(environment)
    return sorted(f"{library.id} {fingerprint(library)}" for library in installed)


def names_at_cases(subject: Subject, index: Path, memory: Memory, watch: Watch, *, typed: bool) -> Mapping[str, tuple]:
    """The names found at each case, by the case's digest."""
    documents = [document_of(case, typed=typed) for case in subject.cases]
    found = look(documents, subject.environment, index, memory, watch, subject.name)
    return {case_digest(case): one.names for case, one in zip(subject.cases, found, strict=True)}


def look(
    documents: Sequence[Document], environment: Environment, index: Path, memory: Memory, watch: Watch, what: str
) -> list[Found]:
    """In the order of the documents. Reads into the index whatever libraries the documents import."""

    def plain(facts: CompletionFacts) -> dict:
        names = dict.fromkeys(member.name for member in visible(facts))
        return {"names": list(names), "libraries": list(facts.libraries)}

    rows = asyncio.run(ask_all(tasks.completions, plain, documents, environment, index, memory, watch, what))
    return [Found(tuple(row["names"]), tuple(row["libraries"])) if row else Found() for row in rows]


async def ask_all(task, plain, documents, environment, index, memory, watch, what) -> list:
    """The task's answer about each document, None where there is none, made JSON-friendly by `plain`."""
    worker = AnalysisWorker(tasks.start, (str(index), True), name="eval")
    known = [task.__name__, code_digest(*ANALYSIS), environment_as_dict(environment), marks_of(environment)]
    # No file and no workspace: only what is installed, and the text itself, can be known.
    place = Place("", "", environment)
    found = []
    try:
        with watch.task(f"{what}: what inference finds", len(documents)) as step:
            for document in documents:

                async def ask(document: Document = document) -> object:
                    arguments = (task, document.text, document.offset, place)
                    try:
                        facts = (await worker.run(tasks.answer, *arguments, timeout=PATIENCE_S)).found
                    except (TaskTimeout, TaskCrashed):  # the product would show nothing there either
                        return None
                    return None if facts is None else plain(facts)

                found.append(await memory.once_async(["facts", *known, document.text, document.offset], ask))
                step()
    finally:
        await asyncio.to_thread(worker.close)
    return found
