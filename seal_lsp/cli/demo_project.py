"""The demo's scratch project: a folder with its own virtual environment, a manifest and one file that uses the library.

The file is made from what the library itself documents, so that any pure-Python library will do. pip is the only thing
run here; the library is read, never imported.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seal_lsp.collect.gather import gather
from seal_lsp.core.api import ApiSurface, Symbol
from seal_lsp.core.code import ApiUse
from seal_lsp.core.errors import EnvironmentProblem
from seal_lsp.core.language import LanguageSupport
from seal_lsp.core.library import Environment, InstalledLibrary, LibraryId

PIP_TIMEOUT_S = 300
_LINES = 60  # a longer README block makes a demo that nobody reads
_SOURCES = ("readme", "docstring", "library")


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the file where the library's API is named. `text` is the document with the rest of the line gone, as
    if it were being typed; `start` is where the name began."""

    name: str
    kind: str
    text: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Project:
    root: Path
    environment: Environment
    library: InstalledLibrary
    surface: ApiSurface
    file: Path
    text: str
    origin: str


def create_environment(root: Path, library: LibraryId, pip_options: Sequence[str] = ()) -> None:
    """A fresh `root/.venv` with the library in it. Raises EnvironmentProblem with pip's last words."""
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    venv.EnvBuilder(with_pip=False, symlinks=sys.platform != "win32").create(root / ".venv")
    python = root / ".venv" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check", "--quiet", "install"]
    wanted = f"{library.name}=={library.version}"
    try:
        done = subprocess.run(
            [*pip, *pip_options, wanted], capture_output=True, text=True, timeout=PIP_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise EnvironmentProblem(f"pip took longer than {PIP_TIMEOUT_S} s for {wanted}", hint="try again") from None
    if done.returncode != 0:
        words = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise EnvironmentProblem(
            f"pip could not install {wanted}: {words[-1] if words else 'it said nothing'}",
            hint="is the name and version right, and is a package index reachable?",
        )


def lay_out(root: Path, library: LibraryId, language: LanguageSupport) -> Project:
    """Write the manifest and main.py beside an environment that `create_environment` made."""
    environment = language.find_environment(root, setting="", variables={})
    installed = language.installed(environment)
    found = next((one for one in installed if one.id == library), None)
    if found is None:
        raise EnvironmentProblem(f"{library} is not in {environment.prefix}", hint="pip installed something else")
    surface = language.surface(found, environment)
    if not surface.symbols:
        why = found.problem or "; ".join(surface.problems) or "no Python source and no stubs"
        raise EnvironmentProblem(f"{library} has no API that can be read: {why}", hint="take a pure-Python library")
    text, origin = example(found, surface, environment, installed, language)
    (root / "pyproject.toml").write_text(
        f'[project]\nname = "seal-demo"\nversion = "0"\ndependencies = ["{library.name}=={library.version}"]\n',
        encoding="utf-8",
    )
    file = root / "main.py"
    file.write_text(text, encoding="utf-8")
    return Project(root, environment, found, surface, file, text, origin)


def example(
    library: InstalledLibrary,
    surface: ApiSurface,
    environment: Environment,
    installed: Sequence[InstalledLibrary],
    language: LanguageSupport,
) -> tuple[str, str]:
    """(code that uses the library, where it was found): its README's first block whose imports are all installed and
    that names several APIs, else a docstring's, else a call of its first public callable."""
    known = {name.partition(".")[0] for one in installed for name in one.import_names}
    known |= language.standard_modules(environment)
    evidence = gather(library, surface, environment, language=language, dependents=False, workspace=False).evidence
    fitting: list[tuple[int, str, str]] = []
    for source in _SOURCES:
        for item in evidence:
            if item.kind != "usage" or item.provenance.source != source or item.text.count("\n") > _LINES:
                continue
            imported = {use.module.partition(".")[0] for use in language.imports(item.text) if use.module}
            if language.syntax_problem(item.text) or not imported <= known:
                continue
            text = item.text.rstrip() + "\n"
            count = len(places(text, surface, language))
            fitting.append((count, text, f"{item.provenance.file}:{item.provenance.line}"))
        enough = next((one for one in fitting if one[0] >= 2), None)
        if enough:
            return enough[1], enough[2]
    if fitting:
        _, text, origin = max(fitting, key=lambda one: one[0])
        return text, origin
    return _first_call(surface), "its API surface"


def places(text: str, surface: ApiSurface, language: LanguageSupport, most: int = 3) -> tuple[Place, ...]:
    """Where the demo asks for completions: names that exist and have rivals, the hardest of each kind first."""
    found: dict[str, list[tuple[int, ApiUse]]] = {"member": [], "keyword": [], "import": []}
    for use in language.uses(text, [surface]):
        rivals = _rivals(use, surface)
        if use.exists and use.kind in found and rivals > 1:
            found[use.kind].append((rivals, use))
    ordered = [sorted(uses, key=lambda one: (-one[0], one[1].start)) for uses in found.values()]
    chosen = [uses[0][1] for uses in ordered if uses] + [use for uses in ordered for _, use in uses[1:]]
    return tuple(_place(text, use) for use in chosen[:most])


def hover_place(text: str, surface: ApiSurface, language: LanguageSupport) -> tuple[str, int, int] | None:
    """(qualname, line, UTF-16 column) of a documented name in the file, a call before anything else."""
    uses = [use for use in language.uses(text, [surface]) if use.exists and use.kind != "keyword"]
    uses.sort(key=lambda use: (_dull(surface.resolve(use.qualname)), use.kind != "call", use.start))
    if not uses:
        return None
    line, column = _position(text, uses[0].start)
    return uses[0].qualname, line, column


def _rivals(use: ApiUse, surface: ApiSurface) -> int:
    names = (surface.keywords(use.owner) or ()) if use.kind == "keyword" else surface.members(use.owner)
    return sum(not name.startswith("_") for name in names)


def _place(text: str, use: ApiUse) -> Place:
    end = text.find("\n", use.start)
    rest = "" if end < 0 else text[end:]
    line, column = _position(text, use.start)
    return Place(use.name, use.kind, text[: use.start] + rest, line, column)


def _position(text: str, offset: int) -> tuple[int, int]:
    before = text[:offset]
    last = before[before.rfind("\n") + 1 :]
    return before.count("\n"), len(last.encode("utf-16-le")) // 2


def _dull(symbol: Symbol | None) -> bool:
    return symbol is None or not symbol.doc or not symbol.public or symbol.name.startswith("__")


def _first_call(surface: ApiSurface) -> str:
    """`from package import Name` and a call with the parameters that have no default."""
    symbols = [s for s in surface.symbols.values() if s.public and s.kind in ("class", "function")]
    roots = set(surface.import_names)
    symbols.sort(key=lambda s: (s.owner not in roots, not s.doc, s.kind != "class", s.qualname))
    if not symbols:
        return f"import {surface.import_names[0]}\n"
    symbol = surface.resolve(symbols[0].qualname) or symbols[0]
    needed = [
        p for p in symbol.parameters or () if p.default is None and p.kind not in ("var_positional", "var_keyword")
    ]
    arguments = ", ".join("None" if p.kind == "positional_only" else f"{p.name}=None" for p in needed)
    return f"from {symbols[0].owner} import {symbols[0].name}\n\nvalue = {symbols[0].name}({arguments})\n"
