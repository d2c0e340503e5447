"""Which files of a folder may be read, and their text. Shared by watch/ and collect/, so that both hold one rule:
nothing ignored, secret, outside the roots, too big, binary or mis-encoded is ever read.

Knows nothing about libraries or about what the text is for.
"""

from __future__ import annotations

import codecs
import io
import os
import re
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec

_NEVER_ENTERED = frozenset(
    {".git", ".hg", ".svn", ".jj", "__pycache__", "node_modules", "site-packages", "dist-packages", ".tox", ".nox",
     ".venv", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".ipynb_checkpoints", ".virtual_documents",
     ".eggs"}
)  # fmt: skip
_SECRET_NAME = re.compile(
    r"\.env(\..*)?|.*\.env|.*\.(pem|key|p12|pfx|jks|keystore|kdbx|ppk|asc|gpg|crt|cer|der)|id_(rsa|dsa|ecdsa|ed25519).*"
    r"|\.?(credentials?|secrets?|passwords?|passwd|htpasswd|netrc|pgpass|pypirc|npmrc)([._-].*)?",
    re.IGNORECASE,
)
_SECRET_FOLDERS = frozenset({".ssh", ".aws", ".gnupg", ".gcloud", ".azure", ".kube", ".docker", "secrets", ".secrets"})


@dataclass(frozen=True, slots=True)
class Found:
    """A file that may be read (`problem` empty), or one of the asked-for kind that may not, and why."""

    path: Path
    root: Path
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Ignore:
    folder: Path
    spec: GitIgnoreSpec


def readable_files(
    roots: Iterable[Path],
    *,
    extensions: Iterable[str],
    exclude: Iterable[str] = (),
    max_bytes: int = 1024 * 1024,
    published: bool = False,
) -> Iterator[Found]:
    """Files below `roots` with one of `extensions` (".py"), sorted by path within each folder, none twice.

    `exclude` are gitignore-style globs relative to each root. Symbolic links are not followed: a target inside a root
    is met at its own place, one outside must not be read. A folder holding pyvenv.cfg is an environment, no workspace.
    Ignored and excluded files are passed over silently; the rest comes with its problem. `published` files (installed
    packages) are no workspace: no ignore file speaks of them, and a module called credentials.py is code.
    """
    endings = tuple(extensions)
    excluded = GitIgnoreSpec.from_lines(list(exclude))
    seen: set[Path] = set()
    for given in roots:
        try:
            root = given.resolve(strict=True)
        except OSError:
            yield Found(given, given, "this root does not exist")
            continue
        if root.is_file():
            if root not in seen and root.name.endswith(endings):
                seen.add(root)
                yield Found(root, root.parent, _problem(root, root.parent, published, max_bytes))
            continue
        outer = [] if published else _outer_ignores(root)
        yield from _walk(root, root, outer, excluded, endings, max_bytes, published, seen)


def is_ignored(path: Path, root: Path, exclude: Iterable[str] = ()) -> bool:
    """Would `readable_files` pass over this file below `root`? For a file that is not on the disk yet."""
    excluded = GitIgnoreSpec.from_lines(list(exclude))
    ignores = _outer_ignores(root)
    folder = root
    parts = path.relative_to(root).parts
    for at, part in enumerate(parts):
        is_folder = at + 1 < len(parts)
        own = _read_ignore(folder / ".gitignore", folder)
        ignores = [*ignores, own] if own else ignores
        folder = folder / part
        relative = folder.relative_to(root).as_posix() + ("/" if is_folder else "")
        if excluded.match_file(relative) or _ignored(folder, is_folder, ignores):
            return True
        if is_folder and (part in _NEVER_ENTERED or part in _SECRET_FOLDERS or (folder / "pyvenv.cfg").is_file()):
            return True
    return False


def looks_secret(path: Path) -> bool:
    """True for names that usually hold keys or passwords; judged by name alone, so that nothing has to be opened."""
    return bool(_SECRET_NAME.fullmatch(path.name)) or any(part in _SECRET_FOLDERS for part in path.parts[:-1])


def is_within(path: Path, roots: Iterable[Path]) -> bool:
    """True when the file that `path` really is lies in one of `roots`."""
    real = path.resolve()
    return any(real.is_relative_to(root.resolve()) for root in roots)


def read_source(path: Path, *, max_bytes: int = 1024 * 1024) -> tuple[str, str]:
    """(text, problem): text is "" on a problem. Honours a PEP 263 coding line and a BOM; line ends are \\n."""
    try:
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except OSError as error:
        return "", f"cannot be read: {error.strerror or error}"
    if len(data) > max_bytes:
        return "", _too_big(max_bytes)
    if b"\0" in data and not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "", "binary"
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError):
        return "", "not text in its declared encoding"
    return text.replace("\r\n", "\n").replace("\r", "\n"), ""


def _walk(
    root: Path,
    folder: Path,
    ignores: list[_Ignore],
    excluded: GitIgnoreSpec,
    endings: tuple[str, ...],
    max_bytes: int,
    published: bool,
    seen: set[Path],
) -> Iterator[Found]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield Found(folder, root, f"cannot be read: {error.strerror or error}")
        return
    if folder != root and any(entry.name == "pyvenv.cfg" for entry in entries):
        return
    if not published:
        own = _read_ignore(folder / ".gitignore", folder)
        ignores = [*ignores, own] if own else ignores
    folders: list[Path] = []
    for entry in entries:
        path = folder / entry.name
        is_folder = entry.is_dir(follow_symlinks=False)
        if is_folder and (entry.name in _NEVER_ENTERED or (entry.name in _SECRET_FOLDERS and not published)):
            continue
        if not is_folder and not entry.name.endswith(endings):
            continue
        relative = path.relative_to(root).as_posix() + ("/" if is_folder else "")
        if excluded.match_file(relative) or _ignored(path, is_folder, ignores):
            continue
        if is_folder:
            folders.append(path)
        elif entry.is_symlink():
            yield Found(path, root, "symbolic link: not followed")
        elif path not in seen:
            seen.add(path)
            yield Found(path, root, _problem(path, root, published, max_bytes))
    for inner in folders:
        yield from _walk(root, inner, ignores, excluded, endings, max_bytes, published, seen)


def _problem(path: Path, root: Path, published: bool, max_bytes: int) -> str:
    if not published and looks_secret(path.relative_to(root)):
        return "its name says that it holds secrets"
    try:
        status = path.stat()
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    if not path.is_file():
        return "not a plain file"
    return _too_big(max_bytes) if status.st_size > max_bytes else ""


def _too_big(max_bytes: int) -> str:
    return f"larger than {max_bytes // 1024} KiB"


def _ignored(path: Path, is_folder: bool, ignores: list[_Ignore]) -> bool:
    """git's rule: the deepest .gitignore that says anything about the path decides."""
    for ignore in reversed(ignores):
        relative = path.relative_to(ignore.folder).as_posix() + ("/" if is_folder else "")
        said = ignore.spec.check_file(relative).include
        if said is not None:
            return said
    return False


def _outer_ignores(root: Path) -> list[_Ignore]:
    """Ignore files of the repository that `root` lies in, outermost first; only rules are read, no content.

    A root that they ignore as a whole was opened on purpose (a scratch project below `build/`): they do not bind it.
    """
    top = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), None)
    if top is None:
        return []
    between = [folder for folder in (root, *root.parents) if folder.is_relative_to(top) and folder != root]
    found = [_read_ignore(top / ".git" / "info" / "exclude", top)]
    found += [_read_ignore(folder / ".gitignore", folder) for folder in reversed(between)]
    ignores = [ignore for ignore in found if ignore]
    return [] if _ignored(root, True, ignores) else ignores


def _read_ignore(file: Path, folder: Path) -> _Ignore | None:
    try:
        lines = file.read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    return _Ignore(folder, GitIgnoreSpec.from_lines(lines))
