"""One layer of settings, read value by value: what is good is kept, what is bad is replaced and said.

A layer may be nested tables or dotted names ("learn.trust"), with or without a table "seal-lsp" or "seal" around it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import TypeVar

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from seal_lsp.settings.schema import Closed, Settings

Name = tuple[str, str]
M = TypeVar("M")
_WRAPPERS = ("seal-lsp", "seal", "seal_lsp")
_SHOWN = 60


class Layer(dict):
    """Settings from one place; `origin` names it in messages. `unreadable` is what the place holds when no table;
    `forced` are values that no later layer changes."""

    def __init__(self, values: Mapping | None = None, *, origin: str = "settings", unreadable: object = None) -> None:
        super().__init__(values or {})
        self.origin = origin
        self.unreadable = unreadable
        self.forced: dict[Name, object] = {}

    @classmethod
    def of(cls, value: object, *, origin: str = "settings") -> Layer:
        if value is None or isinstance(value, Mapping):
            return cls(value, origin=origin)
        return cls(origin=origin, unreadable=value)


def read(layer: Layer, messages: list[str]) -> dict[Name, object]:
    """The layer's valid values by (group, field); one message for each that is not."""
    if layer.unreadable is not None:
        messages.append(f"{layer.origin}: a table of settings is needed, not {_short(layer.unreadable)}")
        return closed_values()
    values: dict[Name, object] = {}
    for path, value in _flat(layer, ()):
        if not path:
            messages.append(f"{layer.origin}: a table of settings is needed, not {_short(value)}")
            values |= closed_values()
            continue
        group, field = path[0], ".".join(path[1:])
        if group not in Settings.model_fields or (field and field not in _fields(group)):
            messages.append(f"{layer.origin}: there is no setting {'.'.join(path)}{_meant(path)}")
        elif not field:
            closed = closed_values(group)
            used = "what needs your consent is off there" if closed else "it is left out"
            messages.append(f"{layer.origin}: {group} is a table of settings, not {_short(value)}; {used}")
            values |= closed
        else:
            values |= _checked((group, field), value, layer, messages)
    return values


def closed_values(group: str = "") -> dict[Name, object]:
    """What is assumed of consent when a whole group, or everything, cannot be read."""
    names = ((g, f) for g in Settings.model_fields if group in ("", g) for f in _fields(g))
    return {name: mark.value for name in names if (mark := mark_of(name, Closed))}


def mark_of(name: Name, kind: type[M]) -> M | None:
    return next((mark for mark in _fields(name[0])[name[1]].metadata if isinstance(mark, kind)), None)


def default_of(name: Name) -> object:
    return _fields(name[0])[name[1]].default


def _fields(group: str) -> dict[str, FieldInfo]:
    return Settings.model_fields[group].annotation.model_fields


def _checked(name: Name, value: object, layer: Layer, messages: list[str]) -> dict[Name, object]:
    group, field = name
    try:
        checked = Settings.model_fields[group].annotation.model_validate({field: value})
        return {name: getattr(checked, field)}
    except ValidationError as error:
        found = error.errors()[0]
    closed = mark_of(name, Closed)
    values = {name: closed.value if closed else default_of(name)}
    used = f"{values[name]!r} is used"
    if field == "exclude":
        layer.forced[("learn", "trust")] = "none"  # something should be left alone, and we cannot tell what
        used = "nothing is learned by itself until this is right (learn.trust is 'none')"
    messages.append(f"{layer.origin}: {group}.{field} is {_short(value)}, but {_allowed(found, name)}; {used}")
    return values


def _allowed(found: dict, name: Name) -> str:
    if found["type"] == "string_pattern_mismatch":
        return f"must fit this: {_fields(name[0])[name[1]].description}"
    text = found["msg"].partition(", unable")[0]
    return text.replace("Input should", "should").replace("String should", "should").replace("Value error", "error")


def _flat(values: Mapping, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], object]]:
    for key, value in values.items():
        path = (*above, *(part.replace("-", "_") for part in _parts(str(key), above)))
        if value is None:  # an editor's word for "not set"
            continue
        if isinstance(value, Mapping) and len(path) < 2:
            yield from _flat(value, path)
        else:
            yield path, value


def _parts(key: str, above: tuple[str, ...]) -> list[str]:
    parts = key.split(".")
    return parts[1:] if not above and parts[0] in _WRAPPERS else parts


def _meant(path: tuple[str, ...]) -> str:
    known = [f"{group}.{field}" for group in Settings.model_fields for field in _fields(group)]
    near = difflib.get_close_matches(".".join(path), known, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
