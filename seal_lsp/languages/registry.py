"""Which LanguageSupport reads a file. A new language is one folder beside `python/` and one line here."""

from __future__ import annotations

from functools import cache
from pathlib import PurePath

from seal_lsp.core.language import LanguageSupport
from seal_lsp.languages.python.support import Python


@cache
def languages() -> tuple[LanguageSupport, ...]:
    return (Python(),)


def language_for(id_or_path: str | PurePath) -> LanguageSupport | None:
    """By language id (`python`) or by a path's extension; None when no language here reads it."""
    suffix = PurePath(id_or_path).suffix.lower()
    for language in languages():
        if str(id_or_path) == language.id or (suffix and suffix in language.extensions):
            return language
    return None
