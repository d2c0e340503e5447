"""Code in a library's documentation: docstring examples, doctests, and the README that dist-info METADATA carries.

Prose is data, never instructions: only code is taken from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from seal_lsp.collect.evidence import Basket, Origin, exported, relative, symbols_in
from seal_lsp.collect.names import Import, imports_of, parse
from seal_lsp.collect.snippets import runnable, with_imports
from seal_lsp.core.api import ApiSurface, Symbol
from seal_lsp.core.language import LanguageSupport
from seal_lsp.core.library import InstalledLibrary
from seal_lsp.languages.readable_files import read_source

_FENCE = re.compile(r"\s{0,3}(```+|~~~+)")
_HEADING = re.compile(r"#{1,6}\s+(?P<title>.+?)\s*#*\s*")
_UNDERLINE = re.compile(r"([=\-~^\"'`+*#.:_])\1{2,}\s*")


@dataclass(frozen=True, slots=True)
class Section:
    """A heading's own text, up to the next heading. `line` is where its text begins, 1-based, in the file."""

    title: str
    line: int
    text: str


def docstring_usage(basket: Basket, library: InstalledLibrary, surface: ApiSurface, language: LanguageSupport) -> None:
    known = exported(surface)
    files: dict[str, list[str]] = {}
    imported: dict[str, dict[str, Import]] = {}
    documented = 0
    for qualname, symbol in sorted(surface.symbols.items()):
        if symbol.target or not symbol.doc:
            continue
        documented += 1
        if not any(mark in symbol.doc for mark in (">>>", "```", "~~~", "::")):
            continue
        earlier: list[str] = []
        lines = _lines(symbol, files)
        # What the example's file imports, an example may leave out (Literal, Path ...).
        nearby = {**_file_imports(symbol.file, lines, imported), **known}
        for line, block in language.code_blocks(fences_at_margin(symbol.doc)):
            code = _usable(block, nearby, earlier)
            symbols = symbols_in(code, surface, language) if code else ()
            if not symbols:
                continue
            at = _line_in_file(symbol, line, lines)
            origin = Origin("docstring", library.id.name, library.id.version, _file(symbol, library))
            basket.add("usage", code, f"docstring:{qualname}", symbols, origin, at)
            earlier.append(runnable(block))
    if not documented:
        basket.skip("docstrings", "the library has no docstrings")


def readme_usage(basket: Basket, library: InstalledLibrary, surface: ApiSurface, language: LanguageSupport) -> None:
    """The long description in METADATA."""
    if library.dist_info is None:
        basket.skip("readme", "no dist-info folder")
        return
    file = next(
        (library.dist_info / name for name in ("METADATA", "PKG-INFO") if (library.dist_info / name).is_file()), None
    )
    if file is None:
        basket.skip("readme", "no METADATA file")
        return
    text, problem = read_source(file, max_bytes=basket.limits.max_bytes)
    if problem:
        basket.skip(relative(file, library.dist_info.parent), problem)
        return
    start, body = long_description(text)
    if not body.strip():
        basket.skip("readme", "the distribution carries no long description")
        return
    origin = Origin("readme", library.id.name, library.id.version, relative(file, library.dist_info.parent))
    prose_usage(basket, body, start, "readme", origin, surface, language)


def prose_usage(
    basket: Basket, text: str, start: int, unit: str, origin: Origin, surface: ApiSurface, language: LanguageSupport
) -> None:
    """Code blocks of a document that begins at line `start` of its file, one unit for each heading's section. Imports
    of earlier blocks are prepended where a block needs them; definitions only from earlier blocks of the same section,
    since another section is another unit."""
    known = dict(exported(surface))
    for section in sections(text, start):
        earlier: list[str] = []
        for line, block in language.code_blocks(section.text):
            code = _usable(block, known, earlier)
            if not code:
                continue
            bare = runnable(block)
            earlier.append(bare)
            known |= {imported.bound: imported for imported in imports_of(parse(bare))}
            symbols = symbols_in(code, surface, language)
            if symbols:
                basket.add("usage", code, f"{unit}#{section.title}", symbols, origin, section.line + line - 1)


def long_description(metadata: str) -> tuple[int, str]:
    """(1-based line it begins at, text) of a METADATA file: the body after the headers, or the Description header."""
    lines = metadata.split("\n")
    blank = next((at for at, line in enumerate(lines) if not line.strip()), len(lines))
    body = "\n".join(lines[blank + 1 :])
    if body.strip():
        return blank + 2, body
    for at, line in enumerate(lines[:blank]):
        if line.startswith("Description:"):
            rest = []
            for following in lines[at + 1 : blank]:
                if not following.startswith((" ", "\t")):
                    break
                rest.append(re.sub(r"^( {7}\||\s{8})", "", following))
            return at + 1, "\n".join([line.removeprefix("Description:").strip(), *rest])
    return blank + 2, ""


def sections(text: str, first_line: int = 1) -> Iterator[Section]:
    """Split prose at Markdown (`## x`) and reStructuredText (underlined) headings outside fences."""
    lines = text.split("\n")
    title, begin, fence, seen = "", 0, "", {}
    heads: list[tuple[int, int, str]] = []
    for at, line in enumerate(lines):
        mark = _FENCE.match(line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        elif not fence and (head := _HEADING.fullmatch(line)):
            heads.append((at, at + 1, head["title"]))
        elif (
            not fence and at and _UNDERLINE.fullmatch(line) and lines[at - 1].strip()
            and not lines[at - 1].startswith((" ", "|", "+")) and len(line.strip()) >= len(lines[at - 1].strip())
        ):  # fmt: skip
            heads.append((at - 1, at + 1, lines[at - 1].strip()))
    for at, after, new in [*heads, (len(lines), len(lines), "")]:
        body = "\n".join(lines[begin:at])
        if body.strip():
            seen[title] = seen.get(title, 0) + 1
            name = title if seen[title] == 1 else f"{title} ({seen[title]})"
            yield Section(name, first_line + begin, body)
        title, begin = new, after


def fences_at_margin(doc: str) -> str:
    """The docstring with fences that stand indented under a heading (Google's `Example:`) moved to the margin: deeper
    than three blanks CommonMark sees no fence. Line numbers stay."""
    lines = doc.split("\n")
    indent, mark = 0, ""
    for at, line in enumerate(lines):
        bare = line.lstrip()
        depth = len(line) - len(bare)
        if not mark:
            found = re.match(r"```+|~~~+", bare)
            indent, mark = (depth, found[0]) if found else (0, "")
        elif bare.rstrip() == mark:
            lines[at], mark = bare, ""
            continue
        if mark:
            lines[at] = line[min(indent, depth) :]
    return "\n".join(lines)


def _usable(block: str, known: Mapping[str, Import], earlier: list[str]) -> str:
    code = runnable(block)
    return with_imports(code, known, earlier) if code else ""


def _file_imports(file: str, lines: list[str], imported: dict[str, dict[str, Import]]) -> dict[str, Import]:
    if file not in imported:
        tree = parse("\n".join(lines))
        imported[file] = {found.bound: found for found in imports_of(tree)} if tree else {}
    return imported[file]


def _lines(symbol: Symbol, files: dict[str, list[str]]) -> list[str]:
    if symbol.file and symbol.file not in files:
        text, _ = read_source(Path(symbol.file))
        files[symbol.file] = text.split("\n")
    return files.get(symbol.file, [])


def _line_in_file(symbol: Symbol, line: int, lines: list[str]) -> int:
    """The file's line for a line of the docstring, whose own place the surface does not know: its first line is looked
    for from the definition on. 0 when it is not there (a docstring made by code)."""
    first, skipped = next(
        ((text.strip(), at) for at, text in enumerate(symbol.doc.split("\n")) if text.strip()), ("", 0)
    )
    for at in range(max(symbol.line - 1, 0), len(lines)):
        if first in lines[at]:
            return at + line - skipped
    return 0


def _file(symbol: Symbol, library: InstalledLibrary) -> str:
    bases = [library.dist_info.parent] if library.dist_info else []
    return relative(Path(symbol.file), *bases, *(root.parent for root in library.roots)) if symbol.file else ""
