"""Which installed libraries are used here? Imports and API uses in workspace files, notebooks and open documents.

Slow the first time, since every file is parsed: call it off the event loop. A `Scanner` remembers each file.
Knows neither API surfaces nor whether a library is worth learning; nothing is imported or run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlparse

from seal_lsp.core.api import ApiSurface, Symbol
from seal_lsp.core.language import LanguageSupport
from seal_lsp.core.library import Environment, InstalledLibrary, LibraryId
from seal_lsp.languages.python.distributions import dist_for_import
from seal_lsp.languages.python.notebook import cells
from seal_lsp.languages.readable_files import is_ignored, looks_secret, read_source, readable_files
from seal_lsp.watch.metadata import listing

_NOTEBOOK = ".ipynb"


@dataclass(frozen=True, slots=True)
class LibraryUse:
    """How much a library is used here: in how many files, in how many places, under which of its import names."""

    library: LibraryId
    installed: InstalledLibrary
    import_names: tuple[str, ...]
    files: int
    uses: int
    declared: bool


@dataclass(frozen=True, slots=True)
class Scan:
    """`uses` most used first. `missing` are imported top-level names that no installed distribution gives.
    `skipped` are files that could not be read, with the reason."""

    uses: tuple[LibraryUse, ...]
    missing: tuple[str, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Remembered:
    time_ns: int
    size: int
    names: Mapping[str, int]
    problem: str


def scan(
    roots: Iterable[Path],
    environment: Environment,
    language: LanguageSupport,
    *,
    exclude: Iterable[str] = (),
    open_documents: Mapping[str, str] | None = None,
    declared: Collection[str] = (),
    max_bytes: int = 1024 * 1024,
    max_files: int = 5000,
) -> tuple[LibraryUse, ...]:
    """One scan from scratch; keep a `Scanner` to scan again cheaply."""
    scanner = Scanner(language, exclude=exclude, max_bytes=max_bytes, max_files=max_files)
    return scanner.scan(roots, environment, open_documents=open_documents or {}, declared=declared).uses


class Scanner:
    """Scans again and again; a file is read anew when its time or size changed. Not for several threads at once."""

    def __init__(
        self,
        language: LanguageSupport,
        *,
        exclude: Iterable[str] = (),
        max_bytes: int = 1024 * 1024,
        max_files: int = 5000,
    ) -> None:
        self._language = language
        self._exclude = tuple(exclude)
        self._max_bytes = max_bytes
        self._max_files = max_files
        self._remembered: dict[Path, _Remembered] = {}
        self._installed: tuple[Environment, frozenset, tuple[InstalledLibrary, ...]] | None = None
        self.parsed = 0  # files parsed so far; what the memory saves can be seen from it

    def scan(
        self,
        roots: Iterable[Path],
        environment: Environment,
        *,
        open_documents: Mapping[str, str] | None = None,
        declared: Collection[str] = (),
        installed: Iterable[InstalledLibrary] | None = None,
    ) -> Scan:
        """`open_documents` maps paths or URIs to text, which wins over the disk; one that is ignored, secret or
        outside the roots counts as little as its file would. `declared` are normalised names (trust.py)."""
        roots = tuple(root.resolve() for root in roots)
        files, skipped = self._files(roots, environment, open_documents or {})
        libraries = self._libraries(environment) if installed is None else tuple(installed)
        standard = self._language.standard_modules(environment)
        uses, missing = tally(files, libraries, declared=declared, not_libraries=standard | local_modules(roots))
        # A test's helper beside it is imported by its bare name, too.
        beside = {path.stem for path in self._remembered} | {path.parent.name for path in self._remembered}
        return Scan(uses, tuple(name for name in missing if name not in beside), skipped)

    def _libraries(self, environment: Environment) -> tuple[InstalledLibrary, ...]:
        """What is installed, read again only when the metadata folders changed: reading every RECORD is slow."""
        now = listing(environment)
        if self._installed is None or self._installed[:2] != (environment, now):
            self._installed = (environment, now, tuple(self._language.installed(environment)))
        return self._installed[2]

    def _files(
        self, roots: tuple[Path, ...], environment: Environment, documents: Mapping[str, str]
    ) -> tuple[list[Mapping[str, int]], tuple[tuple[str, str], ...]]:
        opened = _by_path(documents)
        names: list[Mapping[str, int]] = []
        skipped: list[tuple[str, str]] = []
        met: dict[Path, _Remembered] = {}
        endings = (*self._language.extensions, _NOTEBOOK)
        for found in readable_files(roots, extensions=endings, exclude=self._exclude, max_bytes=self._max_bytes):
            text = opened.pop(found.path, None)
            if found.problem:
                skipped.append((str(found.path), found.problem))
            elif text is not None:
                names.append(self._names(text))
            elif len(met) >= self._max_files:
                skipped.append((str(found.path), f"beyond the first {self._max_files} files"))
                break
            else:
                met[found.path] = self._file(found.path)
                names.append(met[found.path].names)
                if met[found.path].problem:
                    skipped.append((str(found.path), met[found.path].problem))
        self._remembered = met
        names += [self._names(text) for path, text in opened.items() if self._counts(path, roots, environment)]
        return names, tuple(skipped)

    def _counts(self, path: Path | str, roots: tuple[Path, ...], environment: Environment) -> bool:
        """A buffer that is no file met in the roots: one not saved yet, or any file when there is no workspace."""
        if isinstance(path, str):
            return True
        if looks_secret(path) or path.suffix not in (*self._language.extensions, _NOTEBOOK):
            return False
        if not roots:
            return not any(path.is_relative_to(folder) for folder in (environment.prefix, *environment.site_packages))
        root = next((root for root in roots if path.is_relative_to(root)), None)
        return root is not None and not path.exists() and not is_ignored(path, root, self._exclude)

    def _file(self, path: Path) -> _Remembered:
        try:
            status = path.stat()
        except OSError as error:
            return _Remembered(0, 0, {}, f"cannot be read: {error.strerror or error}")
        known = self._remembered.get(path)
        if known is not None and (known.time_ns, known.size) == (status.st_mtime_ns, status.st_size):
            return known
        text, problem = read_source(path, max_bytes=self._max_bytes)
        if path.suffix == _NOTEBOOK and not problem:
            text = "\n\n".join(cells(text))
        return _Remembered(status.st_mtime_ns, status.st_size, {} if problem else self._names(text), problem)

    def _names(self, text: str) -> Mapping[str, int]:
        self.parsed += 1
        return names_used(text, self._language)


def names_used(source: str, language: LanguageSupport) -> dict[str, int]:
    """Dotted names of other packages that a source imports or uses, with how often. No surface is read for it: to
    count uses it is enough that what is imported may hold anything."""
    counts: Counter[str] = Counter()
    kinds: dict[str, str] = {}
    for found in language.imports(source):
        if not found.module or found.module.startswith("."):
            continue
        parts = found.module.split(".")
        kinds |= {".".join(parts[:count]): "module" for count in range(1, len(parts) + 1)}
        name = f"{found.module}.{found.name}" if found.name not in ("", "*") else found.module
        kinds.setdefault(name, "class")
        counts[name] += 1
    for use in language.uses(source, _anything(kinds)) if kinds else ():
        if use.kind != "import":
            counts[use.qualname] += 1
    return dict(counts)


def tally(
    files: Iterable[Mapping[str, int]],
    libraries: Iterable[InstalledLibrary],
    *,
    declared: Collection[str] = (),
    not_libraries: Collection[str] = (),
) -> tuple[tuple[LibraryUse, ...], tuple[str, ...]]:
    """(uses by library, missing top-level names) of the names that each file uses."""
    libraries = tuple(libraries)
    owner: dict[str, InstalledLibrary | None] = {}
    in_files: Counter[str] = Counter()
    places: Counter[str] = Counter()
    tops: dict[str, set[str]] = {}
    by_name: dict[str, InstalledLibrary] = {}
    missing: set[str] = set()
    for names in files:
        here: set[str] = set()
        for name, count in names.items():
            top = name.partition(".")[0]
            if top in not_libraries:
                continue
            if name not in owner:
                owner[name] = dist_for_import(libraries, name)
            library = owner[name]
            if library is None:
                missing.add(top)
                continue
            by_name[library.id.name] = library
            here.add(library.id.name)
            places[library.id.name] += count
            tops.setdefault(library.id.name, set()).add(top)
        in_files.update(here)
    uses = [
        LibraryUse(lib.id, lib, tuple(sorted(tops[name])), in_files[name], places[name], name in declared)
        for name, lib in by_name.items()
    ]
    uses.sort(key=lambda use: (-use.uses, -use.files, use.library))
    return tuple(uses), tuple(sorted(missing))


def local_modules(roots: Iterable[Path]) -> frozenset[str]:
    """Top-level modules that the workspace itself holds: its own code is not a library that it uses."""
    names: set[str] = set()
    for root in roots:
        for base in (root, root / "src"):
            try:
                entries = list(base.iterdir())
            except OSError:
                continue
            names |= {entry.stem for entry in entries if entry.suffix == ".py"}
            names |= {entry.name for entry in entries if (entry / "__init__.py").is_file()}
    return frozenset(names)


def _anything(kinds: Mapping[str, str]) -> list[ApiSurface]:
    """Surfaces on which every imported name exists and may have any member."""
    surfaces = []
    for top in sorted({name.partition(".")[0] for name in kinds}):
        own = {name: Symbol(name, kind) for name, kind in kinds.items() if name.partition(".")[0] == top}
        surfaces.append(ApiSurface(LibraryId(top, "0"), (top,), own, frozenset(own)))
    return surfaces


def _by_path(documents: Mapping[str, str]) -> dict[Path | str, str]:
    """Texts by file; cells of one notebook joined; what is no file (`untitled:`) under its own name."""
    texts: dict[Path | str, list[str]] = {}
    for name, text in documents.items():
        texts.setdefault(_path(name), []).append(text)
    return {path: "\n\n".join(parts) for path, parts in texts.items()}


def _path(name: str) -> Path | str:
    url = urlparse(name)
    if url.scheme in ("file", "vscode-notebook-cell"):
        path = unquote(url.path)
        return Path(path[1:] if path[2:3] == ":" else path).resolve()
    if len(url.scheme) > 1:
        return name
    return Path(name).resolve()
