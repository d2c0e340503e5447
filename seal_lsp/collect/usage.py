"""Call sites of a library in files: the developer's workspace, and distributions that depend on the library.

Takes whole blocks (functions, classes, runs of statements) with the imports they need. Knows nothing about training.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from seal_lsp.collect.blocks import Block, blocks
from seal_lsp.collect.evidence import Basket, Origin, imports_library, relative, symbols_in
from seal_lsp.collect.names import parse
from seal_lsp.core.api import ApiSurface
from seal_lsp.core.language import LanguageSupport
from seal_lsp.core.library import Environment, InstalledLibrary
from seal_lsp.languages.python.notebook import cells
from seal_lsp.languages.readable_files import Found, read_source, readable_files
from seal_lsp.languages.source_tree import NOTEBOOK


def workspace_usage(
    basket: Basket,
    library: InstalledLibrary,
    surface: ApiSurface,
    language: LanguageSupport,
    roots: Iterable[Path],
    exclude: Iterable[str],
) -> None:
    """Files below the roots; the library's own files (an editable install) are no usage of it."""
    own = [root.resolve() for root in library.roots]
    found = readable_files(
        roots, extensions=(*language.extensions, NOTEBOOK), exclude=exclude, max_bytes=basket.limits.max_bytes
    )
    found = (file for file in found if not any(file.path.is_relative_to(root) for root in own))
    files_usage(
        basket, surface, language, found, lambda file: Origin("workspace", "", "", relative(file.path, file.root))
    )


def dependent_usage(
    basket: Basket, library: InstalledLibrary, surface: ApiSurface, language: LanguageSupport, environment: Environment
) -> None:
    """Source of installed distributions whose Requires-Dist names the library, by name, at most `max_dependents`."""
    dependents = sorted(
        (other for other in language.installed(environment) if requires(other, library.id.name)),
        key=lambda other: other.id,
    )
    for other in dependents[basket.limits.max_dependents :]:
        basket.skip(str(other.id), f"dependent beyond the first {basket.limits.max_dependents}")
    bases = [site.resolve() for site in environment.site_packages]
    for other in dependents[: basket.limits.max_dependents]:
        if not other.roots:
            basket.skip(str(other.id), other.problem or "dependent without files to read")
            continue
        found = readable_files(
            other.roots, extensions=language.extensions, max_bytes=basket.limits.max_bytes, published=True
        )

        def origin(file: Found, other: InstalledLibrary = other) -> Origin:
            return Origin("dependent", other.id.name, other.id.version, relative(file.path, *bases, file.root.parent))

        files_usage(basket, surface, language, found, origin)


def requires(other: InstalledLibrary, name: str) -> bool:
    """True when `other` depends on the distribution `name` (`requires` are normalised names)."""
    return name in other.requires and other.id.name != name


def usage_in(
    basket: Basket, source: str, surface: ApiSurface, language: LanguageSupport, origin: Origin, package: str = ""
) -> None:
    """Every block of one file that names the library."""
    for block in blocks(source, package=package):
        if not any(name in block.text for name in surface.import_names):
            continue
        symbols = symbols_in(block.text, surface, language)
        if symbols:
            basket.add("usage", block.text, unit_of(block, origin.file, surface), symbols, origin, block.line)


def unit_of(block: Block, file: str, surface: ApiSurface) -> str:
    """A function or class is a unit of its own, unless it carries an assignment that names the library: a probe held
    out of that line would else be read in a sibling. Then the file is the unit."""
    alone = block.name and not any(imports_library(target, surface) for target in block.carried)
    return f"{file}::{block.name}" if alone else file


def files_usage(
    basket: Basket,
    surface: ApiSurface,
    language: LanguageSupport,
    found: Iterable[Found],
    origin: Callable[[Found], Origin],
) -> None:
    """Every block of the files found that names the library; notebooks cell by cell."""
    read = 0
    for file in found:
        where = origin(file)
        if basket.full or read >= basket.limits.max_files:
            basket.skip(where.file, "not read: the limit on files or evidence is reached")
            return
        if file.problem:
            basket.skip(where.file, file.problem)
            continue
        text, problem = read_source(file.path, max_bytes=basket.limits.max_bytes)
        if problem:
            basket.skip(where.file, problem)
            continue
        read += 1
        if not any(name in text for name in surface.import_names):
            continue
        source = "\n\n".join(_notebook(text)) if file.path.suffix == NOTEBOOK else text
        if parse(source) is None:
            basket.skip(where.file, "does not parse: " + (language.syntax_problem(source) or "syntax error"))
            continue
        usage_in(basket, source, surface, language, where)


def _notebook(text: str) -> list[str]:
    """Cells that parse: magics and half-written ones are left out, the rest of the notebook still counts."""
    return [cell for cell in cells(text) if parse(cell) is not None]
