"""Formats `rewrite` (a stub with signature and summary), `qa` (hover question, answer) and `migration` (old -> new)."""

from __future__ import annotations

import random
from collections.abc import Iterator

from seal_lsp.core.api import Symbol
from seal_lsp.core.learning import SelfEdit
from seal_lsp.self_edits.layout import indent
from seal_lsp.self_edits.shelf import Shelf

_MEMBERS = 7


def write_rewrites(shelf: Shelf, rng: random.Random) -> Iterator[SelfEdit]:
    """Each class and function once: a stub of it as a .pyi file would show it, members shuffled in groups."""
    for symbol in shelf.of_kind("class", "function"):
        if symbol.kind == "function":
            yield _edit(shelf, "rewrite", "", f"# {shelf.best_path(symbol)}\n{_stub(symbol)}", [symbol])
            continue
        members = [m for m in shelf.methods(symbol) if m.kind != "class"]
        rng.shuffle(members)
        for start in range(0, max(len(members), 1), _MEMBERS):
            group = members[start : start + _MEMBERS]
            yield _edit(shelf, "rewrite", "", _class_stub(shelf, symbol, group), [symbol, *group])


def write_questions(shelf: Shelf, rng: random.Random) -> Iterator[SelfEdit]:
    """Documented symbols: a question as a hover asks it, answered by signature and summary; loss on the answer."""
    for symbol in shelf.of_kind("class", "function"):
        for one, path in [(symbol, shelf.best_path(symbol)), *_documented_members(shelf, symbol)]:
            if one.summary:
                prompt = rng.choice(
                    ("What is `{0}` in {1}?\n", "How is `{0}` of {1} called?\n", "`{0}` ({1}):\n")
                ).format(path, shelf.surface.library.name)
                answer = f"```python\n{one.signature()}\n```\n{one.summary}\n"
                yield _edit(shelf, "qa", prompt, answer, [one])


def write_migrations(shelf: Shelf, rng: random.Random) -> Iterator[SelfEdit]:
    """Deprecated symbols with the library's own words on what replaces them."""
    for symbol in shelf.of_kind("class", "function"):
        for one in [symbol, *(shelf.methods(symbol) if symbol.kind == "class" else ())]:
            if one.deprecated:
                note = " ".join(one.deprecated.split())[:200]
                prompt = f"# {shelf.surface.library}: `{one.qualname}` is deprecated.\n"
                yield _edit(shelf, "migration", prompt, f"# {note}\n", [one])


def _documented_members(shelf: Shelf, symbol: Symbol) -> list[tuple[Symbol, str]]:
    if symbol.kind != "class":
        return []
    path = shelf.best_path(symbol)
    return [(m, f"{path}.{m.name}") for m in shelf.methods(symbol)[:12] if m.parameters is not None]


def _class_stub(shelf: Shelf, symbol: Symbol, members: list[Symbol]) -> str:
    bases = [b.rpartition(".")[2] for b in symbol.bases if b != "object"]
    parents = f"({', '.join(bases)})" if bases else ""
    lines = [f"# {shelf.best_path(symbol)}", f"class {symbol.name}{parents}:"]
    inner = [f'"""{_quoted(symbol.summary)}"""'] if symbol.summary else []
    constructor = symbol.parameters or ()
    if constructor:
        inner.append(_stub(Symbol(f"{symbol.qualname}.__init__", "method", symbol.parameters)))
    inner += [_stub(m) for m in members] or ([] if inner else ["..."])
    return "\n".join([*lines, indent("\n".join(inner))]) + "\n"


def _stub(symbol: Symbol) -> str:
    """`def name(...) -> T: \"\"\"summary\"\"\"`, or `name: T` for what is not called."""
    if symbol.parameters is None or symbol.kind in ("attribute", "property"):
        kind = symbol.returns or (symbol.instance_of or "").rpartition(".")[2]
        value = f" = {symbol.value}" if symbol.value and len(symbol.value) < 40 and "\n" not in symbol.value else ""
        return f"{symbol.name}: {kind}{value}" if kind else f"{symbol.name}{value or ': object'}"
    signature = symbol.signature()
    if symbol.kind == "method":
        inside = signature[len(symbol.name) + 1 :]
        signature = f"{symbol.name}(self{'' if inside.startswith(')') else ', '}{inside}"
    prefix = "async def" if "async" in symbol.decorators else "def"
    return f"{prefix} {signature}:\n" + indent(f'"""{_quoted(symbol.summary)}"""' if symbol.summary else "...")


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"""', "'''").rstrip('"')


def _edit(shelf: Shelf, form: str, prompt: str, completion: str, symbols: list[Symbol]) -> SelfEdit:
    return SelfEdit(
        form,
        prompt,
        completion,
        shelf.surface.library,
        tuple(s.qualname for s in symbols),
        shelf.provenance(*symbols),
        f"template:{form}",
    )
