"""jedi on the fixture library, read as data."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from seal_lsp.core.library import Environment
from seal_lsp.languages.python import inference

from .conftest import write

# jedi's own way of saying that it could not import a compiled module, which is what is wanted.
pytestmark = pytest.mark.filterwarnings("ignore:Module .* not importable in path")


def place(marked: str) -> tuple[str, int, int]:
    before, _, after = marked.partition("|")
    return before + after, before.count("\n") + 1, len(before.rpartition("\n")[2])


@pytest.mark.parametrize(
    ("marked", "name", "kind", "full_name"),
    [
        ("import shop\nshop.Cart('x').|", "add", "function", "shop.cart.Cart.add"),
        ("import shop\nshop.|", "Cart", "class", "shop.Cart"),
        ("from shop import |", "open_cart", "function", "shop.open_cart"),
        ("class A:\n    def own(self): ...\nA().|", "own", "function", "__main__.A.own"),
        ("import json\njson.|", "dumps", "function", "json.dumps"),
        ("s = '😀漢'; import shop; shop.|", "Cart", "class", "shop.Cart"),
    ],
)
def test_complete(shop_environment: Environment, marked: str, name: str, kind: str, full_name: str) -> None:
    found = {fact.name: fact for fact in inference.complete(*place(marked), None, shop_environment)}
    assert name in found
    assert (found[name].kind, found[name].full_name) == (kind, full_name)


def test_the_workspace_is_seen(tmp_path: Path, shop_environment: Environment) -> None:
    write(tmp_path, {"mine.py": "def helper(): ...\n", "src/deep.py": "class Deep: ...\n"})
    for module, name in (("mine", "helper"), ("deep", "Deep")):
        source, line, column = place(f"import {module}\n{module}.|")
        found = inference.complete(source, line, column, tmp_path / "main.py", shop_environment, (tmp_path,))
        assert name in {fact.name for fact in found}


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("import shop\nshop.limit(|", {"rate": "", "burst": "None"}),
        ("import shop\nshop.limit(1, |", {"burst": "None"}),
        ("import shop\nshop.limit(rate=1, |", {"burst": "None"}),
        ("def f(a, *, b=2): ...\nf(|", {"a": "", "b": "2"}),
        ("unknown(|", {}),
    ],
)
def test_signature_keywords(shop_environment: Environment, marked: str, expected: dict[str, str]) -> None:
    found = inference.signature_keywords(*place(marked), None, shop_environment)
    assert {fact.name: fact.default for fact in found} == expected


@pytest.mark.parametrize(
    ("marked", "full_name", "kind", "part"),
    [
        ("import shop\nshop.open_c|art", "shop.cart.open_cart", "function", "Open one."),
        ("from shop import Cart\nCart('x').ren|ame('y')", "shop.cart.Base.rename", "function", "Rename it."),
        ("import json\njson.du|mps", "json.dumps", "function", "Serialize"),
    ],
)
def test_definition_name(shop_environment: Environment, marked: str, full_name: str, kind: str, part: str) -> None:
    found = inference.definition_name(*place(marked), None, shop_environment)
    assert found is not None
    assert (found.full_name, found.kind) == (full_name, kind)
    assert found.doc.startswith(part)
    assert found.signature.startswith(full_name.rpartition(".")[2] + "(")


@pytest.mark.parametrize(
    "marked", ["|", "nothing_known.|", "nothing_known.\n|", "x = '\u2028'\n\f\n|", "x = = |", "import |"]
)
def test_what_is_not_known_is_no_error(shop_environment: Environment, marked: str) -> None:
    assert inference.definition_name(*place(marked), None, shop_environment) is None
    assert isinstance(inference.complete(*place(marked), None, None), list)


def test_no_package_of_the_user_is_imported(tmp_path: Path, shop_environment: Environment) -> None:
    """Neither a module with a side effect, nor a compiled one, nor one that jedi imports by habit (`gi`)."""
    mark = tmp_path / "ran"
    bomb = f"import pathlib\npathlib.Path({str(mark)!r}).touch()\ndef boom(): ...\n"
    write(tmp_path, {"bomb.py": bomb, "gi/__init__.py": bomb, "native.cpython-311-x86_64-linux-gnu.so": b"\x7fELF"})
    for module in ("bomb", "gi", "native"):
        source, line, column = place(f"import {module}\n{module}.|")
        inference.complete(source, line, column, tmp_path / "main.py", shop_environment, (tmp_path,))
        assert module not in sys.modules
    assert not mark.exists()


def test_jedi_sees_only_our_standard_library_as_its_own() -> None:
    assert not any("site-packages" in path for path in inference._ReadOnlyEnvironment().get_sys_path())
