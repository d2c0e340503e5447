"""A small library, `shop`, installed in a folder like an environment: everything the readers must understand, in one
place. It is written as text and never imported."""

from __future__ import annotations

from pathlib import Path

import pytest

from seal_lsp.core.api import ApiSurface
from seal_lsp.core.library import Environment
from seal_lsp.languages.python.support import Python

SHOP = {
    "shop/__init__.py": '''
"""A shop."""
from typing import TYPE_CHECKING

from .cart import Cart, open_cart, Line as CartLine
from .limit import limit
from .kinds import *
from . import errors
if TYPE_CHECKING:
    from .late import Late

__version__ = "1.0"
__all__ = ["Cart", "Color", "lazy_name"]


def __dir__():
    return __all__
''',
    "shop/cart.py": '''
from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Optional, Self, TypeVar, Generic, overload
from warnings import warn

from .kinds import Color, Money

T = TypeVar("T")


class Base:
    """Base of everything."""

    shared: Money

    def __init__(self, name: str, *, color: Color = Color.RED) -> None:
        self.name = name
        self.color = color
        self.total = Money(0)
        self._secret = 1

    def rename(self, name: str) -> Self:
        """Rename it.

        At length.
        """
        self.renamed_at = 1
        return self

    @property
    def price(self) -> Money:
        """What it costs."""

    @classmethod
    def make(cls, name: str) -> "Base": ...

    @staticmethod
    def join(left: Base, right: Base) -> Base: ...


class Line(Base): ...


class Cart(Base):
    """A cart.

    .. deprecated:: 2.0
       Use a basket.
    """

    def add(self, item: str, count: int = 1, /, *args: str, gift: bool = False) -> Line:
        ...

    def find(self, kind: type[T], label: str = "") -> T: ...

    def lines(self) -> list[Line]: ...

    def maybe(self) -> Optional[Line]: ...

    def either(self) -> Line | Money: ...

    async def checkout(self, *, pay: Money) -> Line: ...

    @contextmanager
    def opened(self) -> Iterator[Line]: ...

    def old(self):
        warn("use new instead", DeprecationWarning, stacklevel=2)

    def sometimes_old(self, x=None):
        if x:
            warn("x is old", DeprecationWarning)

    def anything(self, **options) -> Money: ...

    def __enter__(self) -> Self: ...
    def __exit__(self, *exc): ...
    def __iter__(self) -> Iterator[Line]: ...
    def __getitem__(self, i: int) -> Line: ...
    def __call__(self, again: bool = False) -> Money: ...

    class Changed:
        """Nested."""
        def __init__(self, old: Line) -> None: ...


def open_cart(name: str, color: Color | None = None) -> Cart:
    """Open one."""


@asynccontextmanager
async def session(cart: Cart) -> AsyncIterator[Cart]: ...


def by_somebody(f): ...


@by_somebody
def wrapped(a: int) -> None: ...


default_cart = Cart("default")
opened_cart = open_cart("x")
shortcut = open_cart
''',
    "shop/kinds.py": """
import enum
from dataclasses import KW_ONLY, dataclass, field
from typing import NamedTuple, TypedDict, ClassVar

__all__ = ["Color", "Money", "Point"]


class Color(enum.Enum):
    RED = 1
    GREEN = 2

    def hex(self) -> str: ...


@dataclass
class Money:
    amount: int
    currency: str = "EUR"
    rounded: bool = field(default=False, init=False)
    tags: list[str] = field(default_factory=list)
    unit: ClassVar[int] = 100
    _: KW_ONLY
    note: str = ""

    def plus(self, other: "Money") -> "Money": ...


@dataclass
class Fee(Money):
    reason: str = ""


class Point(NamedTuple):
    x: int
    y: int = 0


@dataclass(init=False)
class Loose:
    given: int

    def __new__(cls, **kwargs): ...


class Options(TypedDict, total=False):
    depth: int
    wide: bool
""",
    "shop/limit.py": '''
"""The function has its module's name."""


def limit(rate: int, *, burst: int | None = None) -> int: ...
''',
    "shop/errors.py": '''
class ShopError(Exception):
    """Base."""

    def __init__(self, message: str, *, code: int = 0) -> None:
        self.code = code


class NotFound(ShopError): ...
''',
    "shop/late.py": "class Late:\n    def come(self) -> None: ...\n",
    "shop/lazy.py": "def __getattr__(name):\n    return name\n",
    "shop/outside.py": (
        "from elsewhere import Thing\nfrom elsewhere.more import *\n\n\n"
        "class Sub(Thing):\n    def mine(self) -> int: ...\n"
    ),
    "shop/fields.py": """
import attrs
from attrs import define, field
from pydantic import BaseModel, Field


@define(kw_only=True)
class Settings:
    path: str
    _depth: int = 3
    hidden: int = field(init=False)
    renamed: str = field(default="", alias="name")


@attrs.frozen
class Pair:
    left: int
    right: int = 0


class Model(BaseModel):
    model_config = {}
    id: int
    label: str = Field("x", alias="title")


class Meta(type):
    pass


class WithMeta(metaclass=Meta):
    def go(self, fast=False): ...

    def __init_subclass__(cls, *, strict: bool = False) -> None: ...
""",
    "shop/stubbed.py": "def typed(x): return x\nclass Stub:\n    def run(self): ...\n",
    "shop/stubbed.pyi": (
        "from typing import overload\nfrom shop.cart import Cart\n"
        "@overload\ndef typed(x: int) -> Cart: ...\n@overload\ndef typed(x: str, *, strict: bool = ...) -> Cart: ...\n"
        "@overload\ndef either(x: int) -> Cart: ...\n@overload\ndef either(x: str) -> int: ...\n"
        "class Stub:\n    def run(self) -> Cart: ...\n    def only_in_stub(self) -> int: ...\n"
    ),
    "shop/broken.py": "def oops(:\n    pass\n",
    "shop/latin.py": b"# -*- coding: latin-1 -*-\nname = '\xe9'\n",
    "shop/native.cpython-311-x86_64-linux-gnu.so": b"\x7fELF",
    "shop/scripts/tool.py": "print('not a package')\n",
    "shop/py.typed": "",
}


def write(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def install(
    site: Path, name: str, version: str, files: dict[str, str | bytes], *, record: bool = True, **extra: str
) -> None:
    """Lay a distribution out as an installer does. `extra` are further metadata files, `_` for `.`."""
    write(site, files)
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    further = extra.pop("metadata", "")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{further}")
    for key, value in extra.items():
        (info / key.replace("_txt", ".txt").replace("_json", ".json")).write_text(value)
    if record:
        paths = [*files, *(f"{info.name}/{path.name}" for path in info.iterdir()), f"{info.name}/RECORD"]
        (info / "RECORD").write_text("".join(f"{path},,\n" for path in paths))


def make_environment(root: Path, name: str = ".venv", version: str = "3.11.7") -> Path:
    """A virtual environment's files, without an interpreter that could be run. Its site-packages is returned."""
    site = root / name / "lib" / f"python{version.rpartition('.')[0]}" / "site-packages"
    site.mkdir(parents=True)
    (root / name / "bin").mkdir()
    python = root / name / "bin" / "python"
    python.write_text("#!/bin/false\n")
    python.chmod(0o755)
    (root / name / "pyvenv.cfg").write_text(f"home = /nowhere/bin\nversion = {version}\n")
    return site


@pytest.fixture(scope="session")
def shop_environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    root = tmp_path_factory.mktemp("workspace")
    install(make_environment(root), "shop", "1.0", SHOP)
    return Python().find_environment(root, variables={})


@pytest.fixture(scope="session")
def shop(shop_environment: Environment) -> ApiSurface:
    (library,) = Python().installed(shop_environment)
    return Python().surface(library, shop_environment)
