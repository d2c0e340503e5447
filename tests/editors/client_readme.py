"""What the README tells users of an editor without a package of its own to write into its settings."""

from __future__ import annotations

import re
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def block(editor: str, language: str) -> str:
    """The first block of code in that language behind the line that begins with the editor's name."""
    text = README.read_text(encoding="utf-8")
    return re.search(rf"^{re.escape(editor)}\b.*?^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)[1]
