"""What the README tells a newcomer to put into Emacs's init file."""

from __future__ import annotations

import re
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"
SETUPS = {"eglot": "seal-lsp-eglot-setup", "lsp-mode": "seal-lsp-lsp-mode-setup"}


def newcomers_lines(client: str) -> str:
    blocks = re.findall(r"```elisp\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    (found,) = [block for block in blocks if SETUPS[client] in block]
    return found
