"""How a usage line begins: the name imported from where the library offers it, a receiver, the opening bracket."""

from __future__ import annotations

import pytest

from seal_lsp.core.api import ApiSurface, Symbol
from seal_lsp.core.errors import UsageError
from seal_lsp.core.library import LibraryId
from seal_lsp.pipeline.usage_line import usage_head

SYMBOLS = (
    Symbol("farm", "module", file="/farm/__init__.py"),
    Symbol("farm.Barn", "attribute", target="farm._barns.Stable"),
    Symbol("farm._barns", "module", file="/farm/_barns.py"),
    Symbol("farm._barns.Stable", "class", parameters=()),
    Symbol("farm._barns.Stable.open", "method", parameters=()),
    Symbol("farm._barns.SIZE", "attribute"),
    Symbol("farm._barns.lock", "function", parameters=()),
    Symbol("farm.doors", "module", file="/farm/doors.py"),
    Symbol("farm.doors.lock", "attribute", target="farm._barns.lock"),
    Symbol("farm.doors.knock", "function", parameters=()),
    Symbol("farm.gate", "module", file="/farm/gate.py"),
    Symbol("farm.gate.knock", "attribute", target="farm.doors.knock"),
)
SURFACE = ApiSurface(LibraryId("farm", "1"), ("farm",), {symbol.qualname: symbol for symbol in SYMBOLS})


@pytest.mark.parametrize(
    ("symbol", "head", "start"),
    [
        ("farm.doors.knock", "from farm.doors import knock\n\n", "result = knock("),
        ("farm.gate.knock", "from farm.doors import knock\n\n", "result = knock("),  # gate uses it, doors offers it
        ("farm._barns.Stable", "from farm import Barn\n\n", "barn = Barn("),
        ("farm._barns.Stable.open", "from farm import Barn\n\nbarn: Barn = ...\n", "barn.open("),
        ("farm.Barn.open", "from farm import Barn\n\nbarn: Barn = ...\n", "barn.open("),
        ("farm.doors.lock", "from farm.doors import lock\n\n", "result = lock("),  # nowhere offered: as it was reached
        ("farm._barns.SIZE", "", ""),
    ],
)
def test_heads(symbol: str, head: str, start: str) -> None:
    assert usage_head(symbol, SURFACE) == (head, start)


def test_a_name_that_does_not_exist() -> None:
    with pytest.raises(UsageError, match=r"has no farm\.barn"):
        usage_head("farm.barn", SURFACE)
