"""`python tests/write_emacs_settings.py` writes the server's settings as Emacs's user options, with their groups."""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path
from typing import Any

from seal_lsp.settings.load import json_schema
from seal_lsp.settings.schema import Settings

FILE = Path(__file__).parents[1] / "editor-clients" / "emacs" / "seal-lsp-settings.el"
PACKAGE = "seal-lsp"
WIDTH = 78
HEAD = """\
;;; seal-lsp-settings.el --- The server's settings as user options  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The seal-lsp authors
;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; Written by tests/write_emacs_settings.py from the server's schema; edit
;; that.  Only what is set is sent: what is `default' is left to the user's
;; settings file, the project and the server.

;;; Code:

(require 'seal-lsp)
"""
TAIL = """
(provide 'seal-lsp-settings)
;;; seal-lsp-settings.el ends here
"""
TYPES = {
    "boolean": '(const :tag "On" t) (const :tag "Off" nil)',
    "integer": "integer",
    "number": "number",
    "string": "string",
    "array": "(repeat string)",
}


def text() -> str:
    schema = json_schema()
    parts, known = [HEAD], []
    for group, field in Settings.model_fields.items():
        parts.append(_group(group, field.description))
        for name, setting in schema["$defs"][field.annotation.__name__]["properties"].items():
            parts.append(_option(group, name, setting))
            known.append(f"({_symbol(group, name)} {setting['type']} :{group} :{name})")
    entries = "\n    ".join(known)
    parts.append(
        f"(defconst seal-lsp-settings\n  '({entries})\n"
        '  "The settings: each one\'s option, its JSON type, its group and its name there.")\n'
    )
    return "\n".join(parts) + TAIL


def _group(group: str, description: str) -> str:
    about = f'"{_escaped(description)}"'
    return f'(defgroup {PACKAGE}-{group} nil\n  {about}\n  :group \'{PACKAGE}\n  :prefix "{PACKAGE}-{group}-")\n'


def _option(group: str, name: str, setting: dict[str, Any]) -> str:
    first = f"Setting {group}.{name} of the server."
    about = f"{setting['description']}  When `default' it is left open; the server's own default is"
    default = _elisp(setting["default"])
    body = _escaped(_spoken(f"{about} {default}."))
    body = textwrap.fill(body, WIDTH, break_long_words=False, break_on_hyphens=False).replace("\n(", "\n\\(")
    return (
        f'(defcustom {_symbol(group, name)} \'default\n  "{first}\n{body}"\n'
        f'  :type \'(choice (const :tag "Default" default)\n                 {_type(setting)})\n'
        f"  :group '{PACKAGE}-{group})\n"
    )


def _symbol(group: str, name: str) -> str:
    return f"{PACKAGE}-{group}-{name.replace('_', '-')}"


def _type(setting: dict[str, Any]) -> str:
    if "enum" in setting:
        return " ".join(f"(const {json.dumps(value)})" for value in setting["enum"])
    return TYPES[setting["type"]]


def _elisp(value: Any) -> str:
    if isinstance(value, bool):
        return "t" if value else "nil"
    if isinstance(value, list):
        return f"({' '.join(map(_elisp, value))})" if value else "nil"
    return json.dumps(value)


def _spoken(text: str) -> str:
    """Two blanks behind a sentence, code quoted as Emacs quotes it."""
    return re.sub(r"(?<=[a-z)`'][.;]) (?=[A-Z`])", "  ", re.sub(r"`([^`']+)`", r"`\1'", text))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def main() -> None:
    FILE.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
