"""Code in prose: Markdown, doctests, reStructuredText."""

from __future__ import annotations

import pytest

from seal_lsp.languages.python.code_blocks import code_blocks

FENCE = "```"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("just prose", []),
        (f"a\n\n{FENCE}python\nx = 1\n{FENCE}\n", [(4, "x = 1\n")]),
        (f"{FENCE}py title='x'\nx\n{FENCE}\n", [(2, "x\n")]),
        (f"{FENCE}console\n$ ls\n{FENCE}\n", []),
        (f"{FENCE}\nx = f(1)\n{FENCE}\n", [(2, "x = f(1)\n")]),
        (f"{FENCE}\n$ pip install x\n{FENCE}\n", []),
        (f"- item\n\n  {FENCE}python\n  x = 1\n  {FENCE}\n", [(4, "x = 1\n")]),
        (f"{FENCE}pycon\n>>> f(1)\n2\n>>> g()\n{FENCE}\n", [(2, "f(1)\ng()\n")]),
        (f"First.\n\n    Indented as in docstrings.\n\n    {FENCE}python\n    x = 1\n    {FENCE}\n", [(6, "x = 1\n")]),
        ("Example:\n\n>>> a = 1\n>>> for x in y:\n...     x\n1\n", [(3, "a = 1\nfor x in y:\n    x\n")]),
        (">>> a\n1\n\nprose\n\n>>> b\n2\n", [(1, "a\n"), (6, "b\n")]),
        (".. code-block:: python\n   :linenos:\n\n   x = 1\n   y = 2\n\nend\n", [(4, "x = 1\ny = 2\n")]),
        (".. code-block:: bash\n\n   ls -l\n", []),
        ("Do this::\n\n    f(x)\n\nand that\n", [(3, "f(x)\n")]),
        ("Do this::\n\n    rm -rf / now\n", []),
        (".. note::\n\n   prose only\n", []),
        (">>> broken 'prompt\n...no blank\n", []),
    ],
)
def test_code_blocks(text: str, expected: list[tuple[int, str]]) -> None:
    assert list(code_blocks(text)) == expected
