"""A library that exists as documentation only, written as an installed package of stubs, so that everything that learns
from installed libraries can learn from it: `def name(signature): docstring`, nothing behind it.

Read, never imported: a stub may be called `math`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from seal_lsp.core.library import Environment, LibraryId


@dataclass(frozen=True, slots=True)
class Documented:
    """`parameters` as they stand between the brackets of a `def`."""

    name: str
    parameters: str
    returns: str
    doc: str


def install(site: Path, library: LibraryId, modules: Mapping[str, Sequence[Documented]]) -> Environment:
    """Write the package into the folder `site` as pip would have left it; its environment. Modules are dotted names."""
    record = []
    for module in sorted({parent for name in modules for parent in _with_parents(name)}):
        path = Path(*module.split("."), "__init__.py")
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text("\n\n".join(map(_stub, modules.get(module, ()))), encoding="utf-8")
        record.append(f"{path.as_posix()},,\n")
    info = site / f"{library.name.replace('-', '_')}-{library.version}.dist-info"
    info.mkdir(parents=True)
    metadata = f"Metadata-Version: 2.1\nName: {library.name}\nVersion: {library.version}\n"
    (info / "METADATA").write_text(metadata, encoding="utf-8")
    (info / "RECORD").write_text("".join([*record, f"{info.name}/METADATA,,\n"]), encoding="utf-8")
    return Environment(site, None, (site,), "3.11", "setting")


def documented(signature: str, doc: str) -> Documented | None:
    """From `def math.sin(x, /) -> float:`, with or without `def`, dots and return; None if it is no Python."""
    match = re.match(r"(?:def\s+)?(?:[\w.]*\.)?(\w+)\s*(\(.*\))\s*(?:->\s*(.+?))?\s*:?\s*$", signature.strip(), re.S)
    if match is None:
        return None
    parameters = re.sub(r"<[^<>]*>", "None", match[2][1:-1])  # numpy's `<no value>`
    for returns in (match[3] or "", ""):
        if _parses(f"def f({parameters}){_arrow(returns)}: ..."):
            return Documented(match[1], parameters, returns, doc)
    return None


def _stub(one: Documented) -> str:
    doc = one.doc.strip().replace("\\", "\\\\").replace('"""', "'''").rstrip('"')
    lines = "\n".join(f"    {line.rstrip()}" if line.strip() else "" for line in doc.split("\n")).strip()
    return f'def {one.name}({one.parameters}){_arrow(one.returns)}:\n    """{lines}"""\n'


def _arrow(returns: str) -> str:
    return f" -> {returns}" if returns else ""


def _with_parents(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:n]) for n in range(1, len(parts) + 1)]


def _parses(source: str) -> bool:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    return True
