"""`seal-lsp settings`: every setting with its sentence and its value here; the README's table and the JSON schema that
editors show come from the same schema."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from seal_lsp.cli.output import Json, show, table


def command(
    markdown: Annotated[bool, typer.Option(help="The table that the README shows.")] = False,
    schema: Annotated[bool, typer.Option(help="The JSON schema for editors.")] = False,
    json: Json = False,
) -> None:
    """Every setting, its meaning, its default and its value on this machine."""
    from seal_lsp.settings.load import json_schema

    if schema:
        show(json_schema(), True, lambda console: None)
        return
    if markdown:
        show({"markdown": as_markdown()}, json, lambda console: console.print(as_markdown(), markup=False))
        return
    from seal_lsp.cli.asking import user_settings

    values = user_settings().model_dump(mode="json")
    rows = [{**row, "value": _value(values, row["name"])} for row in fields(json_schema())]

    def human(console):
        console.print(table(("setting", "value", "default", "meaning"), (
            (r["name"], _text(r["value"]), _text(r["default"]), r["description"]) for r in rows
        )))  # fmt: skip

    show({"settings": rows}, json, human)


def as_markdown() -> str:
    from seal_lsp.settings.load import json_schema

    lines = ["| setting | default | meaning |", "|---|---|---|"]
    lines += [f"| `{r['name']}` | `{_text(r['default'])}` | {r['description']} |" for r in fields(json_schema())]
    return "\n".join(lines)


def fields(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Leaf settings of the schema, groups joined with dots, `$ref`s followed."""
    yield from _fields(schema, schema, "")


def _fields(node: dict[str, Any], schema: dict[str, Any], prefix: str) -> Iterator[dict[str, Any]]:
    for name, child in node.get("properties", {}).items():
        target = _follow(child, schema)
        if "properties" in target:
            yield from _fields(target, schema, f"{prefix}{name}.")
        else:
            description = child.get("description") or target.get("description", "")
            yield {"name": prefix + name, "default": child.get("default"), "description": " ".join(description.split())}


def _follow(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].rpartition("/")[2]]
    return node


def _value(values: dict[str, Any], name: str) -> Any:
    for part in name.split("."):
        values = values[part]
    return values


def _text(value: Any) -> str:
    return jsonlib.dumps(value, ensure_ascii=False)
