"""Finds a workspace's Python environment by reading files. The interpreter is never run.

What it cannot know: paths that the interpreter adds while starting (sitecustomize, `.pth` lines with code).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from seal_lsp.core.errors import EnvironmentProblem
from seal_lsp.core.library import Environment

_MAKE_ONE = "make one with `python -m venv .venv` in the workspace, or set python.interpreter"


def find_environment(root: Path, *, setting: str = "", variables: Mapping[str, str] | None = None) -> Environment:
    """setting > VIRTUAL_ENV > .venv > venv > conda > a child folder with a pyvenv.cfg.

    Raises EnvironmentProblem when there is none, when the one that the setting names is broken, or when the first
    one found is: a broken environment is said, never skipped for another one.
    """
    variables = os.environ if variables is None else variables
    if setting:
        return _from_setting(root, setting)
    for origin, folder in _candidates(root, variables):
        return _read(folder, origin)
    raise EnvironmentProblem(f"no Python environment found for {root}", hint=_MAKE_ONE)


def _candidates(root: Path, variables: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    active = variables.get("VIRTUAL_ENV", "")
    if active and Path(active).is_dir():
        yield "VIRTUAL_ENV", Path(active)
    for name in (".venv", "venv"):
        folder = root / name
        if folder.is_dir():
            yield name, folder
        elif folder.is_file():  # a `.venv` file names the environment that lies elsewhere
            named = folder.read_text("utf-8", "replace").strip()
            if named and (root / named).is_dir():
                yield name, root / named
    conda = variables.get("CONDA_PREFIX", "")
    # An activated conda base is the default shell of many machines; it is used only when the workspace has none.
    for folder in (root / ".conda", *([Path(conda)] if conda else [])):
        if (folder / "conda-meta").is_dir():
            yield "conda", folder
    try:
        children = sorted(root.iterdir())
    except OSError:
        return
    for folder in children:
        if (folder / "pyvenv.cfg").is_file():
            yield "pyvenv.cfg", folder
        elif (folder / "conda-meta").is_dir():
            yield "conda", folder


def _from_setting(root: Path, setting: str) -> Environment:
    path = Path(os.path.expandvars(setting)).expanduser()
    if not path.is_absolute():
        path = root / path
    hint = "set python.interpreter to a Python executable or to an environment's folder"
    if path.is_dir():
        return _read(path, "setting")
    if not path.exists():
        broken = " (a broken link)" if path.is_symlink() else ""
        raise EnvironmentProblem(f"python.interpreter does not exist: {path}{broken}", hint=hint)
    if not os.access(path, os.X_OK):
        raise EnvironmentProblem(f"python.interpreter is not a program: {path}", hint=hint)
    # Not resolved: the link's own folder says which environment it is, its target is the base installation.
    prefix = path.parent.parent if path.parent.name in ("bin", "Scripts") else path.parent
    if not _site_packages(prefix) and path.is_symlink():
        path = path.resolve()
        prefix = path.parent.parent if path.parent.name in ("bin", "Scripts") else path.parent
    return _read(prefix, "setting", path)


def _read(prefix: Path, origin: str, python: Path | None = None) -> Environment:
    configuration = _pyvenv(prefix)
    site_packages = _site_packages(prefix)
    if not site_packages:
        raise EnvironmentProblem(
            f"{prefix} ({origin}) is not a Python environment: it has no site-packages", hint=_MAKE_ONE
        )
    version = _version(prefix, configuration, site_packages)
    if python is None:
        python = _interpreter(prefix, origin)
    if configuration.get("include-system-site-packages", "").lower() == "true":
        home = Path(configuration.get("home", ""))
        base = home.parent if home.name in ("bin", "Scripts") else home
        if str(home) and base.is_dir():
            site_packages += [path for path in _site_packages(base, version) if path not in site_packages]
    return Environment(prefix, python, tuple(site_packages), version, origin)


def _interpreter(prefix: Path, origin: str) -> Path | None:
    """None where an environment has no interpreter at all (a `pip --target` folder); broken links are an error."""
    for relative in ("bin/python", "bin/python3", "Scripts/python.exe", "python.exe"):
        path = prefix / relative
        if path.exists():
            return path
        if path.is_symlink():
            raise EnvironmentProblem(
                f"the interpreter of {prefix} ({origin}) is a broken link: {path} -> {os.readlink(path)}",
                hint="its base Python was moved or upgraded; make the environment again, or set python.interpreter",
            )
    return None


def _pyvenv(prefix: Path) -> dict[str, str]:
    try:
        text = (prefix / "pyvenv.cfg").read_text("utf-8", "replace")
    except OSError:
        return {}
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {key.strip().lower(): value.strip() for key, _, value in pairs}


def _site_packages(prefix: Path, version: str = "") -> list[Path]:
    """Package folders of a prefix, newest Python first when there are several and no version says which."""
    short = ".".join(version.split(".")[:2])
    found = []
    for library in ("lib", "lib64", "Lib"):
        for name in (f"python{short}",) if short else ("python3.*", "pypy3.*", "python3"):
            for folder in ("site-packages", "dist-packages"):
                found += sorted((prefix / library).glob(f"{name}/{folder}"), key=_minor, reverse=True)
        if (prefix / library / "site-packages").is_dir():
            found.append(prefix / library / "site-packages")
    unique: dict[Path, Path] = {}
    for path in found:
        if path.is_dir():
            unique.setdefault(path.resolve(), path)
    # A `pip install --target` folder has its dist-infos right inside.
    if not unique and (next(prefix.glob("*.dist-info"), None) or next(prefix.glob("*.egg-info"), None)):
        return [prefix]
    return list(unique.values())


def _minor(path: Path) -> int:
    digits = path.parent.name.rpartition(".")[2]
    return int(digits) if digits.isdigit() else 0


def _version(prefix: Path, configuration: Mapping[str, str], site_packages: list[Path]) -> str:
    said = configuration.get("version") or configuration.get("version_info") or ""
    if said:
        return ".".join(said.split(".")[:3])
    for record in sorted((prefix / "conda-meta").glob("python-3.*.json")):
        return record.name.split("-")[1]
    name = site_packages[0].parent.name
    return name.removeprefix("python").removeprefix("pypy") if name.startswith(("python", "pypy")) else ""
