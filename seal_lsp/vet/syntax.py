"""Code must parse: tree-sitter without ERROR or MISSING and the language's own parser, both behind `syntax_problem`.

For Python the parser is CPython's `ast` of the interpreter that runs the learner; it does not know the target version.
"""

from __future__ import annotations

import ast
import warnings

from seal_lsp.core.language import LanguageSupport
from seal_lsp.vet.check import EachAlone
from seal_lsp.vet.snippet import Snippet


class Syntax(EachAlone):
    name = "syntax"

    def __init__(self, language: LanguageSupport) -> None:
        self._language = language

    def __call__(self, snippet: Snippet) -> str:
        if not snippet.text.strip() or not snippet.edit.completion.strip():
            return "nothing to learn: the completion is empty"
        for code in snippet.code:
            problem = self._language.syntax_problem(code) or _parser_problem(code, self._language)
            if problem:
                return f"does not parse: {problem}"
        return ""


def _parser_problem(code: str, language: LanguageSupport) -> str:
    if language.id != "python":
        return ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes in evidence are not ours to print
            ast.parse(code)
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}"
    except (ValueError, RecursionError, MemoryError) as error:  # null bytes; nesting beyond the parser's stack
        return str(error) or type(error).__name__
    return ""
