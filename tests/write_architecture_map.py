"""`python tests/write_architecture_map.py` writes the file map of ARCHITECTURE.md: each module's first sentence."""

from __future__ import annotations

import ast
import re
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "seal_lsp"
DOCUMENT = PACKAGE / "ARCHITECTURE.md"
BEGIN, END = "<!-- map -->", "<!-- end of map -->"
ROOMS = {
    "cli": "the command line: one file per command group; composition root",
    "lsp": "the only room that speaks LSP",
    "lsp/features": "one LSP method per file: convert, call, convert",
    "assist": "editor-side thinking, no LSP types, no torch; files named `*_task` run in the analysis worker",
    "client": "talks to an engine at a URL, or starts one",
    "settings": "one schema for all editors and the command line",
    "engine": "the daemon: HTTP, generation queue, adapter routing, learning queue, events, lifetime",
    "pipeline": "one learning cycle, and the process that runs it",
    "watch": "which libraries does this developer use?",
    "collect": "evidence about a library, read without importing it",
    "self_edits": "training snippets, written from evidence",
    "self_edits/formats": "one file per family of formats",
    "vet": "keep only what is right, safe and useful: one file per check",
    "train": "packing, LoRA, the loop",
    "gate": "may this adapter go live?",
    "measure": "probes, cases, metrics, corpora",
    "measure/suites": "benchmarks of others, and the sandbox that runs their tests",
    "lm": "language models and their weights; the only room beside train and pipeline that imports torch",
    "languages": "one folder per programming language behind core's LanguageSupport",
    "languages/python": "Python: grammar, environment, API surface, uses, receivers",
    "store": "SQLite, the ledger, adapters on disk",
    "core": "the shared vocabulary: frozen values, Protocols, errors; standard library only",
}


def sentence(file: Path) -> str:
    """The first sentence of a module's docstring, on one line."""
    doc = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    paragraph = " ".join(doc.partition("\n\n")[0].split())
    return re.split(r"(?<=[.!?])\s", paragraph, maxsplit=1)[0].rstrip(".")


def files(room: str) -> list[Path]:
    return sorted(file for file in (PACKAGE / room).glob("*.py") if file.name != "__init__.py")


def architecture_map() -> str:
    parts = []
    for room, what in ROOMS.items():
        lines = [f"### {room}/\n{what[0].upper()}{what[1:]}.\n"]
        lines += [f"- `{file.name}` {sentence(file)}" for file in files(room)]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def main() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    DOCUMENT.write_text(f"{before}{BEGIN}\n{architecture_map()}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
