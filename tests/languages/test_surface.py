"""The API surface of the fixture library `shop` (conftest.py)."""

from __future__ import annotations

from pathlib import Path

import pytest

from seal_lsp.core.api import ApiSurface
from seal_lsp.core.library import Environment, InstalledLibrary, LibraryId
from seal_lsp.languages.python.offers import offered
from seal_lsp.languages.python.support import Python

from .conftest import install, make_environment, write


@pytest.mark.parametrize(
    ("qualname", "signature"),
    [
        ("shop.Cart", "Cart(name: str, *, color: Color = Color.RED)"),
        ("shop.cart.Line", "Line(name: str, *, color: Color = Color.RED)"),
        ("shop.Cart.add", "add(item: str, count: int = 1, /, *args: str, gift: bool = False) -> Line"),
        ("shop.Cart.rename", "rename(name: str) -> Self"),
        ("shop.cart.Base.make", "make(name: str) -> 'Base'"),
        ("shop.cart.Base.join", "join(left: Base, right: Base) -> Base"),
        ("shop.limit", "limit(rate: int, *, burst: int | None = None) -> int"),
        ("shop.Money", "Money(amount: int, currency: str = 'EUR', tags: list[str] = list(), *, note: str = '')"),
        (
            "shop.kinds.Fee",
            "Fee(amount: int, currency: str = 'EUR', tags: list[str] = list(), reason: str = '', *, note: str = '')",
        ),
        ("shop.Point", "Point(x: int, y: int = 0)"),
        ("shop.kinds.Options", "Options(*, depth: int = ..., wide: bool = ...)"),
        ("shop.kinds.Loose", "Loose(**kwargs)"),
        ("shop.Color", "Color(value)"),
        ("shop.errors.NotFound", "NotFound(message: str, *, code: int = 0)"),
        ("shop.fields.Settings", "Settings(*, path: str, depth: int = 3, name: str = '')"),
        ("shop.fields.Pair", "Pair(left: int, right: int = 0)"),
        ("shop.fields.Model", "Model(*, id: int, title: str = 'x')"),
        ("shop.fields.WithMeta", "WithMeta()"),
        ("shop.outside.Sub", "Sub(*args, **kwargs)"),
        ("shop.stubbed.typed", "typed(x: int | str, *, strict: bool = ...) -> Cart"),
        ("shop.Color.RED", "RED"),
        ("shop.__version__", "__version__"),
    ],
)
def test_signatures(shop: ApiSurface, qualname: str, signature: str) -> None:
    symbol = shop.resolve(qualname)
    assert symbol is not None
    assert symbol.signature() == signature


@pytest.mark.parametrize(
    ("qualname", "kind", "instance_of"),
    [
        ("shop", "module", None),
        ("shop.Cart", "class", None),
        ("shop.open_cart", "function", "shop.cart.Cart"),
        ("shop.cart.shortcut", "function", "shop.cart.Cart"),
        ("shop.cart.default_cart", "attribute", "shop.cart.Cart"),
        ("shop.cart.opened_cart", "attribute", "shop.cart.Cart"),
        ("shop.cart.Base.price", "property", "shop.kinds.Money"),
        ("shop.cart.Base.total", "attribute", "shop.kinds.Money"),
        ("shop.cart.Base.color", "attribute", "shop.kinds.Color"),
        ("shop.cart.Base.shared", "attribute", "shop.kinds.Money"),
        ("shop.cart.Base.renamed_at", "attribute", None),
        ("shop.cart.Base.rename", "method", "shop.cart.Base"),
        ("shop.cart.Base.make", "method", "shop.cart.Base"),
        ("shop.cart.Cart.maybe", "method", "shop.cart.Line"),
        ("shop.cart.Cart.either", "method", None),
        ("shop.cart.Cart.find", "method", None),
        ("shop.cart.Cart.checkout", "method", "shop.cart.Line"),
        ("shop.cart.Cart.opened", "method", "shop.cart.Line"),
        ("shop.cart.session", "function", "shop.cart.Cart"),
        ("shop.Color.RED", "attribute", "shop.kinds.Color"),
        ("shop.Color.value", "property", None),
        ("shop.stubbed.Stub.run", "method", "shop.cart.Cart"),
        ("shop.stubbed.Stub.only_in_stub", "method", "int"),
        ("shop.limit", "function", "int"),
        ("shop.limit.limit", "function", "int"),
        ("shop.Late", "class", None),
        ("shop.lazy_name", "attribute", None),
    ],
)
def test_kinds_and_types(shop: ApiSurface, qualname: str, kind: str, instance_of: str | None) -> None:
    symbol = shop.resolve(qualname)
    assert symbol is not None
    assert (symbol.kind, symbol.instance_of) == (kind, instance_of)


@pytest.mark.parametrize(
    ("qualname", "deprecated"),
    [
        ("shop.Cart", "2.0 Use a basket."),
        ("shop.Cart.old", "use new instead"),
        ("shop.Cart.sometimes_old", ""),
        ("shop.Cart.add", ""),
    ],
)
def test_deprecations(shop: ApiSurface, qualname: str, deprecated: str) -> None:
    assert shop.resolve(qualname).deprecated == deprecated


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("element:shop.cart.Cart.lines", "shop.cart.Line"),
        ("element:shop.cart.Cart.__iter__", "shop.cart.Line"),
        ("element:shop.kinds.Color", "shop.kinds.Color"),
        ("same_class:shop.cart.Cart.find", "kind"),
        ("self_type:shop.cart.Base.rename", "1"),
        ("exports:shop", "Cart,Color,lazy_name"),
    ],
)
def test_further_facts(shop: ApiSurface, key: str, value: str) -> None:
    assert shop.extra[key] == value


@pytest.mark.parametrize(
    ("qualname", "is_open"),
    [
        ("shop", False),
        ("shop.cart", False),
        ("shop.Cart", False),
        ("shop.Cart.Changed", False),
        ("shop.Color", False),
        ("shop.fields.WithMeta", False),
        ("shop.lazy", True),
        ("shop.outside", True),
        ("shop.outside.Sub", True),
        ("shop.fields.Model", True),
        ("shop.broken", True),
        ("shop.native", True),
        ("shop.nowhere", True),
    ],
)
def test_open_names(shop: ApiSurface, qualname: str, is_open: bool) -> None:
    assert shop.is_open(qualname) is is_open


@pytest.mark.parametrize("part", ["shop.broken cannot be read: syntax error in line 1", "shop.latin cannot be read",
                                  "shop.native cannot be read: it is compiled"])  # fmt: skip
def test_problems_name_what_was_left_out(shop: ApiSurface, part: str) -> None:
    assert any(problem.startswith(part) for problem in shop.problems)


def test_scripts_in_a_folder_that_is_no_package_are_no_api(shop: ApiSurface) -> None:
    assert not any(name.startswith("shop.scripts") for name in shop.symbols)


def test_members_and_keywords(shop: ApiSurface) -> None:
    assert {"add", "rename", "total", "renamed_at", "Changed", "price"} <= set(shop.members("shop.Cart"))
    assert shop.keywords("shop.Cart.add") == ("gift",)
    assert shop.keywords("shop.Cart.anything") is None
    assert shop.keywords("shop.Cart") == ("name", "color")


def test_offered_leaves_out_what_a_module_only_imports(shop: ApiSurface) -> None:
    names = offered(shop, "shop.cart")
    assert {"Cart", "Base", "open_cart", "Color"} <= set(names)
    assert not {"os", "Iterator", "warn", "annotations"} & set(names)
    assert "lazy_name" in offered(shop, "shop")
    assert "_secret" not in offered(shop, "shop.Cart")


def test_docstrings_lines_and_files(shop: ApiSurface, shop_environment: Environment) -> None:
    rename = shop.resolve("shop.Cart.rename")
    assert rename.doc == "Rename it.\n\nAt length."
    assert rename.summary == "Rename it."
    path = Path(rename.file)
    assert path.is_relative_to(shop_environment.site_packages[0])
    assert "def rename" in path.read_text().splitlines()[rename.line - 1]


def read(tmp_path: Path, files: dict[str, str | bytes], **extra: str) -> ApiSurface:
    root = tmp_path / "w"
    install(make_environment(root), "lib", "1", files, **extra)
    environment = Python().find_environment(root, variables={})
    (library,) = Python().installed(environment)
    return Python().surface(library, environment)


def test_a_library_is_never_run(tmp_path: Path) -> None:
    bomb = f"import pathlib\npathlib.Path({str(tmp_path / 'ran')!r}).touch()\ndef f(): ...\n"
    surface = read(tmp_path, {"lib/__init__.py": bomb, "lib/sub.py": bomb})
    assert surface.resolve("lib.sub.f") is not None
    assert not (tmp_path / "ran").exists()


def test_a_stub_only_distribution(tmp_path: Path) -> None:
    surface = read(tmp_path, {"lib-stubs/__init__.pyi": "def f(x: int) -> str: ...\n"})
    assert surface.resolve("lib.f").signature() == "f(x: int) -> str"


def test_a_namespace_package(tmp_path: Path) -> None:
    surface = read(tmp_path, {"ns/lib/__init__.py": "def f(): ...\n", "ns/lib/sub.py": "x = 1\n"})
    assert surface.resolve("ns.lib.f") is not None
    assert surface.resolve("ns.lib.sub.x") is not None
    assert surface.is_open("ns")
    assert not surface.is_open("ns.lib")


def test_two_parts_of_a_namespace(tmp_path: Path) -> None:
    surface = read(tmp_path, {"ns/one/__init__.py": "x = 1\n", "ns/two/__init__.py": "y = 1\n"})
    assert surface.resolve("ns.one.x") is not None
    assert surface.resolve("ns.two.y") is not None


def test_a_single_module(tmp_path: Path) -> None:
    assert read(tmp_path, {"lib.py": "def f(): ...\n"}).resolve("lib.f") is not None


def test_only_what_code_can_name_is_a_symbol(tmp_path: Path) -> None:
    surface = read(tmp_path, {
        "lib/__init__.py": '__all__ = ["f", "made", "Loading path", "sub.x", "", "log: all"]\ndef f(): ...\n',
        "lib/data-1.py": "x = 1\n",
        "lib/sub.py": "x = 1\n",
    })  # fmt: skip
    assert set(surface.symbols) == {"lib", "lib.__all__", "lib.f", "lib.made", "lib.sub", "lib.sub.x"}
    assert surface.problems == ()


STUBS = (
    "from typing import overload\n@overload\ndef field(x: int) -> int: ...\n@overload\ndef field(x: str) -> str: ...\n"
)


def test_stubs_that_overload_a_name_of_another_package(tmp_path: Path) -> None:
    """As attrs does: without its `attr` nothing of it could be read."""
    surface = read(tmp_path, {
        "basis/__init__.py": "def field(x): ...\n",
        "lib/__init__.py": "from basis import field\ndef own(): ...\n",
        "lib/__init__.pyi": STUBS + "def own() -> None: ...\n",
    })  # fmt: skip
    assert surface.problems == ()
    assert surface.resolve("lib.own").signature() == "own() -> None"
    assert surface.resolve("lib.field").kind == "function"
    absent = "from gone import field\n"
    surface = read(tmp_path / "absent", {"lib/__init__.py": absent, "lib/__init__.pyi": STUBS})
    assert any("gone" in problem for problem in surface.problems)
    assert surface.is_open("lib")


def test_a_compiled_library(tmp_path: Path) -> None:
    surface = read(tmp_path, {"lib.cpython-311-x86_64-linux-gnu.so": b"\x7fELF"})
    assert surface.is_open("lib")
    assert any("C extension without source or stubs" in problem for problem in surface.problems)


def test_a_library_whose_first_module_is_broken(tmp_path: Path) -> None:
    surface = read(tmp_path, {"lib/__init__.py": "def (:\n", "lib/ok.py": "x = 1\n"})
    assert surface.is_open("lib")
    assert any("lib cannot be read" in problem for problem in surface.problems)


def test_a_library_that_is_gone(tmp_path: Path) -> None:
    library = InstalledLibrary(LibraryId("gone", "1"), ("gone",), (tmp_path / "gone",), None)
    surface = Python().surface(library, Environment(tmp_path, None, (tmp_path,), "3.11", "setting"))
    assert surface.problems
    assert surface.is_open("gone")


def test_an_editable_library(tmp_path: Path) -> None:
    source = write(tmp_path / "project", {"src/lib/__init__.py": "def f(): ...\n"})
    root = tmp_path / "w"
    install(make_environment(root), "lib", "1", {"__editable__.lib-1.pth": f"{source / 'src'}\n"})
    environment = Python().find_environment(root, variables={})
    (library,) = Python().installed(environment)
    assert Python().surface(library, environment).resolve("lib.f") is not None


@pytest.mark.parametrize("name", ["pygls", "jedi", "attrs"])
def test_real_libraries_are_read_without_problems(name: str) -> None:
    prefix = Path(__import__("sys").prefix)
    environment = Python().find_environment(prefix, setting=str(prefix), variables={})
    library = next(library for library in Python().installed(environment) if library.id.name == name)
    surface = Python().surface(library, environment)
    assert surface.problems == ()
    assert all(part.isidentifier() for qualname in surface.symbols for part in qualname.split("."))
    known = {
        "pygls": "pygls.lsp.server.LanguageServer.feature", "jedi": "jedi.Script.complete", "attrs": "attrs.field",
    }  # fmt: skip
    symbol = surface.resolve(known[name])
    assert symbol is not None
    assert symbol.parameters
