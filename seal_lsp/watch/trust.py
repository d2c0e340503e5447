"""Which distributions does the project declare? Read from its manifests and lock files, as data.

Knows nothing of what is installed or used. A malformed file is a problem to report; what else is declared still counts.
"""

from __future__ import annotations

import ast
import configparser
import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from seal_lsp.languages.readable_files import is_within, read_source, readable_files

_MAX_BYTES = 16 * 1024 * 1024  # lock files are long


@dataclass(frozen=True, slots=True)
class Declared:
    """`names` are normalised; `files` are those that were read; `problems` say which could not be, and why."""

    names: frozenset[str]
    files: tuple[Path, ...] = ()
    problems: tuple[str, ...] = ()


def declared(roots: Iterable[Path], *, exclude: Iterable[str] = ()) -> Declared:
    """Names in every manifest and lock file below the roots that is not ignored. What builds the project
    (`build-system.requires`) is not what it uses and is left out, and so is the project itself."""
    roots = tuple(root.resolve() for root in roots)
    names: set[str] = set()
    files: list[Path] = []
    problems: list[str] = []
    endings = (".toml", ".lock", ".cfg", ".txt", ".in", "setup.py", "Pipfile")
    for found in readable_files(roots, extensions=endings, exclude=exclude, max_bytes=_MAX_BYTES):
        read = reader(found.path)
        if read is None:
            continue
        shown = found.path.relative_to(found.root).as_posix()
        text, problem = ("", found.problem) if found.problem else read_source(found.path, max_bytes=_MAX_BYTES)
        if problem:
            problems.append(f"{shown}: {problem}")
            continue
        try:
            names.update(canonicalize_name(name) for name in read(text))
            if read is _requirements:
                names.update(_included(text, found.path, roots, {found.path}, problems))
        except (
            ValueError,
            TypeError,
            AttributeError,
            KeyError,
            RecursionError,
            configparser.Error,
            SyntaxError,
        ) as error:
            problems.append(f"{shown}: cannot be understood: {str(error).partition(chr(10))[0]}")
            continue
        files.append(found.path)
    return Declared(frozenset(names), tuple(files), tuple(problems))


def reader(path: Path) -> Callable[[str], Iterable[str]] | None:
    """How to read names out of this manifest; None when it is none."""
    name = path.name
    if name in _READERS:
        return _READERS[name]
    if re.fullmatch(r"pylock\..+\.toml", name):
        return _packages_lock
    in_folder = path.parent.name == "requirements" and path.suffix in (".txt", ".in")
    if in_folder or re.fullmatch(r".*requirements.*\.(txt|in)", name):
        return _requirements
    return None


def _pyproject(text: str) -> Iterator[str]:
    data = tomllib.loads(text)
    project = data.get("project", {})
    tool = data.get("tool", {})
    poetry = tool.get("poetry", {})
    itself = canonicalize_name(str(project.get("name") or poetry.get("name") or ""))
    lines = list(project.get("dependencies", []))
    tables = [project.get("optional-dependencies", {}), data.get("dependency-groups", {})]
    tables.append(tool.get("pdm", {}).get("dev-dependencies", {}))
    lines += [line for table in tables for group in table.values() for line in group if isinstance(line, str)]
    lines += tool.get("uv", {}).get("dev-dependencies", [])
    for environment in tool.get("hatch", {}).get("envs", {}).values():
        lines += [*environment.get("dependencies", []), *environment.get("extra-dependencies", [])]
    names = [name for line in lines if (name := _name(line))]
    groups = [poetry, *poetry.get("group", {}).values()]
    names += [name for group in groups for name in group.get("dependencies", {}) if name.lower() != "python"]
    names += list(poetry.get("dev-dependencies", {}))
    yield from (name for name in names if canonicalize_name(name) != itself)


def _setup_cfg(text: str) -> Iterator[str]:
    config = configparser.ConfigParser(interpolation=None)
    config.read_string(text)
    values: list[str] = []
    if config.has_section("options"):
        values += [config.get("options", key, fallback="") for key in ("install_requires", "tests_require")]
    if config.has_section("options.extras_require"):
        values += [value for _, value in config.items("options.extras_require")]
    for value in values:
        # setuptools' list-semi: one a line, or all on one line between semicolons (which markers use too).
        lines = value.split("\n") if "\n" in value.strip() else re.split(r";(?![^;]*['\"])", value)
        yield from (name for line in lines if (name := _name(line)))


def _setup_py(text: str) -> Iterator[str]:
    """Literal requirements in the setup() call; what is computed is not seen."""
    wanted = ("install_requires", "tests_require", "extras_require")
    for node in ast.walk(ast.parse(text)):
        for keyword in node.keywords if isinstance(node, ast.Call) else ():
            if keyword.arg in wanted:
                yield from (name for line in _strings(keyword.value) if (name := _name(line)))


def _strings(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Dict):
        yield from (line for value in node.values for line in _strings(value))
    elif isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        yield from (line for item in node.elts for line in _strings(item))
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield from node.value.split("\n")


def _pipfile(text: str) -> Iterator[str]:
    data = tomllib.loads(text)
    for section, table in data.items():
        if section not in ("source", "requires", "scripts", "pipenv"):
            yield from table


def _pipfile_lock(text: str) -> Iterator[str]:
    for section, table in json.loads(text).items():
        if section != "_meta":
            yield from table


def _package_lock(text: str) -> Iterator[str]:
    """uv.lock, poetry.lock, pdm.lock: [[package]] tables; the project's own entry has a local source."""
    for package in tomllib.loads(text).get("package", []):
        source = package.get("source", {})
        if not (isinstance(source, dict) and {"virtual", "editable"} & set(source)):
            yield package["name"]


def _packages_lock(text: str) -> Iterator[str]:
    """pylock.toml (PEP 751)."""
    for package in tomllib.loads(text).get("packages", []):
        if package.get("directory", {}).get("path") != ".":
            yield package["name"]


def _requirements(text: str) -> Iterator[str]:
    for line in _logical_lines(text):
        if not line.startswith("-"):
            name = _name(line)
            if name:
                yield name
        elif line.startswith(("-e ", "--editable ")) and "#egg=" in line:
            yield re.split(r"[\[&]", line.partition("#egg=")[2])[0].strip()


def _included(text: str, path: Path, roots: tuple[Path, ...], seen: set[Path], problems: list[str]) -> Iterator[str]:
    """Names in files that `-r FILE` lines name, inside the roots only."""
    for line in _logical_lines(text):
        match = re.fullmatch(r"(?:-r\s*|--requirement[\s=]\s*)(\S+)", line)
        if not match:
            continue
        target = (path.parent / match[1]).resolve()
        if target in seen:
            continue
        seen.add(target)
        if not is_within(target, roots):
            problems.append(f"{path.name}: {match[1]} is not read: it lies outside the workspace")
            continue
        inner, problem = read_source(target, max_bytes=_MAX_BYTES)
        if problem:
            problems.append(f"{path.name}: {match[1]}: {problem}")
            continue
        yield from (canonicalize_name(name) for name in _requirements(inner))
        yield from _included(inner, target, roots, seen, problems)


def _logical_lines(text: str) -> Iterator[str]:
    for line in text.replace("\\\n", " ").split("\n"):
        bare = re.sub(r"(^|\s)#.*$", "", line).strip()
        if bare:
            yield bare


def _name(line: str) -> str:
    """The distribution that a requirement line names; "" for what is none (a path, a bare URL)."""
    line = re.split(r"\s--", line.strip())[0]
    try:
        name = Requirement(line).name
    except InvalidRequirement:
        # What pip would refuse still names a distribution when a name stands alone before a version.
        match = re.match(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?\s*([=<>!~;@]|$)", line)
        name = match[1] if match else ""
    return "" if name.endswith((".whl", ".zip", ".tar.gz")) else name


_READERS: dict[str, Callable[[str], Iterable[str]]] = {
    "pyproject.toml": _pyproject,
    "setup.cfg": _setup_cfg,
    "setup.py": _setup_py,
    "Pipfile": _pipfile,
    "Pipfile.lock": _pipfile_lock,
    "uv.lock": _package_lock,
    "poetry.lock": _package_lock,
    "pdm.lock": _package_lock,
    "pylock.toml": _packages_lock,
}
