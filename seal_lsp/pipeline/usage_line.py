"""A usage line for a hover: the live adapter writes on from a fixed head, vetting has the last word.

The head (import, receiver, opening bracket) is built from the API index; only the arguments are the model's.
"""

from __future__ import annotations

from seal_lsp.core.api import ApiSurface, Symbol
from seal_lsp.core.errors import UsageError
from seal_lsp.core.language import LanguageSupport
from seal_lsp.core.lm import LanguageModel
from seal_lsp.core.protocol import UsageLineReply
from seal_lsp.self_edits.layout import variable_for
from seal_lsp.vet.line import vet_line

_TOKENS = 40


def usage_line(
    model: LanguageModel,
    adapter: str,
    symbol: str,
    surface: ApiSurface,
    language: LanguageSupport,
    importable: frozenset[str],
) -> UsageLineReply:
    """One statement that uses `symbol` (a qualname of the surface). Raises UsageError when there is no such symbol."""
    head, start = usage_head(symbol, surface)
    if not start:
        return UsageLineReply("rejected", adapter=adapter, reason="it is not called")
    answer = model.generate([head + start], max_tokens=_TOKENS, stop=("\n\n",), adapter=adapter)[0]
    line = closed(start + answer.text, head, language)
    if not line:
        return UsageLineReply("rejected", adapter=adapter, reason="the model wrote no complete call")
    verdict = vet_line(head + line, (surface,), importable, language)
    if not verdict.passed:
        return UsageLineReply("rejected", adapter=adapter, reason=f"{verdict.check}: {verdict.reason}")
    return UsageLineReply("ready", line, adapter)


def usage_head(symbol: str, surface: ApiSurface) -> tuple[str, str]:
    """(code before the line, how the line begins); the latter is empty for what is not called."""
    found = surface.resolve(symbol)
    if found is None:
        raise UsageError(f"{surface.library} has no {symbol}", hint="hover a name that the library has")
    if found.parameters is None:
        return "", ""
    if found.kind in ("class", "function"):
        path = shortest_path(found, surface)
        target = variable_for(found.name) if found.kind == "class" else "result"
        return f"from {path.rpartition('.')[0]} import {found.name}\n\n", f"{target} = {found.name}("
    owner = surface.resolve(symbol.rpartition(".")[0]) or surface.resolve(found.owner)
    if owner is None or owner.kind != "class":
        return "", ""
    path, variable = shortest_path(owner, surface), variable_for(owner.name)
    return (
        f"from {path.rpartition('.')[0]} import {owner.name}\n\n{variable}: {owner.name} = ...\n",
        f"{variable}.{found.name}(",
    )


def shortest_path(symbol: Symbol, surface: ApiSurface) -> str:
    """The public dotted path with the fewest dots that leads to a symbol; its own qualname if there is no other."""
    paths = [q for q, s in surface.symbols.items() if s.public and s.target == symbol.qualname and "." in q]
    return min([*paths, symbol.qualname], key=lambda path: (path.count("."), len(path), path))


def closed(text: str, head: str, language: LanguageSupport) -> str:
    """The shortest beginning of `text` that ends with a bracket and parses after `head`; '' if there is none."""
    for index, character in enumerate(text):
        if character == ")" and not language.syntax_problem(head + text[: index + 1]):
            return text[: index + 1]
    return ""
