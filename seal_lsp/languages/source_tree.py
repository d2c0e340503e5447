"""A library's source as its authors publish it, an unpacked sdist or a checkout: its tests, examples and docs.

Files are read, never run. Knows nothing of what the code in them is for.
"""

from __future__ import annotations

import lzma
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from seal_lsp.core.errors import UsageError
from seal_lsp.core.language import LanguageSupport
from seal_lsp.languages.python.notebook import cells
from seal_lsp.languages.readable_files import Found, read_source, readable_files

CODE, PROSE, NOTEBOOK = (".py",), (".md", ".rst", ".txt"), ".ipynb"
_PLACES = frozenset(
    {"test", "tests", "testing", "example", "examples", "sample", "samples", "demo", "demos", "doc", "docs",
     "documentation", "tutorial", "tutorials", "cookbook", "guide", "guides", "benchmarks", "snippets"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Text:
    """Code of one file; `path` is relative to the sdist, with `#n` for the n-th code block of a document."""

    path: str
    code: str


@contextmanager
def unpacked(sdist: Path) -> Iterator[Path]:
    """The folder of an unpacked sdist, for as long as the block runs. Raises UsageError when it is none or damaged."""
    with tempfile.TemporaryDirectory(prefix="seal-sdist-") as folder:
        try:
            with tarfile.open(sdist) as archive:
                archive.extractall(folder, filter="data")
                while archive.fileobj.read(1 << 20):  # tarfile stops where it reads no more; the checksum is at the end
                    pass
        except (OSError, EOFError, tarfile.TarError, zlib.error, lzma.LZMAError) as error:
            raise UsageError(
                f"cannot unpack {sdist}: {error}",
                hint="give an sdist: pip download --no-deps --no-binary :all: NAME==VERSION",
            ) from error
        entries = list(Path(folder).iterdir())
        yield entries[0] if len(entries) == 1 and entries[0].is_dir() else Path(folder)


def shown_files(root: Path, *, max_bytes: int = 1024 * 1024) -> Iterator[tuple[Found, PurePosixPath]]:
    """(file, its path below `root`) of tests, examples and docs, and of the README; those that may not be read with
    their problem. Raises UsageError when there is no folder."""
    if not root.is_dir():
        raise UsageError(f"{root} is no folder", hint="give --checkout the folder of the library's source")
    extensions = (*CODE, *PROSE, NOTEBOOK)
    for found in readable_files([root], extensions=extensions, max_bytes=max_bytes, published=True):
        below = found.path.relative_to(root.resolve() if found.path.is_relative_to(root.resolve()) else root)
        folders = {part.lower() for part in below.parts[:-1]}
        if folders & _PLACES or below.stem.lower() == "readme":
            yield found, PurePosixPath(below.as_posix())


def texts_of(root: Path, language: LanguageSupport) -> Iterator[Text]:
    """Code of tests, examples and docs below `root`, and of its README. Raises UsageError when there is no folder."""
    for found, path in shown_files(root):
        text, problem = ("", found.problem) if found.problem else read_source(found.path)
        if problem:
            continue
        if path.suffix in CODE:
            yield Text(str(path), text)
        else:
            blocks = cells(text) if path.suffix == NOTEBOOK else [code for _, code in language.code_blocks(text)]
            yield from (Text(f"{path}#{n}", code) for n, code in enumerate(blocks))
