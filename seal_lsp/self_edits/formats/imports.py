"""Format `imports`: the head of a module that imports some of the library's names, as real files do."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator

from seal_lsp.core.learning import SelfEdit
from seal_lsp.self_edits.layout import HEADERS, from_import
from seal_lsp.self_edits.shelf import Shelf, weighted_order


def write(shelf: Shelf, rng: random.Random) -> Iterator[SelfEdit]:
    """Endless: modules by the weight of what they hold; one to nine of a module's names, heavier ones more often."""
    by_module: dict[str, list[str]] = defaultdict(list)
    for paths in shelf.paths.values():
        for path in paths:
            by_module[path.rpartition(".")[0]].append(path)
    for qualname, symbol in sorted(shelf.surface.symbols.items()):
        if symbol.kind == "module" and symbol.public and symbol.owner:
            by_module[symbol.owner].append(qualname)
    modules = sorted(by_module)
    if not modules:
        return
    mass = [sum(shelf.weight(path) for path in by_module[m]) ** 0.75 / (1 + 0.5 * m.count(".")) for m in modules]
    while True:
        blocks, symbols, used = [], [], set()
        for module in sorted(set(rng.choices(modules, mass, k=rng.choice((1, 1, 2, 3))))):
            found = {path: symbol for path in by_module[module] if (symbol := shelf.surface.resolve(path)) is not None}
            order = weighted_order(shelf, list(found.values()), rng)[: rng.choice((1, 2, 2, 3, 4, 6, 9))]
            picked = {s.qualname for s in order}
            names = [path.rpartition(".")[2] for path, s in found.items() if s.qualname in picked]
            if names:
                blocks.append(from_import(module, names))
                symbols += order
                used.add(module)
        header = rng.choice(HEADERS)
        if not blocks:
            continue
        text = (header + "\n" if header and rng.random() < 0.5 else header) + "\n".join(blocks) + "\n"
        yield SelfEdit(
            "imports",
            "",
            text,
            shelf.surface.library,
            tuple(s.qualname for s in symbols),
            shelf.provenance(*symbols),
            "template:imports",
        )
