"""Where code names an API. Expectations stand in the code: `cart.⟦add|shop.Cart +⟧(⟦gift|= shop.Cart.add +⟧=True)`.

After the bar: `=` for a keyword, `<` for an import, nothing for a member; the owner; `+` exists, `-` does not,
`?` cannot be told. A member or keyword that is not marked must not be found; imports may stay unmarked.
"""
# ruff: noqa: E501  (a case reads best in one line)

from __future__ import annotations

import pytest

from seal_lsp.core.api import ApiSurface
from seal_lsp.languages.python.uses import calls, uses

KINDS = {"=": "keyword", "<": "import"}
EXISTS = {"+": True, "-": False, "?": None}


def unmark(marked: str) -> tuple[str, dict[int, tuple[str, str, str, bool | None]]]:
    source, expected, rest = "", {}, marked
    while "⟦" in rest:
        before, _, rest = rest.partition("⟦")
        inside, _, rest = rest.partition("⟧")
        name, _, said = inside.partition("|")
        *kind, owner, exists = said.split()
        source += before
        expected[len(source)] = (KINDS[kind[0]] if kind else "member", name, owner, EXISTS[exists])
        source += name
    return source + rest, expected


def check(shop: ApiSurface, marked: str) -> None:
    source, expected = unmark(marked)
    found = {}
    for use in uses(source, [shop]):
        assert source[use.start : use.end] == use.name or use.kind == "call"
        assert source.count("\n", 0, use.start) == use.line
        if use.kind in ("member", "keyword") or (use.kind == "import" and use.start in expected):
            found[use.start] = (use.kind, use.name, use.owner, use.exists)
            assert use.qualname == (use.owner if use.kind == "keyword" else f"{use.owner}.{use.name}")
    assert found == expected


IMPORTS = {
    "module": "import shop\nshop.⟦Cart|shop +⟧; shop.⟦Nope|shop -⟧",
    "alias": "import shop as s\ns.⟦Cart|shop +⟧",
    "submodule": "import shop.⟦cart|< shop +⟧\nshop.⟦cart|shop +⟧.⟦Line|shop.cart +⟧",
    "submodule alias": "import shop.⟦cart|< shop +⟧ as c\nc.⟦Line|shop.cart +⟧",
    "missing submodule": "import shop.⟦nope|< shop -⟧\nfrom shop.⟦nope|< shop -⟧ import ⟦x|< shop.nope -⟧",
    "from": "from shop import ⟦Cart|< shop +⟧, ⟦Nope|< shop -⟧\nfrom shop.⟦cart|< shop +⟧ import ⟦Line|< shop.cart +⟧ as L",
    "open module": "from shop.⟦lazy|< shop +⟧ import ⟦anything|< shop.lazy ?⟧",
    "broken module": "from shop.⟦broken|< shop +⟧ import ⟦x|< shop.broken ?⟧",
    "compiled module": "from shop.⟦native|< shop +⟧ import ⟦x|< shop.native ?⟧",
    "star": "from shop import *\nCart('x').⟦add|shop.Cart +⟧()\nopen_cart('x').⟦lines|shop.cart.Cart +⟧()",
    "in a function": "def f():\n    import shop\n    shop.⟦Cart|shop +⟧\nshop.Cart",
    "under TYPE_CHECKING": "if TYPE_CHECKING:\n    from shop import Cart\ndef f(c: 'Cart'):\n    c.⟦add|shop.Cart +⟧",
    "other libraries are left alone": "import os, numpy as np\nos.path.join\nnp.array(dtype=1)",
    "shadowed by a parameter": "import shop\ndef f(shop):\n    shop.Cart",
    "shadowed by an assignment": "import shop\nshop.⟦Cart|shop +⟧\nshop = other()\nshop.Cart",
    "module and function of one name": "from shop import limit\nlimit(1, ⟦burst|= shop.limit +⟧=2, ⟦x|= shop.limit -⟧=1)",
    "a module's own dunders": "import shop\nshop.⟦__version__|shop +⟧, shop.⟦__file__|shop +⟧, shop.⟦__nope__|shop -⟧",
}

VALUES = {
    "made here": "import shop\nc = shop.⟦Cart|shop +⟧('x')\nc.⟦add|shop.Cart +⟧; c.⟦nope|shop.Cart -⟧",
    "inherited": "from shop import Cart\nc = Cart('x')\nc.⟦rename|shop.Cart +⟧('y').⟦price|shop.Cart +⟧.⟦plus|shop.kinds.Money +⟧",
    "annotated": "from shop import Cart\nc: Cart = make()\nc.⟦add|shop.Cart +⟧\nd: Cart\nd.⟦add|shop.Cart +⟧",
    "optional": "from shop import Cart\nfrom typing import Optional\nc: Optional[Cart] = None\nc.⟦add|shop.Cart +⟧",
    "union with None": "from shop import Cart\nc: Cart | None = None\nc.⟦add|shop.Cart +⟧",
    "union of two": "from shop import Cart, Money\nc: Cart | Money = f()\nc.add",
    "parameters": "import shop\ndef f(a: shop.⟦Cart|shop +⟧, *b, c: 'shop.Cart' = None, **d):\n"
    "    a.⟦add|shop.Cart +⟧; c.⟦add|shop.Cart +⟧; b.add; d.add",
    "default": "from shop import Cart\ndef f(a=Cart('x')):\n    a.⟦add|shop.Cart +⟧",
    "with": "from shop import Cart\nwith Cart('x') as c, Cart('y').⟦opened|shop.Cart +⟧() as l:\n"
    "    c.⟦add|shop.Cart +⟧\n    l.⟦rename|shop.cart.Line +⟧",
    "async with": "from shop.cart import session\nasync def f():\n    async with session(1) as c:\n"
    "        x = await c.⟦checkout|shop.cart.Cart +⟧(⟦pay|= shop.cart.Cart.checkout +⟧=1)\n"
    "        x.⟦name|shop.cart.Line +⟧",
    "for": "from shop import Cart\nfor l in Cart('x'):\n    l.⟦name|shop.cart.Line +⟧\n"
    "for i, l in enumerate(Cart('x').⟦lines|shop.Cart +⟧()):\n    l.⟦name|shop.cart.Line +⟧; i.name",
    "for over an enum": "from shop import Color\nfor c in Color:\n    c.⟦value|shop.Color +⟧",
    "comprehension": "from shop import Cart\n[l.⟦name|shop.cart.Line +⟧ for l in Cart('x').⟦lines|shop.Cart +⟧() if l.⟦price|shop.cart.Line +⟧]",
    "index": "from shop import Cart\nc = Cart('x')\nc[0].⟦name|shop.cart.Line +⟧; c.⟦lines|shop.Cart +⟧()[0].⟦name|shop.cart.Line +⟧",
    "called": "from shop import Cart\nc = Cart('x')\nc(⟦again|= shop.Cart.__call__ +⟧=True).⟦amount|shop.kinds.Money +⟧",
    "class given": "from shop import Cart, Money\nc = Cart('x')\n"
    "c.⟦find|shop.Cart +⟧(Money, ⟦label|= shop.Cart.find +⟧='x').⟦amount|shop.Money +⟧; c.⟦find|shop.Cart +⟧(x).amount",
    "enum member": "from shop import Color\nColor.⟦RED|shop.Color +⟧.⟦hex|shop.kinds.Color +⟧; Color.⟦BLUE|shop.Color -⟧",
    "walrus": "from shop import Cart\nif (c := Cart('x')):\n    c.⟦add|shop.Cart +⟧",
    "unpacking": "from shop import Cart, Money\na, b = Cart('x'), Money(1)\na.⟦add|shop.Cart +⟧; b.⟦plus|shop.Money +⟧\na, *b = f()\na.add",
    "conditional": "from shop import Cart\nc = Cart('x') if y else None\nc.⟦add|shop.Cart +⟧\nd = e or Cart('x')\nd.⟦add|shop.Cart +⟧",
    "the last assignment wins": "from shop import Cart, Money\nc = Cart('x')\nc.⟦add|shop.Cart +⟧\nc = Money(1)\nc.⟦plus|shop.Money +⟧\n"
    "c = unknown()\nc.add",
    "None says nothing": "from shop import Cart\nc = Cart('x')\nc = None\nc.⟦add|shop.Cart +⟧",
    "closure": "from shop import Cart\ndef f():\n    c.⟦add|shop.Cart +⟧\nc = Cart('x')",
    "global": "from shop import Cart\ndef f():\n    global c\n    c = Cart('x')\ndef g():\n    c.⟦add|shop.Cart +⟧",
    "own function": "from shop import Cart\ndef make():\n    return Cart('x')\ndef typed() -> Cart: ...\nmake().⟦add|shop.Cart +⟧; typed().⟦add|shop.Cart +⟧",
    "fixture": "import pytest\nfrom shop import Cart\n@pytest.fixture\ndef cart():\n    yield Cart('x')\n"
    "def test_a(cart):\n    cart.⟦add|shop.Cart +⟧",
    "lambda": "from shop import Cart\nc = Cart('x')\nf = lambda c: c.add\ng = lambda d: c.⟦add|shop.Cart +⟧",
    "except": "from shop.errors import NotFound\ntry: ...\nexcept NotFound as e:\n    e.⟦code|shop.errors.NotFound +⟧; e.⟦args|shop.errors.NotFound +⟧; e.⟦nope|shop.errors.NotFound -⟧",
    "list of": "from shop import Cart\ndef f(cs: list[Cart]):\n    cs[0].⟦add|shop.Cart +⟧\n    for c in cs:\n        c.⟦add|shop.Cart +⟧",
    "type of": "from shop import Cart\ndef f(k: type[Cart]):\n    k('x').⟦add|shop.Cart +⟧; k.⟦make|shop.Cart +⟧",
    "named tuple": "from shop import Point\np = Point(1)\np.⟦x|shop.Point +⟧; p.⟦_replace|shop.Point +⟧; p.⟦z|shop.Point -⟧",
    "stubs win": "from shop.stubbed import Stub\nStub().⟦only_in_stub|shop.stubbed.Stub +⟧; Stub().⟦run|shop.stubbed.Stub +⟧().⟦add|shop.cart.Cart +⟧",
    "import time only": "from shop import Late\nLate().⟦come|shop.Late +⟧",
}

NARROWING = {
    "isinstance": "from shop import Cart\ndef f(x):\n    x.add\n    if isinstance(x, Cart):\n        x.⟦add|shop.Cart +⟧\n    x.add",
    "assert": "from shop import Cart\ndef f(x):\n    assert isinstance(x, Cart)\n    x.⟦add|shop.Cart +⟧",
    "and": "from shop import Cart\nisinstance(x, Cart) and x.⟦add|shop.Cart +⟧\nx.add",
    "not, then leave": "from shop import Cart\ndef f(x):\n    if not isinstance(x, Cart):\n        return x.add\n    x.⟦add|shop.Cart +⟧",
    "filter": "from shop import Cart\n[x.⟦add|shop.Cart +⟧ for x in y if isinstance(x, Cart)]",
    "elif": "from shop import Cart\nif a: ...\nelif isinstance(x, Cart):\n    x.⟦add|shop.Cart +⟧",
    "of an attribute": "from shop import Cart\nif isinstance(a.b, Cart):\n    a.b.⟦add|shop.Cart +⟧\na.b.add",
    "to an unknown class": "from shop import Cart\nc = Cart('x')\nif isinstance(c, Mine):\n    c.mine",
    "hasattr": "from shop import Cart\ndef f(c: Cart):\n    if hasattr(c, 'later'):\n        c.later",
    "match": "import shop\nmatch x:\n    case shop.⟦Cart|shop +⟧() as c:\n        c.⟦add|shop.Cart +⟧; x.⟦add|shop.Cart +⟧\n    case y:\n        y.add",
    "a subclass may have it": "from shop.cart import Base\ndef f(b: Base):\n    b.⟦add|shop.cart.Base ?⟧; b.⟦nope|shop.cart.Base -⟧",
    "but not when made here": "from shop.cart import Base\nBase('x').⟦add|shop.cart.Base -⟧",
}

CLASSES = {
    "self of a subclass": "from shop import Cart\nclass Mine(Cart):\n    def go(self):\n"
    "        self.⟦add|shop.Cart +⟧; self.go; self.⟦nope|shop.Cart -⟧; self.mine = 1; self.mine",
    "overridden": "from shop import Cart\nclass Mine(Cart):\n    def add(self): ...\n    def go(self):\n        self.add",
    "super": "from shop import Cart\nclass Mine(Cart):\n    def add(self):\n        return super().⟦add|shop.Cart +⟧",
    "an unknown base": "from shop import Cart\nclass Mine(Cart, Other):\n    def go(self):\n        self.⟦add|shop.Cart +⟧; self.⟦nope|shop.Cart ?⟧",
    "attributes of self": "from shop import Cart\nclass Mine:\n    def __init__(self):\n        self.c = Cart('x')\n        self.d: Cart = f()\n        self.e = None\n"
    "    def go(self):\n        self.c.⟦add|shop.Cart +⟧; self.d.⟦add|shop.Cart +⟧; self.e.add\n"
    "m = Mine()\nm.c.⟦add|shop.Cart +⟧",
    "attributes of the class": "from shop import Cart\nclass Mine:\n    c = Cart('x')\n    d: Cart\n    def go(self):\n        self.c.⟦add|shop.Cart +⟧; self.d.⟦add|shop.Cart +⟧",
    "two kinds of attribute": "from shop import Cart, Money\nclass Mine:\n    def a(self):\n        self.x = Cart('x')\n    def b(self):\n        self.x = Money(1)\n"
    "    def c(self):\n        self.x.add",
    "parameter kept": "from shop import Cart\nclass Mine:\n    def __init__(self, c: Cart):\n        self.c = c\n    def go(self):\n        self.c.⟦add|shop.Cart +⟧",
    "property": "from shop import Cart\nclass Mine:\n    @property\n    def c(self) -> Cart: ...\nMine().c.⟦add|shop.Cart +⟧",
    "instance of a subclass": "from shop import Cart\nclass Mine(Cart): ...\nMine(⟦name|= shop.Cart +⟧='x').⟦add|shop.Cart +⟧",
    "own constructor": "from shop import Cart\nclass Mine(Cart):\n    def __init__(self, mine): ...\nMine(mine=1)",
    "class keywords": "from shop.fields import WithMeta\nclass Mine(WithMeta, ⟦strict|= shop.fields.WithMeta.__init_subclass__ +⟧=True): ...",
    "nested class": "from shop import Cart\nCart.⟦Changed|shop.Cart +⟧(⟦old|= shop.Cart.Changed +⟧=1)\n"
    "def f(e: Cart.⟦Changed|shop.Cart +⟧): e.⟦nope|shop.Cart.Changed -⟧",
    "a foreign base": "from shop.outside import Sub\nSub(⟦x|= shop.outside.Sub ?⟧=1).⟦mine|shop.outside.Sub +⟧; Sub().⟦nope|shop.outside.Sub ?⟧",
}

CAUTION = {
    "an attribute that the source sets": "from shop import Cart\nc = Cart('x')\nc.⟦extra|shop.Cart ?⟧ = 1\nc.⟦extra|shop.Cart ?⟧; c.⟦other|shop.Cart -⟧",
    "super of an own class": "from shop import Cart\nclass A(Cart):\n    def mine(self): ...\nclass B(A):\n    def mine(self):\n        super().mine; super().⟦add|shop.Cart +⟧",
    "an enum's own names": "from shop import Color\nColor.⟦__members__|shop.Color +⟧; Color.⟦RED|shop.Color +⟧.⟦name|shop.kinds.Color +⟧",
    "a decorator that is not known": "from shop.cart import wrapped\nwrapped(⟦a|= shop.cart.wrapped +⟧=1, ⟦b|= shop.cart.wrapped ?⟧=2)",
    "overloads that differ": "from shop.stubbed import either\neither(1).add; either('x').plus",
    "returns that differ": "from shop import Cart, Money\ndef f(x):\n    if x:\n        return Cart('x')\n    return Money(1)\nf(1).add",
    "returns of which one is unknown": "from shop import Cart\ndef f(x):\n    if x:\n        return Cart('x')\n    return x\nf(1).add",
    "a generator": "from shop import Cart\ndef f():\n    yield Cart('x')\nfor c in f():\n    c.⟦add|shop.Cart +⟧\nf().add",
    "a relative import": "from .shop import Cart\nfrom . import shop\nCart('x').add; shop.Cart",
    "type(x) is": "from shop import Cart\ndef f(x):\n    if type(x) is Cart:\n        x.⟦add|shop.Cart +⟧",
    "itself": "from shop import Cart\nc = c.add\ndef f(): return f()\nf().add\nclass A(A): ...\nA().add",
}

KEYWORDS = {
    "class": "from shop import Cart\nCart('x', ⟦color|= shop.Cart +⟧=1, ⟦colour|= shop.Cart -⟧=2)",
    "method": "from shop import Cart\nc = Cart('x')\nc.⟦add|shop.Cart +⟧('a', ⟦gift|= shop.Cart.add +⟧=True, ⟦item|= shop.Cart.add -⟧=1)",
    "kwargs": "from shop import Cart\nCart('x').⟦anything|shop.Cart +⟧(⟦x|= shop.Cart.anything ?⟧=1)",
    "decorator": "import shop\n@shop.⟦limit|shop +⟧(1, ⟦burst|= shop.limit +⟧=2)\ndef f(): ...",
    "dataclass": "from shop import Money\nMoney(1, ⟦note|= shop.Money +⟧='', ⟦rounded|= shop.Money -⟧=True, ⟦unit|= shop.Money -⟧=1)",
    "attrs": "from shop.fields import Settings\nSettings(⟦path|= shop.fields.Settings +⟧=1, ⟦name|= shop.fields.Settings +⟧=2, ⟦depth|= shop.fields.Settings +⟧=3, ⟦renamed|= shop.fields.Settings -⟧=4)",
    "nested calls": "from shop import Cart, Money\nCart(f(Money(⟦amount|= shop.Money +⟧=1)), ⟦color|= shop.Cart +⟧=Color(x=1))",
    "local functions are left alone": "def f(a): ...\nf(a=1)",
}

UNFINISHED = {
    "dot": "import shop\nc = shop.⟦Cart|shop +⟧('x')\nc.⟦add|shop.Cart +⟧\nc.",
    "call": "import shop\nshop.⟦Cart|shop +⟧(⟦name|= shop.Cart +⟧='x', ",
    "in a method": "import shop\nclass A:\n    def f(self):\n        c = shop.⟦Cart|shop +⟧('x')\n        if c.⟦total|shop.Cart +⟧:\n            c.",
    "broken in the middle": "import shop\nx = = 1\nshop.⟦Cart|shop +⟧",
    "unicode": "import shop\ns = '😀漢字'; shop.⟦Cart|shop +⟧('é', ⟦color|= shop.Cart +⟧=1); t = '😀'; shop.⟦limit|shop +⟧",
    "nothing": "",
    "only a comment": "# import shop\n",
    "deeply nested": "import shop\nx = " + "(" * 90 + "shop.⟦Cart|shop +⟧" + ")" * 90,
}


@pytest.mark.parametrize(
    "marked",
    [
        pytest.param(code, id=f"{group}: {name}")
        for group, table in {
            "imports": IMPORTS, "values": VALUES, "narrowing": NARROWING, "classes": CLASSES, "caution": CAUTION,
            "keywords": KEYWORDS,
            "unfinished": UNFINISHED,
        }.items()
        for name, code in table.items()
    ],
)  # fmt: skip
def test_uses(shop: ApiSurface, marked: str) -> None:
    check(shop, marked)


def test_calls_are_uses_at_the_callee(shop: ApiSurface) -> None:
    source = "import shop as s\nfrom shop import Cart as C\nC('x').add('y')\ns.limit(1)\n"
    found = [(use.name, use.owner, source[use.start : use.end]) for use in uses(source, [shop]) if use.kind == "call"]
    assert found == [("Cart", "shop", "C"), ("add", "shop.Cart", "add"), ("limit", "shop", "limit")]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from shop import Cart\nCart('x', color=1)", [("shop.Cart", 1, ("color",), False)]),
        ("from shop import limit\nlimit(*a, **b)", [("shop.limit", 0, (), True)]),
        ("from shop import Cart\nCart.add(cart, 'x', 2)", [("shop.Cart.add", 2, (), False)]),
        ("from shop.cart import Base\nBase.make('x')", [("shop.cart.Base.make", 1, (), False)]),
        ("from shop.cart import Base\nBase.join(a, b)", [("shop.cart.Base.join", 2, (), False)]),
        ("from shop import Cart\nCart('x').add('y')", [("shop.Cart.add", 1, (), False), ("shop.Cart", 1, (), False)]),
        ("from shop import limit\nlimit(x for x in y)", [("shop.limit", 1, (), False)]),
        ("from shop import limit\nlimit(1, # two\n  2)", [("shop.limit", 2, (), False)]),
        ("from shop import limit\nlimit(1, ", []),
        ("import shop\nshop.nope(1)", []),
    ],
)
def test_calls(shop: ApiSurface, source: str, expected: list) -> None:
    found = [(call.qualname, call.positional, call.keywords, call.spreads) for call in calls(source, [shop])]
    assert found == expected
