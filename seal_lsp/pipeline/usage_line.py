"""A usage line for a hover: the live adapter writes on from a fixed head, vetting has the last word.

The head (import, receiver, opening bracket) is built from the API index; only the arguments are the model's. Where it
names an argument that does not exist it is asked again, with the signature's names and only the values left to it.
"""

from __future__ import annotations

from collections.abc import Sequence

from seal_lsp.core.api import ApiSurface, Symbol
from seal_lsp.core.errors import UsageError
from seal_lsp.core.language import LanguageSupport
from seal_lsp.core.lm import LanguageModel
from seal_lsp.core.protocol import UsageLineReply
from seal_lsp.self_edits.layout import variable_for
from seal_lsp.vet.line import vet_line

_TOKENS = 40
_VALUE_TOKENS = 16


def usage_line(
    model: LanguageModel,
    adapter: str | None,
    symbol: str,
    surface: ApiSurface,
    language: LanguageSupport,
    importable: frozenset[str],
) -> UsageLineReply:
    """One statement that uses `symbol` (a qualname of the surface), written under `adapter` or by the bare base. Raises
    UsageError when there is no such symbol."""
    head, start = usage_head(symbol, surface)
    if not start:
        return UsageLineReply("rejected", adapter=adapter or "", reason="it is not called")
    reason = "the model wrote no complete call"
    drafts = (
        lambda: written_lines(model, adapter, [(head, start)], language)[0],
        lambda: grounded(model, adapter, symbol, head + start, surface, language),
    )
    for draft in drafts:  # the second is asked for only where the first does not stand
        line = draft().removeprefix(head)
        if not line:
            continue
        verdict = vet_line(head + line, (surface,), importable, language)
        if verdict.passed:
            return UsageLineReply("ready", line, adapter or "")
        reason = f"{verdict.check}: {verdict.reason}"
    return UsageLineReply("rejected", adapter=adapter or "", reason=reason)


def written_lines(
    model: LanguageModel, adapter: str | None, begun: Sequence[tuple[str, str]], language: LanguageSupport
) -> list[str]:
    """The line that the model writes by itself after each (head, start), not vetted; '' where it closes no call."""
    answers = model.generate([h + start for h, start in begun], max_tokens=_TOKENS, stop=("\n\n",), adapter=adapter)
    return [closed(start + answer.text, head, language) for (head, start), answer in zip(begun, answers, strict=True)]


def grounded(
    model: LanguageModel, adapter: str | None, symbol: str, text: str, surface: ApiSurface, language: LanguageSupport
) -> str:
    """`text` and the arguments that the call needs, else the one the model likes best: names from the signature, values
    by the model. '' when a name must not be given as a keyword, or the model writes no value."""
    found = surface.resolve(symbol)
    parameters = [p for p in found.parameters or () if p.kind not in ("var_positional", "var_keyword")]
    names = [p.name for p in parameters if p.default is None]
    if any(p.kind == "positional_only" for p in parameters):
        return ""
    if not names and parameters:
        ranked = model.rank_names(text, [p.name for p in parameters], adapter=adapter)
        names = [max(zip(map(sum, ranked), (p.name for p in parameters), strict=True))[1]]
    for number, name in enumerate(names):
        text += f"{', ' if number else ''}{name}="
        value = first_argument(
            model.generate([text], max_tokens=_VALUE_TOKENS, stop=("\n",), adapter=adapter)[0].text, language
        )
        if not value:
            return ""
        text += value
    return text + ")"


def first_argument(text: str, language: LanguageSupport) -> str:
    """The expression that `text` begins with, up to the comma or bracket that ends it; '' if nothing ends it."""
    for index, character in enumerate(text):
        if character in ",)" and text[:index].strip() and not language.syntax_problem(f"call(name={text[:index]})"):
            return text[:index].strip()
    return ""


def usage_head(symbol: str, surface: ApiSurface) -> tuple[str, str]:
    """(code before the line, how the line begins); the latter is empty for what is not called."""
    found = surface.resolve(symbol)
    if found is None:
        raise UsageError(f"{surface.library} has no {symbol}", hint="hover a name that the library has")
    if found.parameters is None:
        return "", ""
    if found.kind in ("class", "function"):
        module, _, name = import_path(found, surface, symbol).rpartition(".")
        target = variable_for(name) if found.kind == "class" else "result"
        return f"from {module} import {name}\n\n", f"{target} = {name}("
    reached = symbol.rpartition(".")[0]
    owner = surface.resolve(reached) or surface.resolve(found.owner)
    if owner is None or owner.kind != "class":
        return "", ""
    module, _, name = import_path(owner, surface, reached).rpartition(".")
    variable = variable_for(name)
    return f"from {module} import {name}\n\n{variable}: {name} = ...\n", f"{variable}.{found.name}("


def import_path(symbol: Symbol, surface: ApiSurface, reached: str) -> str:
    """The best public path of a symbol; where the library offers none, the one by which it was reached."""
    return surface.public_paths.get(symbol.qualname, (reached,))[0]


def closed(text: str, head: str, language: LanguageSupport) -> str:
    """The shortest beginning of `text` that ends with a bracket and parses after `head`; '' if there is none."""
    for index, character in enumerate(text):
        if character == ")" and not language.syntax_problem(head + text[: index + 1]):
            return text[: index + 1]
    return ""
