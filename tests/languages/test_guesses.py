"""Receivers that nothing in the text names for certain: missing imports, fixtures that live elsewhere, broken code."""
# ruff: noqa: E501  (a case reads best in one line)

from __future__ import annotations

import pytest

from seal_lsp.core.api import ApiSurface
from seal_lsp.languages.python.guesses import called_like
from seal_lsp.languages.python.receiver import receiver_at
from seal_lsp.languages.python.support import Python

SURE, GUESSED = False, True


@pytest.mark.parametrize(
    ("marked", "kind", "owner", "guessed"),
    [
        # a name that nothing binds is what it would be once imported
        ("c = Cart('x')\nc.|", "member", "shop.Cart", SURE),
        ("Cart(|", "keyword", "shop.Cart", SURE),
        ("shop.|", "member", "shop", SURE),
        ("shop.cart.open_cart('x').|", "member", "shop.cart.Cart", SURE),
        ("Color.|", "member", "shop.Color", SURE),
        ("def f(c: Cart):\n    c.|", "member", "shop.Cart", SURE),
        ("def f(c: 'Cart | None'):\n    c.|", "member", "shop.Cart", SURE),
        ("for Cart in x:\n    Cart.|", "member", "shop.cart.Cart", GUESSED),
        ("for order in x:\n    order.|", "member", "", SURE),
        ("int.|", "member", "", SURE),
        # what the same name is elsewhere in this text
        ("from shop import Cart\ndef a():\n    box = Cart('x')\ndef b(box):\n    box.|", "member", "shop.Cart", GUESSED),
        ("from shop import Cart, Money\ndef a():\n    box = Cart('x')\ndef c():\n    box = Money(1)\ndef b(box):\n    box.|", "member", "", SURE),
        # what is used on it
        ("import shop\ndef a(x):\n    x.checkout()\n    x.gift_wrap = 1\n    x.lines()\n    x.|", "member", "", SURE),
        ("import shop\ndef a(x):\n    x.checkout()\n    x.lines()\n    x.|", "member", "shop.cart.Cart", GUESSED),
        ("import shop\ndef a(x):\n    x.checkout(|)\n    x.lines()\n", "keyword", "shop.cart.Cart.checkout", GUESSED),
        ("import shop\ndef a(x):\n    x.append(1)\n    x.extend([])\n    x.|", "member", "", SURE),
        # what it is called like
        ("import shop\ndef test_a(cart):\n    cart.|", "member", "shop.cart.Cart", GUESSED),
        ("import shop\ndef test_a(my_cart):\n    my_cart.|", "member", "", SURE),
        ("import shop\nclass T:\n    def test_a(self):\n        self.cart.|", "member", "shop.cart.Cart", GUESSED),
        ("import shop\ndef test_a(not_found):\n    not_found.|", "member", "shop.errors.NotFound", GUESSED),
        # broken far above, or a text that begins in the middle
        ('in a docstring\n"""\n\nfrom shop import Cart\n\ndef f():\n    """Doc."""\n    Cart(|', "keyword", "shop.Cart", SURE),
        ("    ),\n)\n\ndef f():\n    c = Cart('x')\n    g(c.add('y', |", "keyword", "shop.Cart.add", SURE),
        ('"""A text.\n\ndef f(c: Cart):\n    c.|', "member", "shop.Cart", SURE),
        ('def f(c: Cart):\n    """See c.|"""\n', "none", "", SURE),
    ],
)  # fmt: skip
def test_guessing(shop: ApiSurface, marked: str, kind: str, owner: str, guessed: bool) -> None:
    before, _, after = marked.partition("|") if "| None" not in marked else marked.rpartition("|")
    found = receiver_at(before + after, len(before), [shop], guessing=True)
    assert (found.kind, found.owner, found.guessed) == (kind, owner, guessed)


def test_nothing_is_guessed_unless_asked(shop: ApiSurface) -> None:
    source = "import shop\nc = Cart('x')\ndef test_a(cart):\n    cart."
    assert receiver_at(source, len(source), [shop]).owner == ""


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Cart('x')\nprint(Cart)\n", ["Cart"]),
        ("from shop import Cart\nCart('x')\n", []),
        ("def f(a, *b, c=d, **e) -> F:\n    return a, b, c, e, g\n", ["d", "F", "g"]),
        ("x.y = z.w(k=v)\n", ["x", "z", "v"]),
        ("from shop import *\nanything()\n", []),
        ("class A:\n    x = 1\n    def f(self):\n        return x\n", ["x"]),
        ("class A:\n    x = 1\n    y = x\n", []),
        ("def f():\n    return later\nlater = 1\n", []),
        ("[i for i in n]\ni\n", ["n", "i"]),
        ("import os.path as p, sys\nos, p, sys\n", ["os"]),
        ("@deco.part\nclass A(Base, metaclass=Meta): ...\n", ["deco", "Base", "Meta"]),
        ("match m:\n    case Point(x=0, y=q):\n        q\n", ["Point"]),
        ("if isinstance(m, Point):\n    m\n", ["Point", "m"]),
        ("try:\n    pass\nexcept Oops as e:\n    e\n", ["Oops"]),
        ("print(len(__name__), __file__)\n", []),
        ("(a := 1)\na, (lambda b: b + c)\n", ["c"]),
        ("    ),\n)\n\ndef f():\n    g(Cart(", ["g", "Cart"]),
        ("from shop import (\n    Cart,\n    Order,\n    ", []),
    ],
)
def test_unbound_names(source: str, expected: list[str]) -> None:
    assert sorted(Python().unbound(source, len(source))) == sorted(expected)


@pytest.mark.parametrize(
    ("name", "class_", "fits"),
    [
        ("app", "App", True),
        ("store", "BaseStore", True),
        ("rate_limiter", "BaseRateLimiter", True),
        ("store2", "MemoryStore", True),
        ("app", "Wrapp", False),
        ("st", "St", False),
        ("server", "LanguageServer", True),
        ("client", "ServerSession", False),
    ],
)
def test_called_like(name: str, class_: str, fits: bool) -> None:
    assert called_like(name, class_) is fits
