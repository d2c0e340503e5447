"""Which distributions an environment holds and which import names each gives, read from their metadata alone.

importlib.metadata only reads files here. Import names are top-level; for a namespace package (`google`) the roots say
which part of it belongs to the distribution.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import Distribution, PathDistribution, distributions
from pathlib import Path, PurePosixPath

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
        name, version = distribution.metadata["Name"], distribution.version
    except (KeyError, TypeError, ValueError, OSError, AttributeError):
        return None
    if not name or not version:
        return None
    info = distribution._path if isinstance(distribution, PathDistribution) else None  # no public name for it
    info = Path(info) if info is not None else None
    problem = ""
    editable = editable_roots(distribution, folder, canonicalize_name(name))
    if editable is not None:
        roots = editable
        problem = "" if roots else "an editable install whose sources are not found"
    else:
        roots, problem = _recorded_roots(distribution, folder, name)
    roots = tuple(dict.fromkeys(roots))
    names = tuple(dict.fromkeys(name for name in (_top(root, folder) for root in roots) if name))
    if roots and not problem:
        problem = _extension_problem(roots)
    return InstalledLibrary(
        id=LibraryId(name, version),
        import_names=names,
        roots=roots,
        dist_info=info,
        editable=editable is not None,
        requires=_requires(distribution),
        problem=problem,
    )


def _requires(distribution: Distribution) -> tuple[str, ...]:
    """Normalised names of the distributions that it depends on, extras left out."""
    names = []
    for text in distribution.requires or ():
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        if requirement.marker is None or "extra" not in str(requirement.marker):
            names.append(canonicalize_name(requirement.name))
    return tuple(dict.fromkeys(names))


def _recorded_roots(distribution: Distribution, folder: Path, name: str) -> tuple[list[Path], str]:
    files = distribution.files
    if files:
        paths = [PurePosixPath(str(file)) for file in files]
        roots = _roots_of([path for path in paths if _is_code(path)], folder)
        if roots:
            return roots, ""
    top_level = distribution.read_text("top_level.txt") or ""
    guesses = [line.strip() for line in top_level.splitlines() if line.strip()]
    said = "top_level.txt"
    if not guesses:
        guesses = [name.replace("-", "_"), name.replace("-", "_").lower(), name.replace("-", ".").lower(), name.lower()]
        said = "a guess from its name"
    roots = [root for guess in guesses for root in existing(folder, guess)]
    problem = f"it has no RECORD; its packages are known from {said}" if not files else ""
    if not roots:
        problem = "it has no RECORD and no package of its name" if not files else "it installs no importable module"
    return roots, problem


def _is_code(path: PurePosixPath) -> bool:
    if path.is_absolute() or ".." in path.parts or path.parts[0].endswith((".dist-info", ".egg-info", ".data")):
        return False
    if path.parts[0] in _NOT_PACKAGES or path.name.startswith("__editable__") or path.suffix == ".pth":
        return False
    return path.suffix in (".py", ".pyi", *_EXTENSION_SUFFIXES)


def _roots_of(paths: list[PurePosixPath], folder: Path) -> list[Path]:
    """Package folders and single modules; of a namespace package, the outermost folders with files of their own."""
    inits = {path.parent for path in paths if path.stem == "__init__"}
    roots: dict[Path, None] = {}
    for path in sorted(paths, key=lambda path: len(path.parts)):
        if len(path.parts) == 1:
            roots[folder / path] = None
            continue
        packages = [PurePosixPath(*path.parts[:i]) for i in range(1, len(path.parts))]
        if not all(part.removesuffix("-stubs").isidentifier() for part in path.parts[:-1]):
            continue
        root = next((package for package in packages if package in inits), None)
        if root is None:
            root = next((package for package in packages if folder / package in roots), path.parent)
        roots.setdefault(folder / root)
    return [root for root in roots if not any(parent in roots for parent in root.parents)]


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
