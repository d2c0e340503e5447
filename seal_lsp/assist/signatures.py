"""How a symbol is written for a person: one line for a menu, Python's own shape for a hover."""

from __future__ import annotations

import re

from seal_lsp.core.api import Symbol

MAX_SIGNATURE = 300


def signature_of(symbol: Symbol, name: str = "") -> str:
    """One line: a signature, or a name with its type."""
    if symbol.kind == "module":
        return f"module {symbol.qualname}"
    if symbol.parameters is None:
        shown = symbol.returns or symbol.instance_of or ""
        value = f" = {symbol.value}" if symbol.value and len(symbol.value) < 60 and "\n" not in symbol.value else ""
        return (f"{name or symbol.name}: {shown}" if shown else (name or symbol.name)) + value
    text = one_line(symbol.signature())
    if name and name != symbol.name:
        text = name + text.removeprefix(symbol.name)
    return text if len(text) <= MAX_SIGNATURE else text[: MAX_SIGNATURE - 1] + "…"


def pretty_signature(symbol: Symbol, name: str) -> str:
    """As Python writes it: `class X(a)`, `def f(a)`, long ones with a parameter a line."""
    text = signature_of(symbol, name)
    if symbol.kind == "module":
        return text
    if symbol.parameters is not None:
        text = name + symbol.signature().removeprefix(symbol.name)
    text = one_line(text)
    word = {"class": "class ", "function": "def ", "method": "def ", "property": "(property) "}.get(symbol.kind, "")
    word = "async " + word if "async" in symbol.decorators else word
    text = word + text
    if len(text) > 100 and symbol.parameters:
        head, _, rest = text.partition("(")
        inner, _, tail = rest.rpartition(")")
        text = f"{head}(\n    " + ",\n    ".join(split_arguments(inner)) + f",\n){tail}"
    return text


def one_line(text: str) -> str:
    """Annotations are quoted as they stand in the source, line breaks and all."""
    return re.sub(r"\s*\n\s*", " ", text)


def split_arguments(text: str) -> list[str]:
    """At the commas outside brackets and strings."""
    parts, depth, quote, current = [], 0, "", ""
    for c in text:
        if quote:
            quote = "" if c == quote else quote
        elif c in "\"'":
            quote = c
        elif c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        if c == "," and not depth and not quote:
            parts.append(current.strip())
            current = ""
        else:
            current += c
    return [*parts, current.strip()] if current.strip() else parts


def parameter_doc(doc: str, name: str) -> str:
    """The lines about one parameter in a docstring (Google, NumPy and Sphinx styles)."""
    lines = doc.splitlines()
    own = re.escape(name)
    for i, line in enumerate(lines):
        match = re.match(rf"(\s*)(?::param (?:[\w.]+ )?{own}:|\*{{0,2}}{own}\s*(?:\(.*?\))?\s*:)", line)
        if not match:
            continue
        kept = [line.strip()]
        for more in lines[i + 1 :]:
            if not more.strip() or len(more) - len(more.lstrip()) <= len(match[1]):
                break
            kept.append(more.strip())
        return " ".join(kept)
    return ""
