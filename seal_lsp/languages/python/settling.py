"""The last step of reading a surface: what can only be said when every symbol is known. Kinds of aliases, results of
calls, members of enums, constructors."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from seal_lsp.core.api import ApiSurface, Symbol
from seal_lsp.languages.python.constructors import constructor_of

if TYPE_CHECKING:
    from seal_lsp.languages.python.surface import Reading

ENUM_BASES = {f"enum.{name}" for name in ("Enum", "IntEnum", "StrEnum", "Flag", "IntFlag")}


def settle(reading: Reading) -> None:
    """Settle aliases' kinds, enum members, results of calls, constructors: all need every symbol."""
    draft = ApiSurface(reading.library.id, reading.library.import_names, reading.symbols)
    for path in reading.classes:
        _enum_members(reading, path, draft)
    for path, callee in reading.called.items():
        found = draft.resolve(callee)
        type_name = found.qualname if found and found.kind == "class" else found.instance_of if found else None
        if type_name:
            reading.symbols[path] = replace(reading.symbols[path], instance_of=type_name)
    for path, symbol in list(reading.symbols.items()):
        if not symbol.target:
            continue
        found = draft.resolve(symbol.target)
        if found is None and symbol.value:  # a value from elsewhere, not an alias of anything known
            reading.symbols[path] = replace(symbol, target="")
        elif found is not None and found.qualname != path:
            reading.symbols[path] = replace(symbol, kind=found.kind, target=found.qualname)
        elif found is not None:  # a cycle of aliases
            reading.symbols[path] = replace(symbol, target="")
    library, open_names = reading.library, frozenset(reading.open_names)
    draft = ApiSurface(library.id, library.import_names, reading.symbols, open_names, extra=reading.extra)
    for path, class_ in reading.classes.items():
        parameters = constructor_of(class_, draft, reading.classes)
        reading.symbols[path] = replace(reading.symbols[path], parameters=parameters)
        if any(draft.resolve(base) is None for base in reading.symbols[path].bases):
            reading.open_names.add(path)


def _enum_members(reading: Reading, path: str, draft: ApiSurface) -> None:
    if not ENUM_BASES & set(_ancestors(path, draft)):
        return
    symbol = reading.symbols[path]
    kept = tuple(base for base in symbol.bases if base not in ENUM_BASES)
    reading.symbols[path] = replace(symbol, bases=kept)
    for name, member in reading.classes[path].members.items():
        plain = not member.is_alias and member.is_attribute and "property" not in member.labels
        if plain and member.value is not None and not name.startswith("_"):
            reading.symbols[f"{path}.{name}"] = replace(reading.symbols[f"{path}.{name}"], instance_of=path)
    for name in ("name", "value"):
        reading.symbols.setdefault(f"{path}.{name}", Symbol(f"{path}.{name}", "property", file=symbol.file))
    reading.extra[f"element:{path}"] = path


def _ancestors(path: str, draft: ApiSurface, depth: int = 0) -> list[str]:
    symbol = draft.resolve(path) if depth < 16 else None
    if symbol is None:
        return [path]
    return [path, *(name for base in symbol.bases for name in _ancestors(base, draft, depth + 1))]
