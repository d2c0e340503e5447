"""What is installed: environments, distributions, and the identity of a library at a version. No I/O here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from seal_lsp.core.errors import UsageError


@dataclass(frozen=True, slots=True, order=True)
class LibraryId:
    """A distribution at a version. `name` is normalised as PEP 503 says, so it compares by value."""

    name: str
    version: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", re.sub(r"[-_.]+", "-", self.name).lower())

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"

    @classmethod
    def parse(cls, text: str) -> LibraryId:
        """Read `name@version` or `name==version`. Raises UsageError on anything else."""
        match = re.fullmatch(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*?)\s*(?:@|==)\s*([A-Za-z0-9][A-Za-z0-9.!+_-]*)\s*", text)
        if not match:
            raise UsageError(f"not a library at a version: {text!r}", hint="write it as name@version or name==version")
        return cls(match[1], match[2])


@dataclass(frozen=True, slots=True)
class Environment:
    """A workspace's Python environment, found without running it.

    `site_packages` are ordered as on its sys.path; `origin` says which rule found it
    (setting, VIRTUAL_ENV, .venv, venv, conda, pyvenv.cfg).
    """

    prefix: Path
    python: Path | None
    site_packages: tuple[Path, ...]
    version: str
    origin: str


@dataclass(frozen=True, slots=True)
class InstalledLibrary:
    """A distribution as its dist-info describes it. `roots` are the package folders and single modules it installs."""

    id: LibraryId
    import_names: tuple[str, ...]
    roots: tuple[Path, ...]
    dist_info: Path | None
    editable: bool = False
    requires: tuple[str, ...] = ()
    problem: str = ""  # why it cannot be read fully: no RECORD, C extension without source or stubs ...


def environment_as_dict(environment: Environment) -> dict:
    """JSON-friendly; `environment_from_dict` reads it back."""
    return {
        "prefix": str(environment.prefix),
        "python": str(environment.python) if environment.python else "",
        "site_packages": [str(path) for path in environment.site_packages],
        "version": environment.version,
        "origin": environment.origin,
    }


def environment_from_dict(data: dict) -> Environment:
    """Raises UsageError when the folder names are missing."""
    try:
        return Environment(
            prefix=Path(data["prefix"]),
            python=Path(data["python"]) if data.get("python") else None,
            site_packages=tuple(Path(path) for path in data["site_packages"]),
            version=str(data.get("version", "")),
            origin=str(data.get("origin", "")),
        )
    except (KeyError, TypeError) as error:
        raise UsageError(f"not an environment: {data!r}", hint="prefix and site_packages are needed") from error
