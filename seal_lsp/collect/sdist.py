"""Usage in a library's source distribution: its tests, examples and docs, which an installed wheel leaves out.

Reads an archive that is here already (collect/package_index.py fetches it); nothing of it is built or run.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from seal_lsp.collect.documentation import prose_usage
from seal_lsp.collect.evidence import Basket, Origin, relative
from seal_lsp.collect.usage import files_usage
from seal_lsp.core.api import ApiSurface
from seal_lsp.core.errors import UsageError
from seal_lsp.core.language import LanguageSupport
from seal_lsp.core.library import InstalledLibrary
from seal_lsp.languages.readable_files import Found, read_source
from seal_lsp.languages.source_tree import PROSE, shown_files, unpacked


def sdist_usage(
    basket: Basket, library: InstalledLibrary, surface: ApiSurface, language: LanguageSupport, sdist: Path
) -> None:
    """Code of every test, example and document of the archive, but for what is installed of it."""
    try:
        with unpacked(sdist) as root:
            shown = [
                (found, path)
                for found, path in shown_files(root, max_bytes=basket.limits.max_bytes)
                if not _is_installed(path, library)
            ]
            if not shown:
                basket.skip(sdist.name, "the source distribution has no tests, examples or docs")

            def origin(file: Found) -> Origin:
                return Origin("sdist", library.id.name, library.id.version, relative(file.path, file.root))

            code = [found for found, path in shown if path.suffix not in PROSE]
            files_usage(basket, surface, language, code, origin)
            for found, path in shown:
                if path.suffix in PROSE:
                    text, problem = ("", found.problem) if found.problem else read_source(found.path)
                    if problem:
                        basket.skip(str(path), problem)
                    else:
                        prose_usage(basket, text, 1, str(path), origin(found), surface, language)
    except UsageError as error:
        basket.skip(sdist.name, error.message)


def _is_installed(path: PurePosixPath, library: InstalledLibrary) -> bool:
    """Whether a file of the sdist lies in the installed package: a module `docs` of it is its own code, no usage."""
    for root in library.roots:
        if root.is_dir() and root.name in path.parts:
            below = path.parts[path.parts.index(root.name) + 1 :]
            if root.joinpath(*below).is_file():
                return True
    return False
