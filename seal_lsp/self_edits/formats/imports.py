"""Format `imports`: the head of a module that imports some of the library's names, as real files do."""

from __future__ import annotations

import random
from collections.abc import Iterator

from seal_lsp.core.learning import SelfEdit
from seal_lsp.self_edits.drawing import drawn
from seal_lsp.self_edits.layout import HEADERS, import_block
from seal_lsp.self_edits.shelf import Shelf


def write(shelf: Shelf, rng: random.Random) -> Iterator[SelfEdit]:
    """Endless: modules by the weight of what they hold; one to nine of a module's names, heavier ones more often."""
    by_module = shelf.offered
    modules = sorted(by_module)
    if not modules:
        return
    # Squares: a module of few names that are used weighs more than one of many that nobody uses.
    mass = [sum(w * w for w in by_module[m].values()) ** 0.5 / (1 + 0.5 * m.count(".")) for m in modules]
    while True:
        paths = []
        for module in sorted(set(rng.choices(modules, mass, k=rng.choice((1, 1, 2, 3))))):
            offered = by_module[module]
            order = drawn(list(offered), list(offered.values()), list(offered), rng)
            paths += [f"{module}.{name}" for name in order[: rng.choice((1, 2, 2, 3, 4, 6, 9))]]
        symbols = [symbol for path in paths if (symbol := shelf.surface.resolve(path)) is not None]
        header = rng.choice(HEADERS)
        text = (header + "\n" if header and rng.random() < 0.8 else header) + import_block(paths)
        yield SelfEdit(
            "imports",
            "",
            text,
            shelf.surface.library,
            tuple(s.qualname for s in symbols),
            shelf.provenance(*symbols),
            "template:imports",
        )
