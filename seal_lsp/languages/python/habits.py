"""How often a library's own code, its docstrings' examples and its README use each name of its API.

Counted by what the names resolve to, so a member counts wherever it is reached from. Files are read, never imported;
done once for a library's version. Where this counts differently, fingerprint.READER must be raised.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from seal_lsp.core.api import ApiSurface
from seal_lsp.core.habits import FIRST, Count, Habits
from seal_lsp.core.library import InstalledLibrary
from seal_lsp.languages.python.code_blocks import code_blocks
from seal_lsp.languages.python.distributions import module_name
from seal_lsp.languages.python.uses import Reading
from seal_lsp.languages.python.values import World
from seal_lsp.languages.readable_files import read_source, readable_files

MAX_FILES = 1500
MAX_EXAMPLES = 3000
_RELATIVE = re.compile(r"^([ \t]*from[ \t]+)(\.+)([\w.]*)(?=[ \t]+import\b)", re.MULTILINE)
_MARKS = (">>>", "```", "~~~", "::")


def habits(library: InstalledLibrary, surface: ApiSurface) -> Habits:
    world = World((surface,))
    code: Counter = Counter()
    examples: Counter = Counter()
    for module, source in _modules(library):
        _count(code, Reading(absolute(source, module), world))
    for example in _examples(library, surface):
        _count(examples, Reading(example, world, lenient=True))
    keys = code.keys() | examples.keys()
    return Habits(library.id, {key: Count(code[key], examples[key]) for key in sorted(keys)})


def absolute(source: str, module: str) -> str:
    """The source of a module (`pkg.sub.`, with a dot at its end where it is a package) with its relative imports
    written out."""
    parts = module.split(".")

    def written_out(match: re.Match) -> str:
        up = len(match[2])
        base = parts[:-up] if up < len(parts) else parts[:1]
        return match[1] + ".".join([part for part in base if part] + ([match[3]] if match[3] else []))

    return _RELATIVE.sub(written_out, source)


def _modules(library: InstalledLibrary) -> Iterator[tuple[str, str]]:
    read = 0
    for root in library.roots:
        name = module_name(root, library.import_names)
        for file in readable_files([root], extensions=(".py",), published=True):
            if file.problem or read >= MAX_FILES:
                continue
            source, problem = read_source(file.path)
            if problem:
                continue
            read += 1
            inner = () if root.is_file() else file.path.relative_to(file.root).with_suffix("").parts
            parts = [*name.split("."), *inner]
            yield ".".join([*parts[:-1], ""] if parts[-1] == "__init__" else parts), source


def _examples(library: InstalledLibrary, surface: ApiSurface) -> Iterator[str]:
    made = 0
    texts = [symbol.doc for symbol in surface.symbols.values() if not symbol.target]
    for doc in dict.fromkeys([*texts, _readme(library)]):
        if not any(mark in doc for mark in _MARKS):
            continue
        for _, block in code_blocks(doc):
            made += 1
            if made > MAX_EXAMPLES:
                return
            yield block


def _readme(library: InstalledLibrary) -> str:
    if library.dist_info is None:
        return ""
    found = (library.dist_info / name for name in ("METADATA", "PKG-INFO"))
    file: Path | None = next((path for path in found if path.is_file()), None)
    return read_source(file)[0] if file is not None else ""


def _count(counts: Counter, reading: Reading) -> None:
    """Everything counts once a source: code that a generator wrote repeats itself."""
    found: set[tuple[str, str, str]] = set()
    decorators = set(_decorators(reading))
    for use in reading.all_uses():
        if use.exists is False or use.kind not in ("import", "member"):
            continue
        qualname = _own(reading, use.qualname)
        found.add((use.kind, qualname, ""))
        if use.kind == "member" and use.start in decorators:
            found.add(("decorator", qualname, ""))
    for capture, node in reading.parsed.captures("uses"):
        call = reading.call_use(node) if capture == "call" else None
        if call is None:
            continue
        owner = _own(reading, call.qualname)
        found.add(("call", owner, ""))
        before = FIRST if not call.positional else ""
        for keyword in call.keywords:
            found |= {("keyword", owner, keyword), ("pair", owner, f"{before} {keyword}")}
            before = keyword
    counts.update(found)


def _own(reading: Reading, qualname: str) -> str:
    symbol = reading.world.resolve(qualname)
    return symbol.qualname if symbol is not None else qualname


def _decorators(reading: Reading) -> Iterator[int]:
    """Where the names of decorators begin (`@app.command`, `@app.command()`: at `command`)."""
    for capture, node in reading.parsed.captures("uses"):
        parent = node.parent
        if capture != "attribute" or parent is None:
            continue
        above = parent.parent if parent.type == "call" and parent.child_by_field_name("function") == node else parent
        name = node.child_by_field_name("attribute")
        if (parent.type == "decorator" or (above is not None and above.type == "decorator")) and name is not None:
            yield reading.parsed.span(name)[0]
