"""Settings from layers: defaults < the user's file < the project's pyproject.toml < SEAL_* variables < the editor.

Nothing that a layer holds is an error: a bad value becomes its default (or its closed value, where consent is at
stake), an unknown name is left out, and each gives one message for a person. Knows no editor and shows nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from seal_lsp.settings.layers import Layer, Name, default_of, mark_of, read
from seal_lsp.settings.places import PREFIX, environment_layer, user_layer, workspace_table
from seal_lsp.settings.schema import Settings, Workspace


def load(
    *editor: object, workspace: Path | None = None, environ: Mapping[str, str] = os.environ
) -> tuple[Settings, list[str]]:
    """All layers of this machine for one workspace folder; `editor` is what the editor sent, the last word last."""
    user, messages = user_layer(environ)
    layers: list[object] = [user]
    if workspace is not None:
        project, said = workspace_layer(workspace, below=merge(user)[0])
        layers.append(project)
        messages += said
    sent = (value if isinstance(value, Layer) else Layer.of(value, origin="the editor's settings") for value in editor)
    settings, said = merge(*layers, environment_layer(environ), *sent)
    return settings, messages + said


def merge(*layers: object) -> tuple[Settings, list[str]]:
    """One Settings from layers, a later one before an earlier one; lists of exclusions are joined."""
    values: dict[Name, object] = {}
    forced: dict[Name, object] = {}
    messages: list[str] = []
    for layer in (given if isinstance(given, Layer) else Layer.of(given) for given in layers):
        for name, value in read(layer, messages).items():
            joined = mark_of(name, Workspace) and mark_of(name, Workspace).may == "add"
            values[name] = tuple(dict.fromkeys((*values.get(name, default_of(name)), *value))) if joined else value
        forced |= layer.forced
    nested: dict[str, dict[str, object]] = {}
    for (group, field), value in (values | forced).items():
        nested.setdefault(group, {})[field] = value
    return Settings.model_validate(nested), messages


def workspace_layer(root: Path, *, below: Settings) -> tuple[Layer, list[str]]:
    """What the project's pyproject.toml may say over `below`. It may narrow what is allowed, never widen it: who opens
    a cloned repository has not agreed to what is written in it."""
    table, messages = workspace_table(root)
    kept: dict[str, dict[str, object]] = {}
    for name, value in read(table, messages).items():
        current = getattr(getattr(below, name[0]), name[1])
        allowed, reason = _within(name, value, current)
        if reason:
            messages.append(f"{table.origin}: {'.'.join(name)} {reason}")
        kept.setdefault(name[0], {})[name[1]] = allowed
    layer = Layer(kept, origin=table.origin)
    layer.forced = table.forced
    return layer, messages


def engine_variables(settings: Settings) -> dict[str, str]:
    """SEAL_* variables under which an engine that is started for an editor has that editor's word on what an engine
    decides: all but `python` that no file in a workspace may set."""
    return {
        f"{PREFIX}{group}__{field}".upper(): str(getattr(getattr(settings, group), field))
        for group in Settings.model_fields
        for field in _fields_of(group)
        if group != "python" and (mark := mark_of((group, field), Workspace)) and mark.may == "never"
    }


def json_schema() -> dict:
    """The nested JSON schema of all settings, for editors and TOML checkers."""
    return Settings.to_json_schema()


def editor_properties(prefix: str = "seal") -> dict[str, dict]:
    """The settings as flat properties with dotted names, as VS Code's package.json lists them.

    Their default is null, "not set": an editor that sends every default would overrule the other layers with them.
    `machine` scope keeps a workspace's settings file from deciding what only the user may decide.
    """
    schema = Settings.to_json_schema()
    return {
        f"{prefix}.{group}.{field}": _editor_property(schema, group, field)
        for group in Settings.model_fields
        for field in _fields_of(group)
    }


def _editor_property(schema: dict, group: str, field: str) -> dict:
    definition = dict(schema["$defs"][Settings.model_fields[group].annotation.__name__]["properties"][field])
    definition.pop("title", None)
    shown = json.dumps(definition["default"])
    definition |= {"type": [definition["type"], "null"], "default": None}
    definition["description"] += f" Default: {shown}."
    if "enum" in definition:
        definition["enum"] = [*definition["enum"], None]
    mark = mark_of((group, field), Workspace)
    return {**definition, "scope": "machine" if mark and mark.may in ("never", "narrow") else "resource"}


def _fields_of(group: str) -> list[str]:
    return list(Settings.model_fields[group].annotation.model_fields)


def _within(name: Name, value: object, current: object) -> tuple[object, str]:
    """(what a workspace file's value comes to, why it was not taken as it is)."""
    mark = mark_of(name, Workspace)
    if mark is None or value == current:
        return value, ""
    if mark.may == "never":
        return current, "cannot be set by a file in the workspace; set it in your editor or your own settings file"
    if mark.may == "add":
        refused = [entry for entry in value if entry.startswith("!")]
        taken = tuple(entry for entry in value if entry not in refused)
        return taken, f"cannot take back exclusions: {', '.join(refused)} left out" if refused else ""
    rank = (lambda v: v) if isinstance(value, int) and not isinstance(value, bool) else mark.order.index
    if rank(value) < rank(current):
        return value, ""
    return current, f"can only be narrowed by a file in the workspace; it stays {current!r}"
