"""What a measurement is about: case files, the libraries that they name, and the environments that have these.

Everything is read; nothing is installed, imported or run.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from seal_lsp.cli.vet_report import importable
from seal_lsp.core.api import ApiSurface
from seal_lsp.core.errors import EnvironmentProblem, UsageError
from seal_lsp.core.learning import Case
from seal_lsp.core.library import Environment, InstalledLibrary, LibraryId
from seal_lsp.languages.python.fingerprint import fingerprint
from seal_lsp.languages.python.support import Python
from seal_lsp.measure.cases import case_digest, load_cases, sample
from seal_lsp.store.paths import Paths

SHAPE_AN_ADAPTER = (
    *("collect/", "core/", "gate/", "languages/", "lm/", "pipeline/", "self_edits/", "train/", "vet/"),
    *(f"measure/{name}.py" for name in ("bootstrap", "cases", "corpora", "evaluate", "overlap", "probes")),
)
"""The package's files that a learned adapter and the gate's word on it depend on."""


@dataclass(frozen=True)
class Options:
    """What the command line asked for. `typed` drops the rest of the cursor's line from the product's document;
    `hovers` usage lines are asked for in each library; `libraries` are named without cases."""

    cases: tuple[Path, ...]
    report: Path
    python: Path | None = None
    sites: tuple[Path, ...] = ()
    arms: tuple[str, ...] = ()
    adapters: tuple[Path, ...] = ()
    wrong_adapter: Path | None = None
    overrides: Mapping[str, object] = field(default_factory=dict)
    seed: int = 0
    limit: int | None = None
    model: str = ""
    device: str = "auto"
    runtime: str = "auto"
    threads: int | None = None
    ignore_gate: bool = False
    typed: bool = False
    hovers: int | None = None
    resamples: int = 2000
    characters: int = 0
    libraries: tuple[LibraryId, ...] = ()

    def command_line(self, name: str = "eval") -> str:
        """The command that measures the same again."""
        words: list[object] = ["seal-lsp", *name.split(), *self.cases, *self.libraries]
        for option, value in {
            "--arms": ",".join(self.arms), "--python": self.python, "--report": self.report, "--model": self.model,
            "--wrong-adapter": self.wrong_adapter, "--limit": self.limit, "--threads": self.threads,
            "--characters": self.characters,
        }.items():  # fmt: skip
            words += [option, value] if value else []
        for option, values in {"--site": self.sites, "--adapter": self.adapters}.items():
            words += [word for value in values for word in (option, value)]
        words += [w for key, value in self.overrides.items() for w in ("--set", f"{key}={json.dumps(value)}")]
        words += ["--hovers", self.hovers] if self.hovers is not None else []
        words += ["--seed", self.seed] if self.seed else []
        words += ["--device", self.device] if self.device != "auto" else []
        words += ["--runtime", self.runtime] if self.runtime != "auto" else []
        words += ["--ignore-gate"] if self.ignore_gate else []
        words += ["--typed"] if self.typed else []
        return shlex.join(map(str, words))


@dataclass(frozen=True)
class Subject:
    """One library of the run. `cases` are measured; `files` hold all its cases, none of which may train. `interpreter`
    is the setting under which the product finds the same environment."""

    library: LibraryId
    cases: tuple[Case, ...]
    files: tuple[Path, ...]
    environment: Environment
    interpreter: str
    installed: InstalledLibrary
    surface: ApiSurface
    importable: frozenset[str]

    @property
    def name(self) -> str:
        return str(self.library)


@dataclass(frozen=True)
class Located:
    """A library of the case files, and where it is installed."""

    library: LibraryId
    cases: tuple[Case, ...]
    files: tuple[Path, ...]
    installed: InstalledLibrary
    environment: Environment
    interpreter: str


def locate(options: Options) -> list[Located]:
    """The libraries in the order of the case files. Reads little; raises UsageError for a case file that does not read,
    and when a library is not installed at its version."""
    if options.python is None and not options.sites:
        raise UsageError(
            "where are the libraries installed?", hint="give --python INTERPRETER, or --site DIR of a pip --target"
        )
    found: dict[LibraryId, tuple[list[Case], list[Path]]] = {}
    seen: dict[str, Path] = {}
    for file in options.cases:
        for case in load_cases(file):
            if seen.setdefault(case_digest(case), file) != file:
                raise UsageError(f"{file} repeats a case of {seen[case_digest(case)]}", hint="give each case once")
            cases, files = found.setdefault(LibraryId(case.library, case.version), ([], []))
            cases.append(case)
            files += [file] if file not in files else []
    for library in options.libraries:
        found.setdefault(library, ([], []))
    places = _places(options)
    return [
        Located(
            library,
            tuple(sample(cases, options.limit, seed=options.seed)),
            tuple(files),
            *_locate(library, places),
        )
        for library, (cases, files) in found.items()
    ]


def subject_of(located: Located, paths: Paths) -> Subject:
    """With the library's surface, kept in the index of `paths`. Raises UsageError when it has none."""
    from seal_lsp.store.api_index import ApiIndex

    library, installed, environment = located.library, located.installed, located.environment
    index, mark = ApiIndex(paths.index), fingerprint(installed)
    surface = index.get(library, mark)
    if surface is None:
        surface = Python().surface(installed, environment)
        index.put(surface, mark)
    if not surface.symbols:
        why = installed.problem or "; ".join(surface.problems) or "no Python source and no stubs"
        raise UsageError(f"{library} has no API that can be read: {why}", hint="take a library with source or stubs")
    names = importable(installed, environment)
    return Subject(library, located.cases, located.files, environment, located.interpreter, installed, surface, names)


def _places(options: Options) -> list[tuple[Environment, str]]:
    """(environment, the setting that finds it), as the product would find it."""
    language = Python()
    places = []
    for path in (*((options.python,) if options.python else ()), *options.sites):
        setting = str(path.absolute())
        try:
            places.append((language.find_environment(Path.cwd(), setting=setting, variables={}), setting))
        except EnvironmentProblem as problem:
            raise UsageError(
                f"nothing is installed there: {problem.message}", hint="--python is an interpreter, --site a folder"
            ) from problem
    return places


def _locate(library: LibraryId, places: Sequence[tuple[Environment, str]]) -> tuple[InstalledLibrary, Environment, str]:
    others = []
    for environment, setting in places:
        for installed in Python().installed(environment):
            if installed.id == library:
                return installed, environment, setting
            if installed.id.name == library.name:
                others.append(f"{installed.id.version} in {setting}")
    environment, setting = places[0]
    pip = f"{environment.python} -m pip install" if environment.python else f"pip install --no-deps --target {setting}"
    there = f"there is {' and '.join(others)}" if others else f"not in {', '.join(setting for _, setting in places)}"
    raise UsageError(
        f"{library.name} {library.version} is not installed: {there}",
        hint=f"install it: {pip} {library.name}=={library.version}",
    )


@cache
def code_digest(*parts: str) -> str:
    """sha256 over the package's own source files, those whose path begins with one of `parts` or all of them: what
    other code has measured is not a result of this one."""
    import seal_lsp

    root = Path(seal_lsp.__file__).parent
    total = hashlib.sha256()
    for file in sorted(root.rglob("*.py")):
        name = file.relative_to(root).as_posix()
        if not parts or name.startswith(parts):
            total.update(f"{name}\0".encode() + file.read_bytes() + b"\0")
    return total.hexdigest()
