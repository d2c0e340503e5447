"""What a docstring says of versions: since when its name exists, what changed of it. Reads Sphinx's directives only.

A changelog in prose is not read: which of its lines are about one name is a guess.
"""

from __future__ import annotations

import re

MOST = 6  # some functions carry one for each parameter they ever got

_SAID = {
    "versionadded": "Added in",
    "versionchanged": "Changed in",
    "versionremoved": "Removed in",
    "deprecated": "Deprecated since",
}
_DIRECTIVE = re.compile(
    r"^(?P<indent>[ \t]*)\.\. (?P<what>version-?added|version-?changed|version-?removed|deprecated)::(?P<rest>.*)$"
)


def split(doc: str) -> tuple[tuple[str, ...], str]:
    """(the notes on the whole name as markdown phrases, in the authors' order; the docstring without them). A note
    inside a section, on one parameter say, stays there as a phrase."""
    notes: list[str] = []
    kept: list[str] = []
    lines = doc.split("\n")
    at = 0
    while at < len(lines):
        found = _DIRECTIVE.match(lines[at])
        at += 1
        if found is None:
            kept.append(lines[at - 1])
            continue
        said = [found["rest"]]
        while at < len(lines) and (inside := _inside(lines, at, len(found["indent"]))):
            said += lines[at:inside]
            at = inside
        phrase = _phrase(found["what"], " ".join(" ".join(said).split()))
        if found["indent"]:
            kept.append(f"{found['indent']}*{phrase}*")
        else:
            notes.append(phrase)
    return tuple(notes), "\n".join(kept).strip()


def markdown(notes: tuple[str, ...]) -> str:
    """A list of them, '' for none; of many the newest, which some authors write first and some last."""
    shown = [f"- {note}" for note in notes]
    if len(notes) > MOST:
        newest_first = _version(notes[0]) > _version(notes[-1])
        shown = [*shown[:MOST], "- …"] if newest_first else ["- …", *shown[-MOST:]]
    return "\n".join(shown)


def _version(note: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", note.partition(":")[0])]


def _inside(lines: list[str], at: int, indent: int) -> int:
    """Where the next line of a directive's body ends, blank lines before it included; 0 when the body is over."""
    end = at
    while end < len(lines) and not lines[end].strip():
        end += 1
    if end == len(lines):
        return 0
    line = lines[end]
    return end + 1 if len(line) - len(line.lstrip()) > indent and _DIRECTIVE.match(line) is None else 0


def _phrase(what: str, text: str) -> str:
    version, _, rest = text.partition(" ")
    head = f"{_SAID[what.replace('-', '')]} {version.rstrip(':,')}".rstrip()
    return f"{head}: {rest}" if rest else head
