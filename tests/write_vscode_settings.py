"""`python tests/write_vscode_settings.py` writes the server's settings into the VS Code extension's package.json.

The file's own form is written too: what fits stands on one line.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from seal_lsp.settings.load import editor_properties
from seal_lsp.settings.schema import Settings

PACKAGE = Path(__file__).parents[1] / "editor-clients" / "vscode" / "package.json"
WIDTH = 120


def groups() -> dict[str, tuple[str, dict[str, dict[str, Any]]]]:
    """By group: its sentence, and its settings by name."""
    properties = editor_properties()
    return {
        group: (field.description, {n.split(".")[2]: p for n, p in properties.items() if n.split(".")[1] == group})
        for group, field in Settings.model_fields.items()
    }


def configuration() -> list[dict[str, Any]]:
    """One section of VS Code's settings for each group, titled by the group's sentence."""
    return [
        {
            "title": sentence.removesuffix("."),
            "properties": {f"seal.{group}.{name}": definition for name, definition in settings.items()},
        }
        for group, (sentence, settings) in groups().items()
    ]


def with_settings(package: dict[str, Any]) -> dict[str, Any]:
    """The first section is the client's own; those after it are the server's."""
    package["contributes"]["configuration"][1:] = configuration()
    return package


def as_text(value: Any, indent: str = "", key: str = "") -> str:
    line = f"{indent}{key}{json.dumps(value, ensure_ascii=False)}"
    holds_objects = isinstance(value, (dict, list)) and any(isinstance(inner, dict) for inner in _inner(value))
    if not isinstance(value, (dict, list)) or (len(line) <= WIDTH and not (holds_objects and len(line) > 60)):
        return line
    names = [f"{json.dumps(name)}: " for name in value] if isinstance(value, dict) else [""] * len(value)
    inner = [as_text(one, indent + "  ", name) for name, one in zip(names, _inner(value), strict=True)]
    begin, end = "{}" if isinstance(value, dict) else "[]"
    return f"{indent}{key}{begin}\n" + ",\n".join(inner) + f"\n{indent}{end}"


def _inner(value: dict | list) -> list:
    return list(value.values()) if isinstance(value, dict) else value


def main() -> None:
    package = with_settings(json.loads(PACKAGE.read_text(encoding="utf-8")))
    PACKAGE.write_text(as_text(package) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
