"""A small installed library for the vetting tests: written to disk, then read as any user's package is."""

from __future__ import annotations

from pathlib import Path

from seal_lsp.core.api import ApiSurface
from seal_lsp.core.learning import Provenance, SelfEdit
from seal_lsp.core.library import Environment, LibraryId
from seal_lsp.languages.python.support import Python
from seal_lsp.vet.check import VetContext

LIBRARY = LibraryId("acme", "2.0")
PYTHON = Python()
SOURCE = '''"""Talk to acme servers."""

import enum
import functools


class Client:
    """One connection."""

    def __init__(self, host: str, *, timeout: float = 1.0, retries: int = 3) -> None:
        self.host = host

    def fetch(self, key: str, default: object = None) -> object:
        """Fetch one value."""

    def put(self, key: str, /, value: object, *, ttl: int) -> None:
        """Store one value."""

    @classmethod
    def local(cls, port: int = 80) -> "Client":
        """A client of this machine."""

    @staticmethod
    def parse(text: str) -> dict:
        """Read a reply."""


class Lazy:
    def __getattr__(self, name): ...


def connect(url: str, *, verify: bool = True) -> Client:
    """Open a connection."""


def gather(*keys, **options): ...


def traced(function):
    @functools.wraps(function)
    def call(*args, **kwargs): ...

    return call


@traced
def patched(one): ...


class Wrapped:
    def __init__(self): ...

    __init__ = traced(__init__)


class Level(enum.Enum):
    LOW = 1
'''


def install(folder: Path) -> Environment:
    package = folder / "acme"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(SOURCE)
    info = folder / "acme-2.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 2.0\n")
    (info / "RECORD").write_text("acme/__init__.py,,\nacme-2.0.dist-info/METADATA,,\nacme-2.0.dist-info/RECORD,,\n")
    return Environment(folder.parent, None, (folder,), "3.11", "setting")


def context_of(folder: Path, **changes) -> VetContext:
    environment = install(folder)
    library = next(lib for lib in PYTHON.installed(environment) if lib.id == LIBRARY)
    surface: ApiSurface = PYTHON.surface(library, environment)
    importable = frozenset(library.import_names) | PYTHON.standard_modules(environment)
    return VetContext((surface,), importable, PYTHON, environment=environment, **changes)


def edit(text: str, *, form: str = "usage", prompt: str = "", source: str = "readme", symbols: tuple[str, ...] = ()):
    where = Provenance(source, "acme", "2.0", "README.md", 1, "0" * 64)
    return SelfEdit(form, prompt, text, LIBRARY, symbols, (where,), f"template:{form}")
