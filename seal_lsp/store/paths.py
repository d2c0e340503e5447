"""Where seal_lsp keeps things on this machine. Knows folders and names, not what is in the files.

`SEAL_HOME` puts everything below one folder (tests, the demo, portable installs); else the platform's own places.
The runtime folder holds the engine's socket: only its owner may enter it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from seal_lsp.core.errors import EngineUnavailable

APPLICATION = "seal-lsp"

# sun_path holds 108 bytes on Linux and 104 on macOS and the BSDs, the closing NUL included.
_SOCKET_PATH_LIMIT = 103


@dataclass(frozen=True, slots=True)
class Paths:
    """`data` must not be lost (ledger, adapters, cycles); `cache` can be made again; `runtime` holds the socket."""

    data: Path
    cache: Path
    runtime: Path

    @classmethod
    def default(cls, environ: Mapping[str, str] = os.environ) -> Paths:
        home = environ.get("SEAL_HOME", "")
        if home:
            root = Path(home).expanduser().absolute()
            return cls(root / "data", root / "cache", root / "run")
        from platformdirs import PlatformDirs  # imported here: with SEAL_HOME nobody needs it

        dirs = PlatformDirs(APPLICATION, appauthor=False)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about an XDG_RUNTIME_DIR that cannot be used: we have our own answer
            runtime = dirs.user_runtime_path
        return cls(dirs.user_data_path, dirs.user_cache_path, _runtime_folder(runtime))

    @property
    def ledger(self) -> Path:
        return self.data / "ledger.db"

    @property
    def adapters(self) -> Path:
        return self.data / "adapters"

    @property
    def cycles(self) -> Path:
        return self.data / "cycles"

    @property
    def writers(self) -> Path:
        return self.data / "writers"

    @property
    def feedback(self) -> Path:
        return self.data / "feedback.db"

    @property
    def declined(self) -> Path:
        return self.data / "declined.json"

    @property
    def index(self) -> Path:
        return self.cache / "index.db"

    @property
    def models(self) -> Path:
        return self.cache / "models"

    @property
    def rehearsals(self) -> Path:
        """What base models wrote to rehearse, beside their weights: whoever shares these shares it."""
        return self.models / ".rehearsals"

    @property
    def sdists(self) -> Path:
        """Source distributions that were fetched (`collect.sdist`), a folder for each library@version."""
        return self.cache / "sdists"

    @property
    def log(self) -> Path:
        """A folder."""
        return self.cache / "log"

    @property
    def socket(self) -> Path:
        """The engine's socket; where the runtime folder's path is too long for one, in a folder named by its hash."""
        path = self.runtime / "engine.sock"
        if len(os.fsencode(path)) <= _SOCKET_PATH_LIMIT:
            return path
        name = hashlib.sha256(os.fsencode(self.runtime.absolute())).hexdigest()[:12]
        return _short_temporary_folder() / f"{APPLICATION}-{_user()}-{name}" / "engine.sock"

    def ensure(self) -> Paths:
        """Make the folders. Raises EngineUnavailable when one cannot be made, or when the socket's folder is not a
        folder of this user."""
        if problem := self.unwritable():
            raise EngineUnavailable(problem, hint="set SEAL_HOME to a folder of your own")
        for folder in (self.data, self.cache):
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)  # the ledger quotes the developer's code
        for folder in (self.adapters, self.cycles, self.models, self.log):
            folder.mkdir(exist_ok=True)
        for folder in {self.runtime, self.socket.parent}:
            make_private(folder)
        return self

    def unwritable(self) -> str:
        """Why nothing can be kept in `data` or `cache`, '' when it can. Makes nothing."""
        for folder in (self.data, self.cache):
            nearest = next(place for place in (folder, *folder.parents) if place.exists())
            if not (nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)):
                return f"nothing can be kept in {folder}: {nearest} cannot be written"
        return ""


def make_private(folder: Path) -> None:
    """A folder with mode 0700 that belongs to this user; a link or another user's folder is refused, never repaired."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise EngineUnavailable(f"{folder} is not a folder", hint="remove it, or set SEAL_HOME to a folder of your own")
    if hasattr(os, "getuid"):
        if found.st_uid != os.getuid():
            raise EngineUnavailable(f"{folder} belongs to another user", hint="set SEAL_HOME to a folder of your own")
        if stat.S_IMODE(found.st_mode) != 0o700:
            folder.chmod(0o700)


def _runtime_folder(preferred: Path) -> Path:
    """The platform's runtime folder when this user owns the place it is in, else one of our own in the sticky /tmp."""
    parent = preferred.parent
    owned = not hasattr(os, "getuid") or (parent.is_dir() and parent.stat().st_uid == os.getuid())
    return preferred if owned else _short_temporary_folder() / f"{APPLICATION}-{_user()}"


def _short_temporary_folder() -> Path:
    # /tmp before TMPDIR: an editor and a shell may differ in TMPDIR, and must still meet at one socket.
    shared = Path("/tmp")
    return shared if shared.is_dir() and os.access(shared, os.W_OK) else Path(tempfile.gettempdir())


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
