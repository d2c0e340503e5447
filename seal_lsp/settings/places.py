"""The places settings come from: the user's file, the project's pyproject.toml, environment variables. Only reads."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from seal_lsp.settings.layers import Layer, closed_values

FILE = "settings.toml"
SECTION = "seal-lsp"
PREFIX = "SEAL_"


def user_file(environ: Mapping[str, str]) -> Path:
    """SEAL_HOME/settings.toml, else seal-lsp/settings.toml in the platform's configuration folder."""
    home = environ.get("SEAL_HOME", "")
    if home:
        return Path(home).expanduser() / FILE
    from platformdirs import PlatformDirs  # imported here: with SEAL_HOME nobody needs it

    return PlatformDirs(SECTION, appauthor=False).user_config_path / FILE


def user_layer(environ: Mapping[str, str]) -> tuple[Layer, list[str]]:
    path = user_file(environ)
    table, problem = _toml(path)
    if problem:
        return _closed(path), [_said(path, problem)]
    return Layer.of(table, origin=str(path)), []


def workspace_table(root: Path) -> tuple[Layer, list[str]]:
    """`[tool.seal-lsp]` of the project, as it is written: what of it counts is decided in load.py."""
    path = root / "pyproject.toml"
    table, problem = _toml(path)
    if problem:
        # Broken for a moment while somebody edits it, and mostly none of our business; but it may hold a narrowing.
        ours = SECTION.encode() in _bytes(path)
        return (_closed(path), [_said(path, problem)]) if ours else (Layer(origin=str(path)), [])
    tool = table.get("tool", {})
    return Layer.of(tool.get(SECTION) if isinstance(tool, dict) else None, origin=f"{path} [tool.{SECTION}]"), []


def environment_layer(environ: Mapping[str, str]) -> Layer:
    """SEAL_GROUP__FIELD=value; names without the double underscore (SEAL_HOME) are no settings."""
    values = {
        name[len(PREFIX) :].lower().replace("__", ".", 1): value
        for name, value in environ.items()
        if name.startswith(PREFIX) and "__" in name[len(PREFIX) :]
    }
    return Layer(values, origin=f"environment variables {PREFIX}*")


def _closed(path: Path) -> Layer:
    nested: dict[str, dict[str, object]] = {}
    for (group, field), value in closed_values().items():
        nested.setdefault(group, {})[field] = value
    return Layer(nested, origin=str(path))


def _said(path: Path, problem: str) -> str:
    return f"{path} cannot be read ({problem}); until it can, nothing is learned (it may have said so)"


def _toml(path: Path) -> tuple[dict, str]:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8")), ""
    except (FileNotFoundError, NotADirectoryError):
        return {}, ""
    except (OSError, ValueError, RecursionError) as error:
        return {}, str(error)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
