"""Text must be what it looks like: no invisible or direction-changing characters, no letters borrowed from another
script to spell a Latin-looking word, no code pushed out of sight by blanks.

Knows Unicode categories (`unicodedata`) and Unicode's confusables table (confusable-homoglyphs). Text in one script,
whichever, passes; so do emoji sequences.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from seal_lsp.vet.check import EachAlone
from seal_lsp.vet.snippet import Snippet

_BLANK_RUN = re.compile(r"\S[ \t\u00a0\u2000-\u200a\u3000]{120,}\S")
_WORD = re.compile(r"[^\W\d_]+")
_IDENTIFIER = re.compile(r"[^\W\d]\w*")
# Letters and marks by category, yet drawn as nothing.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
_HIDDEN = {
    "Cf": "format",
    "Cc": "control",
    "Co": "private-use",
    "Cs": "surrogate",
    "Cn": "unassigned",
    "Zl": "line separator",
    "Zp": "paragraph separator",
}
_HONEST_CONTROLS = frozenset("\n\r\t\f")


class HiddenUnicode(EachAlone):
    name = "unicode"

    def __call__(self, snippet: Snippet) -> str:
        return unicode_problem(snippet.text, snippet.code)


def unicode_problem(text: str, code: tuple[str, ...] = ()) -> str:
    """Why this text is not what it looks like, '' if it is. `code` are the parts whose identifiers are judged too."""
    problem = _hidden(text)
    if problem or text.isascii():
        return problem
    for word in dict.fromkeys(_WORD.findall(text)):
        if not word.isascii() and _dangerous(word):
            return f"mixed scripts in {_shown(word)}"
    for source in code:
        for name in dict.fromkeys(_IDENTIFIER.findall(_without_literals(source))):
            if name.isascii():
                continue
            if unicodedata.normalize("NFKC", name) != name:
                return f"{_shown(name)} is another spelling of {unicodedata.normalize('NFKC', name)}"
            if _imitates_latin(name):
                return f"{_shown(name)} looks like a Latin name and is none"
    return ""


def _hidden(text: str) -> str:
    if text.isascii():
        bad = next((c for c in text if (c < " " and c not in _HONEST_CONTROLS) or c == "\x7f"), "")
        if bad:
            return f"control character U+{ord(bad):04X}"
    else:
        for i, c in enumerate(text):
            kind = _HIDDEN.get(unicodedata.category(c), "")
            if c in _HONEST_CONTROLS or not (kind or c in _INVISIBLE or _selector(c)):
                continue
            if c in "\u200d\ufe0e\ufe0f" and i and _joins_emoji(text, i):
                continue
            if c == "\ufeff" and i == 0:
                continue
            return f"{kind or 'invisible'} character U+{ord(c):04X} {unicodedata.name(c, '')}".rstrip()
    if _BLANK_RUN.search(text):
        return "text pushed out of sight by more than 120 blanks"
    return ""


def _selector(c: str) -> bool:
    return "\ufe00" <= c <= "\ufe0f" or "\U000e0100" <= c <= "\U000e01ef"


def _joins_emoji(text: str, i: int) -> bool:
    """A joiner or a presentation selector is honest right after a symbol, a digit key cap or another selector."""
    before = text[i - 1]
    return (
        unicodedata.category(before) in ("So", "Sk", "Sm", "Po") or before in "0123456789#*\ufe0f" or before >= "\u2190"
    )


@lru_cache(maxsize=4096)
def _dangerous(word: str) -> bool:
    from confusable_homoglyphs import confusables

    word = word.replace("µ", "").replace("μ", "").replace("Ω", "").replace("Δ", "")  # units and deltas: 10 μs, Δt
    return bool(confusables.is_dangerous(word, preferred_aliases=["latin"]))


@lru_cache(maxsize=4096)
def _imitates_latin(name: str) -> bool:
    """Every letter is foreign to ASCII and has a Latin look-alike, as in a wholly Cyrillic `exec`."""
    from confusable_homoglyphs import confusables

    letters = [c for c in name if c.isalpha() and not c.isascii()]
    return (
        len(letters) > 1
        and not any(c.isalpha() and c.isascii() for c in name)
        and all(confusables.is_confusable(c, preferred_aliases=["latin"]) for c in letters)
    )


def _without_literals(source: str) -> str:
    """Source with strings and comments blanked out roughly: only names are judged as names."""
    return re.sub(r'("""|\'\'\')[\s\S]*?\1|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|#[^\n]*', " ", source)


def _shown(word: str) -> str:
    return f"{word} ({' '.join(f'U+{ord(c):04X}' for c in word if not c.isascii())})"
