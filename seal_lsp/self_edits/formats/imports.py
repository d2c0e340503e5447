"""Format `imports`: the head of a module that imports some of the library's names, as real files do."""

from __future__ import annotations

import random
from collections.abc import Iterator

from seal_lsp.core.learning import SelfEdit
from seal_lsp.self_edits.layout import HEADERS, import_block
from seal_lsp.self_edits.shelf import Shelf, drawn_modules, drawn_names


def write(shelf: Shelf, rng: random.Random) -> Iterator[SelfEdit]:
    """Endless: modules by the weight of what they hold; one to nine of a module's names, heavier ones more often."""
    while shelf.offered:
        paths = []
        for module in sorted(set(drawn_modules(shelf, list(shelf.offered), rng, rng.choice((1, 1, 2, 3))))):
            paths += [
                f"{module}.{name}" for name in drawn_names(shelf, module, rng)[: rng.choice((1, 2, 2, 3, 4, 6, 9))]
            ]
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
