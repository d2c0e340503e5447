"""Format `imports`: the head of a module that imports some of the library's names, as real files do."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator

from seal_lsp.core.api import Symbol
from seal_lsp.core.learning import SelfEdit
from seal_lsp.self_edits.drawing import drawn
from seal_lsp.self_edits.layout import HEADERS, from_import
from seal_lsp.self_edits.shelf import Shelf


def write(shelf: Shelf, rng: random.Random) -> Iterator[SelfEdit]:
    """Endless: modules by the weight of what they hold; one to nine of a module's names, heavier ones more often."""
    by_module = _names(shelf)
    modules = sorted(by_module)
    if not modules:
        return
    # Squares: a module of few names that are used weighs more than one of many that nobody uses.
    mass = [sum(w * w for _, w in by_module[m].values()) ** 0.5 / (1 + 0.5 * m.count(".")) for m in modules]
    while True:
        blocks, symbols = [], []
        for module in sorted(set(rng.choices(modules, mass, k=rng.choice((1, 1, 2, 3))))):
            offered = by_module[module]
            order = drawn(list(offered), [w for _, w in offered.values()], list(offered), rng)
            names = order[: rng.choice((1, 2, 2, 3, 4, 6, 9))]
            blocks.append(from_import(module, names))
            symbols += [offered[name][0] for name in names]
        header = rng.choice(HEADERS)
        text = (header + "\n" if header and rng.random() < 0.8 else header) + "\n".join(blocks) + "\n"
        yield SelfEdit(
            "imports",
            "",
            text,
            shelf.surface.library,
            tuple(s.qualname for s in symbols),
            shelf.provenance(*symbols),
            "template:imports",
        )


def _names(shelf: Shelf) -> dict[str, dict[str, tuple[Symbol, float]]]:
    """{module: {name: (its symbol, weight)}}. Names weigh more the more often usage imports them from there; submodules
    are there only where it does: every package has them, few are meant to be imported so."""
    found: dict[str, dict[str, tuple[Symbol, float]]] = defaultdict(dict)
    for qualname, paths in sorted(shelf.paths.items()):
        for path in paths:
            module, _, name = path.rpartition(".")
            found[module][name] = (shelf.surface.symbols[qualname], shelf.weight(path) + shelf.imported[path] ** 0.5)
    for qualname, symbol in sorted(shelf.surface.symbols.items()):
        if symbol.kind == "module" and symbol.public and symbol.owner and shelf.imported[qualname]:
            found[symbol.owner][symbol.name] = (symbol, shelf.imported[qualname] ** 0.5)
    return dict(found)
