"""Python as a LanguageSupport, and the registry."""

from __future__ import annotations

import inspect

import pytest

from seal_lsp.core.language import LanguageSupport
from seal_lsp.core.library import Environment
from seal_lsp.languages.python.standard_modules import standard_modules
from seal_lsp.languages.python.support import Python
from seal_lsp.languages.registry import language_for


def test_python_answers_the_whole_protocol() -> None:
    for name, function in inspect.getmembers(LanguageSupport, inspect.isfunction):
        if not name.startswith("_"):
            ours = inspect.signature(getattr(Python, name))
            assert list(ours.parameters) == list(inspect.signature(function).parameters)


@pytest.mark.parametrize(
    ("asked", "known"),
    [
        ("python", True),
        ("a/b.py", True),
        ("x.PYI", True),
        ("n.ipynb", True),
        ("rust", False),
        ("a.rs", False),
        ("py", False),
    ],
)
def test_language_for(asked: str, known: bool) -> None:
    assert (language_for(asked) is not None) is known


@pytest.mark.parametrize(
    ("version", "module", "standard"),
    [
        ("3.11.7", "json", True),
        ("3.11.7", "__future__", True),
        ("3.11.7", "numpy", False),
        ("3.11.7", "telnetlib", True),
        ("3.13.1", "telnetlib", False),
        ("", "telnetlib", True),
    ],
)
def test_standard_modules(version: str, module: str, standard: bool) -> None:
    assert (module in standard_modules(version)) is standard


def test_everything_forwards(shop_environment: Environment) -> None:
    python = Python()
    (library,) = python.installed(shop_environment)
    surface = python.surface(library, shop_environment)
    source = "from shop import Cart\nCart('x', color=1).add('y')\n"
    assert [use.module for use in python.imports(source)] == ["shop"]
    assert {use.qualname for use in python.uses(source, [surface]) if use.kind == "member"} == {"shop.Cart.add"}
    assert len(python.calls(source, [surface])) == 2
    assert python.syntax_problem(source) == ""
    assert list(python.code_blocks(">>> f(1)\n")) == [(1, "f(1)\n")]
    assert "json" in python.standard_modules(shop_environment)
