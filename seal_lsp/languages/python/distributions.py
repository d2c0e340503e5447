"""Which distributions an environment holds and which import names each gives, read from their metadata alone.

importlib.metadata only reads files here. Import names are top-level; for a namespace package (`google`) the roots say
which part of it belongs to the distribution.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from seal_lsp.core.library import Environment, InstalledLibrary, LibraryId
from seal_lsp.languages.python.editable import editable_roots, existing

_EXTENSION_SUFFIXES = (".so", ".pyd", ".dylib")
_NOT_PACKAGES = {"__pycache__", "bin", "scripts", "share", "include", "man", "etc", "data"}


def installed(environment: Environment) -> tuple[InstalledLibrary, ...]:
    """Every distribution of the environment by name; where two folders hold one, the first on the path wins."""
    found: dict[str, InstalledLibrary] = {}
    for folder in environment.site_packages:
        for distribution in distributions(path=[str(folder)]):
            library = _library(distribution, folder)
            if library is not None:
                found.setdefault(library.id.name, library)
    return tuple(sorted(found.values(), key=lambda library: library.id))


def dist_for_import(libraries: Iterable[InstalledLibrary], module: str) -> InstalledLibrary | None:
    """The library that gives `module` (dotted). Several may share a namespace: the deepest matching root wins."""
    top = module.partition(".")[0]
    best: tuple[int, InstalledLibrary] | None = None
    for library in libraries:
        if top not in library.import_names:
            continue
        depth = max((_matching_parts(root, module, top) for root in library.roots), default=0)
        # A stub-only distribution documents a library, it is not the one that runs.
        rank = depth * 2 - (library.id.name.startswith("types-") or library.id.name.endswith("-stubs"))
        if best is None or rank > best[0]:
            best = (rank, library)
    return best[1] if best else None


def module_name(root: Path, import_names: Iterable[str]) -> str:
    """The dotted name under which a root is imported: from its last part that is a top-level import name on."""
    parts = [part.partition(".")[0].removesuffix("-stubs") for part in root.parts]
    names = set(import_names)
    starts = [i for i, part in enumerate(parts) if part in names]
    return ".".join(parts[starts[-1] :]) if starts else parts[-1]


def _matching_parts(root: Path, module: str, top: str) -> int:
    mine, asked = module_name(root, (top,)).split("."), module.split(".")
    shared = 0
    for a, b in zip(mine, asked, strict=False):
        if a != b:
            return 0 if shared < len(mine) else shared
        shared += 1
    return shared


def _library(distribution: Distribution, folder: Path) -> InstalledLibrary | None:
    try:
        metadata = distribution.metadata
        name, version = metadata["Name"], metadata["Version"]
    except (KeyError, TypeError, ValueError, OSError, AttributeError):
        return None
    if not name or not version:
        return None
    info = getattr(distribution, "_path", None)  # importlib.metadata has no public name for it
    recorded = recorded_paths(distribution)
    problem = ""
    editable = editable_roots(distribution, folder, canonicalize_name(name), recorded)
    if editable is not None:
        roots = editable
        problem = "" if roots else "an editable install whose sources are not found"
    else:
        roots, problem = _recorded_roots(distribution, folder, name, recorded)
    roots = tuple(dict.fromkeys(roots))
    names = tuple(dict.fromkeys(name for name in (_top(root, folder) for root in roots) if name))
    if roots and not problem:
        problem = _extension_problem(roots)
    return InstalledLibrary(
        id=LibraryId(name, version),
        import_names=names,
        roots=roots,
        dist_info=Path(info) if info is not None else None,
        editable=editable is not None,
        requires=_requires(metadata.get_all("Requires-Dist") or distribution.requires or ()),
        problem=problem,
    )


def _requires(lines: Iterable[str]) -> tuple[str, ...]:
    """Normalised names of the distributions that it depends on, extras left out."""
    names = []
    for text in lines:
        if ";" in text and "extra" in text.partition(";")[2]:
            continue
        try:
            names.append(canonicalize_name(Requirement(text).name))
        except InvalidRequirement:
            continue
    return tuple(dict.fromkeys(names))


def recorded_paths(distribution: Distribution) -> tuple[str, ...]:
    """Paths of the installed files, relative to site-packages, with slashes; none where nothing records them.

    Read as text: importlib.metadata makes an object of each of the tens of thousands of files of an environment.
    """
    record = distribution.read_text("RECORD")
    if record is None:
        return tuple(str(file) for file in distribution.files or ())
    try:
        return tuple(row[0] for row in csv.reader(record.splitlines()) if row)
    except csv.Error:
        return ()


def _recorded_roots(
    distribution: Distribution, folder: Path, name: str, recorded: Iterable[str]
) -> tuple[list[Path], str]:
    if recorded:
        roots = _roots_of([path for path in recorded if _is_code(path)], folder)
        if roots:
            return roots, ""
    top_level = distribution.read_text("top_level.txt") or ""
    guesses = [line.strip() for line in top_level.splitlines() if line.strip()]
    said = "top_level.txt"
    if not guesses:
        guesses = [name.replace("-", "_"), name.replace("-", "_").lower(), name.replace("-", ".").lower(), name.lower()]
        said = "a guess from its name"
    roots = [root for guess in guesses for root in existing(folder, guess)]
    problem = f"it has no RECORD; its packages are known from {said}" if not recorded else ""
    if not roots:
        problem = "it installs no importable module" if recorded else "it has no RECORD and no package of its name"
    return roots, problem


def _is_code(path: str) -> bool:
    if not path.endswith((".py", ".pyi", *_EXTENSION_SUFFIXES)) or path.startswith(("/", "..", "__editable__")):
        return False
    top = path.partition("/")[0]
    return top not in _NOT_PACKAGES and not top.endswith((".dist-info", ".egg-info", ".data"))


def _roots_of(paths: list[str], folder: Path) -> list[Path]:
    """Package folders and single modules; of a namespace package, the outermost folders with files of their own."""
    modules = [path for path in paths if "/" not in path]
    folders = {tuple(path.split("/")[:-1]) for path in paths if "/" in path}
    packages = {tuple(path.split("/")[:-1]) for path in paths if path.rpartition("/")[2].startswith("__init__.")}
    roots: dict[tuple[str, ...], None] = {}
    for parts in sorted(folders, key=lambda parts: (len(parts), parts)):
        if not all(part.removesuffix("-stubs").isidentifier() for part in parts):
            continue
        above = [parts[:i] for i in range(1, len(parts) + 1)]
        root = next((candidate for candidate in above if candidate in packages or candidate in roots), parts)
        roots.setdefault(root)
    outermost = [root for root in roots if not any(root[:i] in roots for i in range(1, len(root)))]
    return [folder.joinpath(*root) for root in outermost] + [folder / module for module in modules]


def _top(root: Path, folder: Path) -> str:
    """The top-level import name of a root; outside site-packages (editable) packages with __init__ are climbed."""
    try:
        top = root.relative_to(folder).parts[0]
    except ValueError:
        while (root.parent / "__init__.py").is_file():
            root = root.parent
        top = root.name
    name = top.partition(".")[0].removesuffix("-stubs")
    return name if name.isidentifier() else ""


def _extension_problem(roots: Iterable[Path]) -> str:
    """What cannot be read: compiled modules that have neither source nor stubs beside them."""
    readable = False
    compiled = ""
    for root in roots:
        files = [root] if root.is_file() else root.rglob("*")
        for path in files:
            if path.suffix in (".py", ".pyi"):
                readable = True
                if path.stem != "__init__":
                    return ""
            elif path.suffix in _EXTENSION_SUFFIXES:
                compiled = compiled or path.name
    if compiled and not readable:
        return f"a C extension without source or stubs ({compiled}): its API cannot be read"
    return ""
