"""What stands at a cursor (`|` in the text)."""

from __future__ import annotations

import pytest

from seal_lsp.core.api import ApiSurface
from seal_lsp.languages.python.receiver import Receiver, receiver_at

BODY = "from shop import Cart, Money\nimport shop\nc = Cart('x')\n"


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("c.|", ("member", "shop.Cart", "", ())),
        ("c.ad|", ("member", "shop.Cart", "ad", ())),
        ("c.ad|d('x')\n", ("member", "shop.Cart", "ad", ())),
        ("c.|\nd = 1\n", ("member", "shop.Cart", "", ())),
        ("c.|add()\n", ("member", "shop.Cart", "", ())),
        ("c.lines()[0].|", ("member", "shop.cart.Line", "", ())),
        ("c.rename('x').|", ("member", "shop.Cart", "", ())),
        ("shop.|", ("member", "shop", "", ())),
        ("shop.cart.|\n", ("member", "shop.cart", "", ())),
        ("unknown.|", ("member", "", "", ())),
        ("x = [c.|", ("member", "shop.Cart", "", ())),
        ("f(c.|)", ("member", "shop.Cart", "", ())),
        ("@c.|\ndef f(): ...\n", ("member", "shop.Cart", "", ())),
        ("if c.|:\n    pass\n", ("member", "shop.Cart", "", ())),
        ("f'{c.|}'", ("member", "shop.Cart", "", ())),
        ("class Mine(Cart):\n    def go(self):\n        self.|", ("member", "shop.Cart", "", (), (("go", "method"),))),
        (
            "class Mine(Cart):\n    def go(self):\n        self.|\n\n    def other(self): ...\n",
            ("member", "shop.Cart", "", (), (("go", "method"), ("other", "method"))),
        ),
        (
            "class Mine(Cart):\n    size = 1\n    @property\n    def p(self):\n        self.seen = 2\n        self.|",
            ("member", "shop.Cart", "", (), (("p", "property"), ("seen", "attribute"), ("size", "attribute"))),
        ),
        (
            "class Mine(Cart):\n    class Inner: ...\n    def p(self):\n        self.seen = 2\nMine.|",
            ("member", "shop.Cart", "", (), (("Inner", "class"), ("p", "method"))),
        ),
        (
            "class A:\n    x = 1\nclass B(A):\n    def go(self):\n        self.y = 2\n        self.|",
            ("member", "", "", (), (("go", "method"), ("x", "attribute"), ("y", "attribute"))),
        ),
        ("class Mine(Cart):\n    def add(self):\n        super().|", ("member", "shop.Cart", "", ())),
        (
            "class Mine:\n    def go(self):\n        self.c.|\n    def __init__(self):\n        self.c = Cart('x')\n",
            ("member", "shop.Cart", "", ()),
        ),
        ("s = '😀漢'; c.|", ("member", "shop.Cart", "", ())),
        ("def f(m: Money):\n    try:\n        m.|", ("member", "shop.Money", "", ())),
        ("match c:\n    case shop.|", ("member", "shop", "", ())),
        ("from shop import |", ("import", "shop", "", ())),
        ("from shop import Ca|", ("import", "shop", "Ca", ())),
        ("from shop import Cart, |\n", ("import", "shop", "", ())),
        ("from shop import (\n    Cart,\n    |", ("import", "shop", "", ())),
        ("from shop.|", ("import", "shop", "", ())),
        ("from shop.ca| import Cart", ("import", "shop", "ca", ())),
        ("import shop.|", ("import", "shop", "", ())),
        ("import sh|", ("import", "", "sh", ())),
        ("from elsewhere import |", ("import", "", "", ())),
        ("Cart(|", ("keyword", "shop.Cart", "", ())),
        ("Cart(|)", ("keyword", "shop.Cart", "", ())),
        ("Cart(na|)", ("keyword", "shop.Cart", "na", ())),
        ("Cart('x', color=1, |)", ("keyword", "shop.Cart", "", ("color",))),
        ("Cart('x', |, color=1)", ("keyword", "shop.Cart", "", ("color",))),
        ("Cart(na|me='x')", ("keyword", "shop.Cart", "na", ())),
        ("Cart(\n    'x',\n    color=1,\n    |\nd = 1\n", ("keyword", "shop.Cart", "", ("color",))),
        ("c.add('x', gi|", ("keyword", "shop.Cart.add", "gi", ())),
        ("c(|", ("keyword", "shop.Cart.__call__", "", ())),
        ("f(Cart(|", ("keyword", "shop.Cart", "", ())),
        ("unknown(a=1, |", ("keyword", "", "", ("a",))),
        ("@shop.limit(1, |\ndef f(): ...\n", ("keyword", "shop.limit", "", ())),
        ("Cart(name=|", ("none", "", "", ())),
        ("Cart(name=c.|", ("member", "shop.Cart", "", ())),
        ("Cart(*|", ("none", "", "", ())),
        ("Cart({|", ("none", "", "", ())),
        ("ca|", ("none", "", "ca", ())),
        ("'c.|'", ("none", "", "", ())),
        ("# c.|", ("none", "", "", ())),
        ("1.|", ("none", "", "", ())),
        ("x = 12|", ("none", "", "", ())),
        ("|", ("none", "", "", ())),
        ("class Mine(|", ("none", "", "", ())),
    ],
)
def test_receiver_at(shop: ApiSurface, marked: str, expected: tuple) -> None:
    before, _, after = marked.partition("|")
    source = BODY + before
    found = receiver_at(source + after, len(source), [shop])
    assert found._replace(filled=0, on_class=False) == Receiver(*expected)


@pytest.mark.parametrize(
    ("marked", "filled"),
    [
        ("Cart(|", 0),
        ("Cart(1, |", 1),
        ("Cart(1, 2, na|", 2),
        ("Cart(1, |, 2)", 1),
        ("Cart(name=1, |", 0),
        ("Cart(*all, |", 0),
    ],
)
def test_what_positional_arguments_take(shop: ApiSurface, marked: str, filled: int) -> None:
    before, _, after = marked.partition("|")
    found = receiver_at(BODY + before + after, len(BODY + before), [shop])
    assert (found.kind, found.filled) == ("keyword", filled)


@pytest.mark.parametrize(("marked", "on_class"), [("Cart.|", True), ("Cart().|", False), ("shop.|", True)])
def test_whether_the_class_itself_is_asked(shop: ApiSurface, marked: str, on_class: bool) -> None:
    source = BODY + marked.partition("|")[0]
    assert receiver_at(source, len(source), [shop]).on_class is on_class


def test_an_empty_source(shop: ApiSurface) -> None:
    assert receiver_at("", 0, [shop]) == Receiver("none", "", "")
    assert receiver_at("c.", 2, []) == Receiver("member", "", "")
