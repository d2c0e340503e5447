"""A self-edit as the checks see it: which parts are code, which are words for people.

The split goes by the edit's format alone, never by its content: a usage snippet whose docstring holds a fence stays
code as a whole, so evidence cannot talk its way out of the checks on code. Python's own lexer is used for remarks;
for another language everything counts as a remark, which is the stricter reading.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from dataclasses import dataclass
from functools import cached_property

from seal_lsp.core.language import LanguageSupport
from seal_lsp.core.learning import SelfEdit

# Formats whose text is prose around fenced code; every other format is code from its first to its last character.
PROSE_FORMATS = frozenset({"qa", "model_qa", "model_rewrite"})

_OWN = re.compile(r"(?<![\w.])(?:self|cls)(?:\.\w+|\([^()\n]*\)|\[[^\[\]\n]*\])*\.$")


def on_own_instance(code: str, start: int) -> bool:
    """True for a member reached from `self` or `cls`. A snippet is often a piece cut out of a subclass: what the rest
    of that class defines cannot be seen, so such a name says nothing about the library."""
    return bool(_OWN.search(code, max(0, start - 200), start))


@dataclass(frozen=True)
class Snippet:
    edit: SelfEdit
    language: LanguageSupport

    @property
    def text(self) -> str:
        return self.edit.text

    @property
    def is_code(self) -> bool:
        return self.edit.format not in PROSE_FORMATS

    @property
    def by_model(self) -> bool:
        return self.edit.writer.startswith("model:")

    @cached_property
    def code(self) -> tuple[str, ...]:
        """Pieces of source, each to be parsed by itself."""
        if self.is_code:
            return (self.text,)
        return tuple(self._declared(code) for _, code in self.language.code_blocks(self.text))

    def _declared(self, code: str) -> str:
        """A hover shows a signature without its `def`; with it, it is code that can be parsed."""
        if self.language.id != "python" or not self.language.syntax_problem(code):
            return code
        definition = f"def {code.strip()}: ..."
        return code if self.language.syntax_problem(definition) else definition

    @cached_property
    def remarks(self) -> str:
        """What a person would read as words: comments and docstrings of code, all of a prose format."""
        if not self.is_code or self.language.id != "python":
            return self.text
        return "\n".join((*_comments(self.text), *_docstrings(self.text)))


def _comments(source: str) -> list[str]:
    found: list[str] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                found.append(token.string.lstrip("#! "))
    except (tokenize.TokenError, SyntaxError):
        pass  # the syntax check speaks about that
    return found


def _docstrings(source: str) -> list[str]:
    """Every string that stands as a statement: docstrings, and attribute docs that ast does not call so."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return [source]
    return [
        node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    ]
