"""Text that speaks to a model instead of describing the library: prompt injection and persona lines.

Patterns are a data file, matched on normalised text (compatibility forms folded, look-alikes made Latin, marks and
punctuation turned into blanks), so spelling tricks do not hide them. Persona lines are judged only in comments,
docstrings and prose: as a string argument they are the daily bread of libraries that talk to models.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from pathlib import Path

from seal_lsp.vet.check import EachAlone
from seal_lsp.vet.snippet import Snippet

_FILE = Path(__file__).parent / "data" / "instructions.txt"


class Instructions(EachAlone):
    name = "instructions"

    def __call__(self, snippet: Snippet) -> str:
        return instruction_in(snippet.text, snippet.remarks)


def instruction_in(text: str, remarks: str) -> str:
    """What in the text is an instruction to a model, '' if nothing."""
    sections = _sections()
    for scope, part in (("everywhere", text), ("remarks", remarks)):
        normalised = normalise(part)
        for pattern in sections[scope]:
            match = pattern.search(normalised)
            if match:
                return f"instruction-like text: {match[0][:80]}"
    return ""


def normalise(text: str) -> str:
    """Lower-case words with one blank between them."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)
        text = "".join(_latin(c) for c in text if unicodedata.category(c) not in ("Mn", "Cf"))
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))


@lru_cache(maxsize=4096)
def _latin(c: str) -> str:
    if c.isascii() or not c.isalpha():
        return c
    from confusable_homoglyphs import confusables

    found = confusables.is_confusable(c, preferred_aliases=["latin"])
    twins = [h["c"] for h in found[0]["homoglyphs"] if h["c"].isascii() and h["c"].isalpha()] if found else []
    return twins[0] if twins else c


@cache
def _sections() -> dict[str, tuple[re.Pattern[str], ...]]:
    sections: dict[str, list[re.Pattern[str]]] = {"everywhere": [], "remarks": []}
    scope = ""
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        line = line.strip()
        if line.startswith("[") and line.endswith("]") and line[1:-1] in sections:
            scope = line[1:-1]
        elif line and not line.startswith("## "):
            sections[scope].append(re.compile(rf"\b(?:{line})\b"))
    return {name: tuple(patterns) for name, patterns in sections.items()}
