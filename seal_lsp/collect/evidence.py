"""Make Evidence: which symbols a text uses, where it was read. Shared by the sources; knows none of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from seal_lsp.collect.names import Import
from seal_lsp.core.api import ApiSurface
from seal_lsp.core.code import ApiUse
from seal_lsp.core.language import LanguageSupport
from seal_lsp.core.learning import Evidence, Provenance


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps, so that one huge workspace or dependent cannot fill a cycle. What is passed over is said in `skipped`.

    max_files: files read per source. max_bytes: of one file. max_text: characters of one evidence.
    max_items: evidence per source. max_dependents: other distributions read.
    """

    max_files: int = 3000
    max_bytes: int = 1024 * 1024
    max_text: int = 12_000
    max_items: int = 6000
    max_dependents: int = 24


@dataclass(frozen=True, slots=True)
class Gathered:
    """`skipped` are (what, reason): files, sources and distributions that gave nothing, or were cut short."""

    evidence: tuple[Evidence, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Basket:
    """Evidence of one source in the making: drops what is too long, counts reasons."""

    limits: Limits
    evidence: list[Evidence] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)

    @property
    def full(self) -> bool:
        return len(self.evidence) >= self.limits.max_items

    def skip(self, what: str, reason: str) -> None:
        self.skipped.append((what, reason))

    def add(self, kind: str, text: str, unit: str, symbols: tuple[str, ...], origin: Origin, line: int) -> None:
        if self.full:
            return
        if len(text) > self.limits.max_text:
            self.skip(f"{origin.file}:{line}", f"longer than {self.limits.max_text} characters")
            return
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        provenance = Provenance(origin.source, origin.distribution, origin.version, origin.file, line, digest)
        self.evidence.append(Evidence(kind, text, unit, symbols, provenance))


@dataclass(frozen=True, slots=True)
class Origin:
    """Provenance without line and hash. A workspace file has no distribution."""

    source: str
    distribution: str
    version: str
    file: str


def symbols_in(text: str, surface: ApiSurface, language: LanguageSupport) -> tuple[str, ...]:
    """Qualnames that the text names, in order of first use; names that are known not to exist are left out."""
    return symbols_of(language.uses(text, (surface,)))


def symbols_of(uses: Iterable[ApiUse]) -> tuple[str, ...]:
    in_order = sorted(uses, key=lambda use: use.start)
    return tuple(dict.fromkeys(use.qualname for use in in_order if use.exists is not False))


def imports_library(target: str, surface: ApiSurface) -> bool:
    """True when the dotted import target lies in one of the library's import names."""
    return any(target == name or target.startswith(f"{name}.") for name in surface.import_names)


def exported(surface: ApiSurface) -> Mapping[str, Import]:
    """How the library's public names are imported: `from shortest.path import Name`, where one shortest path exists.
    For examples in docstrings, which usually leave their imports out."""
    paths: dict[str, list[str]] = {}
    for qualname in sorted(surface.symbols):  # a surface from the index has another order
        owner, _, name = qualname.rpartition(".")
        holder = surface.symbols.get(owner)
        if not owner or name.startswith("_") or any(part.startswith("_") for part in owner.split(".")):
            continue
        if holder is not None and holder.kind == "module":
            paths.setdefault(name, []).append(owner)
    known: dict[str, Import] = {}
    for name, owners in sorted(paths.items()):
        resolved = surface.resolve(f"{owners[0]}.{name}")
        shortest = min(owner.count(".") for owner in owners)
        nearest = [owner for owner in owners if owner.count(".") == shortest]
        if len(nearest) == 1 and resolved is not None and resolved.kind in ("class", "function"):
            owner = nearest[0]
            known[name] = Import(name, f"{owner}.{name}", f"from {owner} import {name}")
    for module in surface.import_names:
        if "." not in module:
            known[module] = Import(module, module, f"import {module}")
    return known


def relative(path: Path, *bases: Path) -> str:
    """Posix path relative to the first base that holds it; its name alone otherwise, so that no home folder leaks."""
    for base in bases:
        if path.is_relative_to(base):
            return path.relative_to(base).as_posix()
    return path.name
