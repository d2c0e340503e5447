"""Mine cases from a library's own tests, examples and docs: places where its authors name its API.

The rules are those of LEARNING.md: a prefix ends exactly where the gold name starts; `candidates` are all names that
are valid there, from the API surface of the installed version and static inference of the receiver; `copyable` says
that the gold already stands in the text before; a place any of whose 13-word windows stands in the installed wheel is
dropped, since that text may train; few places a name and a file; at least 60 % not copyable. Kinds are import, member
and keyword: for a bare call every name in scope would be valid, so calls are not mined. Files are read, never run.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from seal_lsp.core.api import ApiSurface
from seal_lsp.core.code import ApiUse
from seal_lsp.core.language import LanguageSupport
from seal_lsp.core.learning import Case, digest_of
from seal_lsp.core.library import InstalledLibrary
from seal_lsp.languages.python.offers import offered
from seal_lsp.languages.readable_files import read_source, readable_files
from seal_lsp.languages.source_tree import CODE, NOTEBOOK, PROSE, Text
from seal_lsp.measure.overlap import WINDOW, windows, words_of

PREFIX, SUFFIX = 6000, 2000
KINDS = ("import", "member", "keyword")
COPYABLE_SHARE = 0.3
_MOST_COPYABLE = 0.4


@dataclass(frozen=True, slots=True)
class Mined:
    """`counts`: texts read, places found, and how many of them each rule dropped or left over."""

    cases: tuple[Case, ...]
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Shape:
    """How many cases of each sort are wanted."""

    count: int = 60
    per_name: int = 3
    per_file: int = 4
    seed: int = 0


def installed_windows(library: InstalledLibrary) -> frozenset[int]:
    """Hashes of all 13-word windows of the installed files: code, stubs, documents, the README in METADATA."""
    files = [root for root in library.roots if root.is_file()]
    folders = [root for root in library.roots if root.is_dir()]
    extensions = (*CODE, ".pyi", *PROSE, NOTEBOOK)
    files += [f.path for f in readable_files(folders, extensions=extensions, published=True) if not f.problem]
    if library.dist_info is not None:
        files.append(library.dist_info / "METADATA")
    texts = (read_source(file, max_bytes=8 * 1024 * 1024)[0] for file in files if file.is_file())
    return frozenset(hash(gram) for text in texts for gram in windows(words_of(text), WINDOW))


def mine(
    texts: Iterable[Text],
    surface: ApiSurface,
    language: LanguageSupport,
    installed: frozenset[int],
    shape: Shape | None = None,
) -> Mined:
    """At most `shape.count` cases; the same texts, surface and seed give the same ones. `installed` are the windows
    that may train (`installed_windows`)."""
    shape = shape or Shape()
    counts: Counter[str] = Counter()
    pool: dict[str, Case] = {}
    valid = ValidNames(surface)
    for text in texts:
        counts["texts"] += 1
        if language.syntax_problem(text.code):
            counts["texts that do not parse"] += 1
            continue
        for case, near in places(text, surface, language, valid):
            counts["places"] += 1
            if any(hash(gram) in installed for gram in near):
                counts["in the installed wheel"] += 1
            else:
                # a test that was copied and changed below is one place
                pool.setdefault(digest_of([case.gold, words_of(case.prefix)[-WINDOW:]]), case)
    counts["repeats"] = counts["places"] - counts["in the installed wheel"] - len(pool)
    chosen = _choose(list(pool.values()), shape)
    counts["not chosen"] = len(pool) - len(chosen)
    return Mined(tuple(chosen), dict(counts))


def places(
    text: Text, surface: ApiSurface, language: LanguageSupport, valid: ValidNames
) -> Iterator[tuple[Case, Sequence[tuple[str, ...]]]]:
    """(case, the windows of 13 words that hold its gold) of every place in a text whose valid names are known."""
    for use in language.uses(text.code, [surface]):
        before, after = text.code[: use.start], text.code[use.end :]
        names = valid.at(use, before)
        if use.exists is not True or use.name not in names or len(names) < 2:
            continue
        case = Case(
            library=surface.library.name,
            version=surface.library.version,
            package=surface.import_names[0] if surface.import_names else "",
            path=text.path,
            kind=use.kind,
            gold=use.name,
            copyable=re.search(rf"\b{re.escape(use.name)}\b", before) is not None,
            candidates=names,
            prefix=before[-PREFIX:],
            suffix=after[:SUFFIX],
            id=f"{surface.library.name}-{digest_of([str(surface.library), text.path, use.start, use.kind])[:10]}",
        )
        head, tail = words_of(before[-PREFIX:])[1 - WINDOW :], words_of(after[:SUFFIX])[: WINDOW - 1]
        yield case, windows((*head, use.name, *tail), WINDOW)


class ValidNames:
    """Which names may stand at a use, for one surface."""

    def __init__(self, surface: ApiSurface) -> None:
        self._surface = surface
        self._owners = {symbol.owner for symbol in surface.symbols.values()}
        self._members: dict[str, tuple[str, ...]] = {}

    def at(self, use: ApiUse, before: str) -> tuple[str, ...]:
        """Sorted; () when they cannot be listed. `before` is the text up to the use.

        Keywords: every parameter that may be named, given already or not. Members and imports: the owner's public
        names without what a module only imports for its own use; where it has members that no reading finds, the rest.
        """
        if use.kind == "keyword":
            symbol = self._surface.resolve(use.owner)
            given = symbol.parameters if symbol is not None and symbol.parameters is not None else ()
            return tuple(sorted(p.name for p in given if p.kind in ("positional_or_keyword", "keyword_only")))
        if use.kind not in KINDS or not use.owner:
            return ()
        if use.owner not in self._members:
            names = offered(self._surface, use.owner)
            kept = (n for n in names if not n.startswith("_") and not self._passed_on(f"{use.owner}.{n}"))
            self._members[use.owner] = tuple(sorted(kept))
        names = self._members[use.owner]
        if re.search(
            rf"\b{use.owner.rpartition('.')[2]}\s*\.\s*$", before
        ):  # `Kind.`: a member's own `name` and `value` are not there
            return tuple(n for n in names if not self._is_of_enumeration(f"{use.owner}.{n}"))
        return names

    def _is_of_enumeration(self, path: str) -> bool:
        """A property that no line of the library's source defines: the surface knows it from `enum`."""
        symbol = self._surface.resolve(path)
        return symbol is not None and symbol.kind == "property" and not symbol.line

    def _passed_on(self, path: str) -> bool:
        """A module of the library that another of its modules imports: valid there, and nobody takes it from there."""
        symbol = self._surface.symbols.get(path)
        if symbol is None or not symbol.target or path in self._owners:
            return False
        target = self._surface.resolve(symbol.target)
        return target is not None and target.kind == "module"


def _choose(pool: list[Case], shape: Shape) -> list[Case]:
    """Kinds in turn, few a name and a file, copyable places last and no more than they may be."""
    order = sorted(pool, key=lambda case: digest_of([shape.seed, case.id]))
    taken: list[Case] = []
    names: Counter[tuple[str, str]] = Counter()
    files: Counter[str] = Counter()

    def take(some: list[Case], most: int) -> None:
        by_kind = ([case for case in some if case.kind == kind] for kind in KINDS)
        for case in (case for turn in zip_longest(*by_kind) for case in turn if case is not None):
            if most <= 0:
                return
            if names[case.kind, case.gold] < shape.per_name and files[case.path] < shape.per_file:
                names[case.kind, case.gold] += 1
                files[case.path] += 1
                taken.append(case)
                most -= 1

    copyable = [case for case in order if case.copyable]
    spare = min(round(COPYABLE_SHARE * shape.count), len(copyable))
    take([case for case in order if not case.copyable], shape.count - spare)
    take(copyable, min(spare, int(len(taken) * _MOST_COPYABLE / (1 - _MOST_COPYABLE))))
    return sorted(taken, key=lambda case: digest_of([shape.seed, case.id]))
