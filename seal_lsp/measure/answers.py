"""What a written answer says: the name it begins with and its call's keywords (M3), which of its names exist (M4).

An answer is text that goes on where a case's prefix ends. Works on text; which API a name belongs to is the language's
business.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from seal_lsp.core.api import ApiSurface
from seal_lsp.core.language import LanguageSupport

_FIRST = re.compile(r"[ \t]*([^\W\d]\w*)")
_EQUALS = re.compile(r"\s*=(?!=)")
_HALF = re.compile(r"[^\W\d]\w*\Z")
_TOKEN = re.compile(
    r"""(?P<string>(?i:[rbfu]{0,2})(?:\"{3}(?:[^\\]|\\.)*?(?:\"{3}|\Z)|'{3}(?:[^\\]|\\.)*?(?:'{3}|\Z)
        |"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?))
      |(?P<comment>\#[^\n]*)|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<name>[^\W\d]\w*)
      |(?P<comparison>[=!<>:]=)|(?P<equals>=)|(?P<comma>,)|(?P<other>\S)""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """M4 of one answer. `names` counts the places where it names the library's API, `unknown` are those names, and
    modules it imports, that do not exist; `deprecated` those whose authors say to use something else."""

    names: int
    unknown: tuple[str, ...]
    deprecated: tuple[str, ...]

    @property
    def valid(self) -> bool:
        """It names at least one API, and all that it names exists."""
        return self.names > 0 and not self.unknown


def written_name(text: str, kind: str) -> str:
    """The name that an answer begins with, '' when it begins with anything else. A keyword counts only with its `=`:
    without, the same letters are a variable given by position."""
    found = _FIRST.match(text)
    if found is None or (kind == "keyword" and _EQUALS.match(text, found.end()) is None):
        return ""
    return found[1]


def call_keywords(text: str, kind: str) -> frozenset[str]:
    """Keywords given from the answer's beginning on: in the call around a keyword, else in the call of the name that
    the answer begins with. Empty where there is no such call. Text that was cut off counts as far as it goes."""
    begin, last = 0, ","
    if kind != "keyword":
        name = _FIRST.match(text)
        if name is None or not text.startswith("(", name.end()):
            return frozenset()
        begin = name.end() + 1
    keywords: list[str] = []
    depth, pending = 1, ""
    for token in _TOKEN.finditer(text, begin):
        group, spelled = str(token.lastgroup), token[0]
        if group == "comment":
            continue
        if group == "equals" and depth == 1 and pending:
            keywords.append(pending)
        pending = spelled if group == "name" and depth == 1 and last in ("(", ",") else ""
        depth += (group == "open") - (group == "close")
        if depth == 0:
            break
        last = spelled
    return frozenset(keywords)


def keyword_f1(gold: Collection[str], found: Collection[str]) -> float | None:
    """F1 of two sets of keywords; None where the code that stood there gives none."""
    if not gold:
        return None
    return 2 * len(set(gold) & set(found)) / (len(gold) + len(found))


def without_half_name(text: str, finish: str) -> str:
    """An answer that was cut off by its length, without the last name, which may be half of one. What is nothing but a
    name stays."""
    if finish != "length":
        return text
    whole = _HALF.sub("", text)
    return whole if whole.strip() else text


def judge(
    prefix: str,
    text: str,
    surface: ApiSurface,
    language: LanguageSupport,
    importable: Collection[str],
    *,
    due: tuple[str, Collection[str]] | None = None,
) -> Judgement:
    """M4's facts about an answer after `prefix`. `importable` are top-level import names of what is installed and of
    the standard library; modules that the prefix imports exist wherever they come from.

    `due` is the kind of name that is due there and every one that is valid. It decides on the answer's first name where
    the prefix does not say whose that is: excerpts are cut off above, often below the import that would tell.
    """
    whole, begin = prefix + text, len(prefix)
    uses = [use for use in language.uses(whole, [surface]) if use.end > begin]
    imports = language.imports(whole)
    known = {use.module.partition(".")[0] for use in imports if use.end <= begin} | set(importable)
    unknown = [use.name for use in uses if use.exists is False]
    for use in imports:
        top = use.module.partition(".")[0]
        if use.end > begin and top and not use.module.startswith(".") and top not in known:
            unknown.append(top)
    deprecated = []
    for use in uses:
        symbol = surface.resolve(use.qualname) if use.kind != "keyword" else None
        if symbol is not None and symbol.deprecated:
            deprecated.append(use.name)
    places = {(use.start, use.end) for use in uses}
    first = written_name(text, due[0]) if due else ""
    end = begin + text.find(first) + len(first)
    if due and first and not any(start < end for start, _ in places):
        places.add((end - len(first), end))
        unknown += [first] if first not in due[1] else []
    return Judgement(len(places), tuple(dict.fromkeys(unknown)), tuple(dict.fromkeys(deprecated)))
