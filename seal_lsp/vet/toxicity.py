"""Abuse and bias: word list of better-profanity, less the words that honest technical text needs, plus generalising
sentences about groups of people.

Words are judged whole, identifiers taken apart at underscores and capitals. It knows words, not meaning: identity
terms are allowed by the list, what is said about them is not judged beyond the bias patterns.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from pathlib import Path

from seal_lsp.vet.check import EachAlone
from seal_lsp.vet.instructions import normalise
from seal_lsp.vet.sinks import read_patterns
from seal_lsp.vet.snippet import Snippet

_DATA = Path(__file__).parent / "data"
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W_]+")
_SHORTEST_DISGUISE = 4  # below this many letters a look-alike digit makes a word out of every other identifier


class Toxicity(EachAlone):
    name = "toxicity"

    def __call__(self, snippet: Snippet) -> str:
        for word in dict.fromkeys(_words(snippet.text)):
            if _is_profane(word):
                return f"word on the abuse list: {word}"
        normalised = normalise(snippet.text)
        for label, pattern in (("abuse list", _phrases()), *(("bias list", p) for p in _bias())):
            match = pattern.search(normalised)
            if match:
                return f"phrase on the {label}: {match[0][:60]}"
        return ""


def _words(text: str) -> list[str]:
    """Words as written between blanks and punctuation (`sh1t`), and the parts of camelCase and snake_case names."""
    whole = re.findall(r"[\w@$!+]+", text)
    parts = (part for token in whole for part in (token.strip("!+$@"), *_WORD.findall(token)))
    return [part.casefold() for part in parts if len(part) > 1]


@lru_cache(maxsize=65536)
def _is_profane(word: str) -> bool:
    if word in _literal():
        return True
    if word in _honest() or word.isalpha() or len(word) < _SHORTEST_DISGUISE or not any(c.isalpha() for c in word):
        return False  # only spellings with digits or marks need the slow comparison
    return _filter().contains_profanity(word)


@cache
def _honest() -> frozenset[str]:
    lines = (_DATA / "honest_words.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(w for line in lines if not line.startswith("## ") for w in line.casefold().split())


@cache
def _listed() -> tuple[str, ...]:
    from better_profanity.utils import get_complete_path_of_file, read_wordlist

    words = {w.casefold() for w in read_wordlist(get_complete_path_of_file("profanity_wordlist.txt"))}
    return tuple(sorted(words - _honest()))


@cache
def _literal() -> frozenset[str]:
    return frozenset(w for w in _listed() if w.isalnum())


@cache
def _phrases() -> re.Pattern[str]:
    phrases = {normalise(w) for w in _listed()}
    return re.compile(r"\b(?:" + "|".join(sorted(re.escape(p) for p in phrases if " " in p)) + r")\b")


@cache
def _filter():
    from better_profanity import Profanity

    return Profanity([w for w in _literal() if len(w) >= _SHORTEST_DISGUISE])


@cache
def _bias() -> tuple[re.Pattern[str], ...]:
    return read_patterns(_DATA / "bias.txt")
