"""The words of a hover: facts, what was learned, the model's line; and signatures as a person reads them."""

from __future__ import annotations

import pytest

from seal_lsp.assist import version_notes
from seal_lsp.assist.facts import HoverFacts
from seal_lsp.assist.hover import docstring, learned_state, markdown
from seal_lsp.assist.signatures import parameter_doc, pretty_signature, signature_of, split_arguments
from seal_lsp.core.api import Parameter, Symbol
from seal_lsp.core.protocol import LearnedLibrary, UsageLineReply

FACTS = HoverFacts(0, 4, "acme.Client.get", "method", "def get(url: str) -> Reply", "Get it.", "acme@1.0")
LIVE = LearnedLibrary("acme@1.0", "live", "0123456789abcdef", "2026-11-22T10:20:30Z", 214)


def test_all_parts():
    line = UsageLineReply("ready", "client.get('/')", "0123")
    assert markdown(FACTS, LIVE, line, engine=True, symbol_snippets=7) == (
        "```python\ndef get(url: str) -> Reply\n```\n\n---\n\nGet it.\n\n"
        "Usage (written by the model, vetted):\n\n```python\nclient.get('/')\n```\n\n"
        "`acme.Client.get` · **acme@1.0** · learned (adapter `0123456789ab`, 2026-11-22 10:20, 214 vetted snippets,"
        " 7 of this name)"
    )


@pytest.mark.parametrize("state", ["preparing", "none", "rejected"])
def test_a_line_that_is_not_ready_or_was_refused_is_not_shown(state):
    assert "Usage" not in markdown(FACTS, LIVE, UsageLineReply(state, "os.system('x')"), engine=True)


def test_without_an_engine_nothing_is_said_of_learning():
    assert "learned" not in markdown(FACTS, None, None, engine=False)
    assert "not learned" in markdown(FACTS, None, None, engine=True)


@pytest.mark.parametrize(
    ("state", "reasons", "said"),
    [
        ("known", (), "the base model knows it already"),
        ("queued", (), "not learned yet: it waits its turn"),
        ("learning", (), "not learned yet: that is under way"),
        ("paused", (), "not learned yet: it waits, learning is paused"),
        ("rejected", ("drift\n0.2",), "learned, but the gate rejected it: drift 0.2"),
        ("failed", ("no space",), "learning failed: no space"),
        ("something new", (), "not learned"),
    ],
)
def test_states(state, reasons, said):
    assert learned_state(LearnedLibrary("acme@1.0", state, reasons=reasons)) == said


def test_deprecated_names_say_so_first():
    facts = HoverFacts(0, 1, "a.b", "function", "def b()", "Doc.", "a@1", deprecated="since 2:\n use c")
    assert "**Deprecated**: since 2: use c\n\nDoc." in markdown(facts, None, None, engine=False)


VERSIONS = """Make a call.

Args:
    key: whose. Of any length.

        .. versionadded:: 1.4
    rate: how often

.. versionadded:: 1.2
.. versionchanged:: 2.0 Returns a `Reply`
   instead of text.

   Raises nothing.
.. version-changed:: 2.1:

    Waits.

More."""


def test_what_changed_of_a_name_is_a_list_below_its_docstring():
    facts = HoverFacts(0, 1, "a.b", "function", "def b()", VERSIONS, "a@2.1")
    assert markdown(facts, None, None, engine=False).split("---\n\n")[1] == (
        "Make a call.\n\n**Args**\n\n"
        "    key: whose. Of any length.\n\n        *Added in 1.4*\n    rate: how often\n\n\n"
        "More.\n\n"
        "- Added in 1.2\n- Changed in 2.0: Returns a `Reply` instead of text. Raises nothing.\n"
        "- Changed in 2.1: Waits.\n\n"
        "`a.b` · **a@2.1**"
    )


@pytest.mark.parametrize(
    ("doc", "notes", "rest"),
    [
        ("Plain.", (), "Plain."),
        ("", (), ""),
        (".. versionadded:: 3", ("Added in 3",), ""),
        ("One.\n\n.. versionadded::", ("Added in",), "One."),
        ("One.\n\n.. versionremoved:: 3.0  Use two.\nTwo.", ("Removed in 3.0: Use two.",), "One.\n\nTwo."),
        ("One.\n\n.. deprecated:: 1.1\n   Use `two`.\n", ("Deprecated since 1.1: Use `two`.",), "One."),
        ("One.\n\n.. note:: versionadded:: 3", (), "One.\n\n.. note:: versionadded:: 3"),
    ],
)
def test_version_notes(doc, notes, rest):
    assert version_notes.split(doc) == (notes, rest)


def test_of_many_version_notes_the_newest_are_shown():
    notes = tuple(f"Added in {number}" for number in range(9))
    assert version_notes.markdown(notes).split("\n") == ["- …", *(f"- Added in {number}" for number in range(3, 9))]
    notes = ("Changed in 10.0: 1", *(f"Added in 9.{number}" for number in range(9, 0, -1)))
    shown = ["- Changed in 10.0: 1", *(f"- Added in 9.{number}" for number in range(9, 4, -1)), "- …"]
    assert version_notes.markdown(notes).split("\n") == shown


def test_a_deprecation_is_said_once():
    facts = HoverFacts(0, 1, "a.b", "function", "def b()", "Do.\n\n.. deprecated:: 2\n   Use c.", "a@2", "2 Use c.")
    found = markdown(facts, None, None, engine=False)
    assert found.count("Use c.") == 1
    assert "**Deprecated**: 2 Use c.\n\nDo.\n\n`a.b`" in found


@pytest.mark.parametrize(
    ("doc", "expected"),
    [
        ("One.\n\nArgs:\n    a: x", "One.\n\n**Args**\n\n    a: x"),
        ("Ex:\n\n>>> f()\n1\n\nEnd", "Ex:\n\n```python\n>>> f()\n1\n```\n\nEnd"),
        (">>> f()\n1", "```python\n>>> f()\n1\n```"),
        ("```\n>>> f()\n```", "```\n>>> f()\n```"),
        ("```python\nx = 1", "```python\nx = 1\n```"),
    ],
)
def test_docstrings(doc, expected):
    assert docstring(doc) == expected


def test_a_long_docstring_is_cut_and_its_fence_closed():
    found = docstring("```\n" + "x = 1\n" * 5000 + "```")
    assert len(found) < 4200
    assert found.count("```") == 2


WIDE = Symbol(
    "acme.call",
    "function",
    tuple(Parameter(f"parameter_{i}", "keyword_only", "(1, 2)", "int") for i in range(6)),
    "int",
)


def test_signatures():
    assert signature_of(Symbol("a.x", "attribute", returns="int", value="3")) == "x: int = 3"
    assert signature_of(Symbol("a.b.C", "class", ()), "Alias") == "Alias()"
    assert pretty_signature(Symbol("a.C", "class", ()), "C") == "class C()"
    assert pretty_signature(Symbol("a", "module"), "a") == "module a"
    shown = pretty_signature(WIDE, "call")
    assert shown.startswith("def call(\n    *,\n    parameter_0: int = (1, 2),\n")
    assert shown.endswith(",\n) -> int")
    assert len(signature_of(Symbol("a.f", "function", WIDE.parameters * 20))) <= 300


@pytest.mark.parametrize(
    ("text", "parts"),
    [("a, b=(1, 2), c: dict[str, int] = {}", 3), ("a=', ', b", 2), ("", 0), ("*, a", 2)],
)
def test_arguments_split_outside_brackets_and_strings(text, parts):
    assert len(split_arguments(text)) == parts


@pytest.mark.parametrize(
    ("doc", "name", "found"),
    [
        ("Do.\n\nArgs:\n    a (int): First\n        of all.\n    b: Second.", "a", "a (int): First of all."),
        ("Do.\n\n:param int a: First\n:param b: Second", "b", ":param b: Second"),
        ("Do.\n\nParameters\n----------\na : int\n    First.\nb : int\n    Second.", "b", "b : int Second."),
        ("Do.", "a", ""),
    ],
)
def test_what_a_docstring_says_of_a_parameter(doc, name, found):
    assert parameter_doc(doc, name) == found
