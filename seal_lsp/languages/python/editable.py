"""Editable installs: where the sources of a distribution lie that is installed as links to them.

Read from `.pth` files, `direct_url.json`, `.egg-link` and the finder modules that setuptools writes; those are parsed
as data, never run.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable
from importlib.metadata import Distribution
from pathlib import Path
from urllib.parse import unquote, urlparse

_NOT_PACKAGES = {"tests", "test", "docs", "doc", "examples", "build", "dist", "setup.py", "conftest.py", "noxfile.py",
                 "tasks.py"}  # fmt: skip


def editable_roots(distribution: Distribution, folder: Path, name: str, recorded: Iterable[str]) -> list[Path] | None:
    """Where an editable distribution's packages lie; None if it is not editable."""
    source = _direct_url(distribution)
    names = [line.strip() for line in (distribution.read_text("top_level.txt") or "").splitlines() if line.strip()]
    pth, finders = _editable_files(recorded, folder, name)
    if source is None and not finders and (not pth or _ships_code(recorded)):
        return None
    roots: list[Path] = []
    for finder in finders:
        roots += [path for path in _finder_mapping(finder) if path.exists()]
    folders = [Path(line) for path in pth for line in _pth_lines(path)]
    if not roots and not folders and source is not None:
        folders = [source / "src", source]
    for base in folders:
        if not base.is_dir():
            continue
        wanted = [path for top in names for path in existing(base, top)]
        found = wanted or _packages_in(base)
        roots += found
        if found and not pth:
            break
    return roots


def _ships_code(recorded: Iterable[str]) -> bool:
    return any(path.endswith((".py", ".pyi")) and not path.startswith("__") for path in recorded)


def _packages_in(base: Path) -> list[Path]:
    """Packages and modules of a source folder, leaving out what is there for development only."""
    packages = [path.parent for path in sorted(base.glob("*/__init__.py")) if path.parent.name not in _NOT_PACKAGES]
    if packages:
        return packages
    modules = [path for path in sorted(base.glob("*.py")) if path.name not in _NOT_PACKAGES]
    if modules:
        return modules
    return [path.parent for path in sorted(base.glob("*/*/__init__.py")) if path.parts[-3] not in _NOT_PACKAGES]


def _direct_url(distribution: Distribution) -> Path | None:
    try:
        data = json.loads(distribution.read_text("direct_url.json") or "{}")
        editable = data.get("dir_info", {}).get("editable", False)
    except (ValueError, AttributeError):
        return None
    url = urlparse(str(data.get("url", "")))
    return Path(unquote(url.path)) if editable and url.scheme == "file" else None


def _editable_files(recorded: Iterable[str], folder: Path, name: str) -> tuple[list[Path], list[Path]]:
    """`.pth` files and finder modules that belong to this distribution, by RECORD or by their name."""
    plain = name.replace("-", "_")
    beside = [path for path in recorded if "/" not in path]
    pth = [folder / path for path in beside if path.endswith(".pth")]
    finders = [folder / path for path in beside if path.startswith("__editable__") and path.endswith(".py")]
    pth += [path for path in (folder / f"{plain}.pth", folder / f"_{plain}.pth") if path.is_file() and path not in pth]
    link = folder / f"{name}.egg-link"
    if link.is_file():
        pth.append(link)
    return [path for path in pth if path.is_file() and _pth_lines(path)], [path for path in finders if path.is_file()]


def _pth_lines(path: Path) -> list[str]:
    """Folders that a .pth file (or egg-link) adds; its lines with code are ignored."""
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
    entries = [line.strip() for line in lines]
    return [line for line in entries if line.startswith(("/", "\\")) or line[1:3] in (":\\", ":/")]


def _finder_mapping(path: Path) -> list[Path]:
    """The paths of the `MAPPING` and `NAMESPACES` literals of setuptools' finder module."""
    try:
        tree = ast.parse(path.read_text("utf-8", "replace"))
    except (OSError, SyntaxError, ValueError):
        return []
    found: list[Path] = []
    for node in tree.body:
        if not isinstance(node, (ast.Assign, ast.AnnAssign)) or node.value is None:
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if not any(isinstance(target, ast.Name) and target.id == "MAPPING" for target in targets):
            continue
        try:
            mapping = ast.literal_eval(node.value)
        except ValueError:
            continue
        if isinstance(mapping, dict):
            for value in mapping.values():
                base = Path(str(value))
                found += [base] if base.exists() else [base.with_name(base.name + ".py")]
    return found


def existing(folder: Path, name: str) -> list[Path]:
    """The package folder or the modules of a name in a folder."""
    base = folder.joinpath(*name.split(".")) if "/" not in name else folder / name
    if base.is_dir():
        return [base]
    modules = (base.with_name(f"{base.name}.py"), *base.parent.glob(f"{base.name}.*.so"))
    return [path for path in modules if path.is_file()]


def added_folders(site_packages: Iterable[Path]) -> list[Path]:
    """Folders that the environment's `.pth` files and finder modules make importable beside site-packages."""
    found: list[Path] = []
    for folder in site_packages:
        for path in sorted(folder.glob("*.pth")):
            found += [Path(line) for line in _pth_lines(path)]
        for path in sorted(folder.glob("__editable__*.py")):
            found += [target.parent for target in _finder_mapping(path)]
    return [folder for folder in dict.fromkeys(found) if folder.is_dir()]
