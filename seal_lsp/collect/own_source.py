"""A library's own code: each function, class and module top as source, and its calls of its own public API as usage.

Reads .py files, and .pyi stubs where a module has no .py. Docstrings are cut to summary and parameter lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from seal_lsp.collect.blocks import Block, blocks
from seal_lsp.collect.evidence import Basket, Origin, imports_library, symbols_of
from seal_lsp.collect.names import Import, parse
from seal_lsp.collect.prose import short_docstrings
from seal_lsp.collect.usage import unit_of
from seal_lsp.core.api import ApiSurface
from seal_lsp.core.language import LanguageSupport
from seal_lsp.core.library import InstalledLibrary
from seal_lsp.languages.python.distributions import module_name
from seal_lsp.languages.readable_files import Found, read_source, readable_files

_COMPILED = (".so", ".pyd", ".dylib")
_NOT_ITS_OWN = frozenset({"_vendor", "vendor", "_vendored", "vendored"})


def own_source(
    usage: Basket, source: Basket, library: InstalledLibrary, surface: ApiSurface, language: LanguageSupport
) -> None:
    """Fill `usage` and `source` from the library's roots."""
    if not library.roots:
        source.skip(str(library.id), library.problem or "no files to read: the distribution lists no package or module")
        return
    read = 0
    public = as_imported(surface)
    for root in library.roots:
        for file in _files(root, source.limits.max_bytes):
            name = below_import_base(file, root, library)
            if file.path.suffix in _COMPILED:
                source.skip(name, "compiled, without source or stubs")
                continue
            if read >= source.limits.max_files or source.full:
                source.skip(name, "not read: the limit on files or evidence is reached")
                return
            text, problem = (
                ("", file.problem) if file.problem else read_source(file.path, max_bytes=source.limits.max_bytes)
            )
            if not problem and parse(text) is None:
                problem = "does not parse: " + (language.syntax_problem(text) or "syntax error")
            if problem:
                source.skip(name, problem)
                continue
            read += 1
            _read_module(usage, source, text, name, library, surface, language, public)


def below_import_base(file: Found, root: Path, library: InstalledLibrary) -> str:
    """The posix path of a file of `root` from the folder that stands on sys.path: `key_value/aio/stores/base.py`. Where
    `root` itself lies is not asked: it may be reached over a link or `..`, while a file that was found is resolved."""
    *above, top = module_name(root, library.import_names).split(".")
    inside = file.path.relative_to(file.root)
    return PurePosixPath(*above, *([] if root.is_file() else [top]), inside.as_posix()).as_posix()


def module_of(file: str) -> tuple[str, str]:
    """(dotted module, package that its relative imports start from) of a posix path below sys.path."""
    parts = file.rpartition(".")[0].split("/")
    if parts[-1] == "__init__":
        return ".".join(parts[:-1]), ".".join(parts[:-1])
    return ".".join(parts), ".".join(parts[:-1])


def as_imported(surface: ApiSurface) -> Mapping[str, str]:
    """Where users import each symbol from: the best path that is offered; for what is defined at a private path and
    offered nowhere, the shortest public one."""
    found = {qualname: paths[0] for qualname, paths in surface.public_paths.items()}
    for qualname in sorted(surface.symbols, key=lambda name: (name.count("."), name)):
        if _public(qualname) and surface.symbols[qualname].target:
            real = surface.resolve(qualname)
            if real is not None and not _public(real.qualname):
                found.setdefault(real.qualname, qualname)
    return found


def public_import(imported: Import, surface: ApiSurface, public: Mapping[str, str]) -> Import:
    """`from lib.core.x import Y` as a user would write it, where Y is offered elsewhere under its own name."""
    real = surface.resolve(imported.target)
    path = public.get(real.qualname, "") if real is not None else ""
    module, _, name = path.rpartition(".")
    if not module or name != imported.target.rpartition(".")[2]:
        return imported
    words = f"from {module} import {name}" + (f" as {imported.bound}" if imported.bound != name else "")
    return Import(imported.bound, path, words)


def _read_module(
    usage: Basket,
    source: Basket,
    text: str,
    file: str,
    library: InstalledLibrary,
    surface: ApiSurface,
    language: LanguageSupport,
    public: Mapping[str, str],
) -> None:
    module, package = module_of(file)
    origin = Origin("library", library.id.name, library.id.version, file)
    for block in blocks(text, package=package, whole=True):
        code = short_docstrings(block.code)
        names = _defined(block, module, surface)
        source.add("source", code, f"{file}::{block.name}" if block.name else file, names, origin, block.line)
    for block in blocks(text, package=package, rename=lambda imported: public_import(imported, surface, public)):
        if not any(imports_library(target, surface) for target in block.imported):
            continue
        shown = short_docstrings(block.text)
        uses = [use for use in language.uses(shown, (surface,)) if _public(use.qualname)]
        symbols = symbols_of(uses)
        if any(use.kind != "import" and use.qualname in symbols for use in uses):
            usage.add("usage", shown, unit_of(block, file, surface), symbols, origin, block.line)


def _defined(block: Block, module: str, surface: ApiSurface) -> tuple[str, ...]:
    """The symbol that a chunk defines, when the surface has it; the module itself for a module top."""
    qualname = f"{module}.{block.name}" if block.name else module
    return (qualname,) if qualname in surface.symbols else ()


def _public(name: str) -> bool:
    return not any(part.startswith("_") and part != "__init__" for part in name.split("."))


def _files(root: Path, max_bytes: int) -> Iterator[Found]:
    every = [
        file
        for file in readable_files([root], extensions=(".py", ".pyi", *_COMPILED), max_bytes=max_bytes, published=True)
        if not _NOT_ITS_OWN & set(file.path.relative_to(file.root).parts)
    ]
    written = {file.path.with_suffix("") for file in every if file.path.suffix == ".py"}
    stubs = {file.path.with_suffix("") for file in every if file.path.suffix == ".pyi"}
    for file in every:
        stem = file.path.parent / file.path.name.partition(".")[0]
        if file.path.suffix == ".pyi" and stem in written:
            continue
        if file.path.suffix in _COMPILED and stem in written | stubs:
            continue
        yield file
