"""Runs in the analysis worker: which libraries does a workspace use, and may they be learned? Imports only watch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from seal_lsp.core.library import Environment
from seal_lsp.watch.worth import Decision

_scanners: dict = {}


def scan(
    roots: tuple[str, ...],
    environment: Environment,
    documents: Mapping[str, str],
    learned: Mapping[str, str],
    *,
    trust: str,
    excluded_libraries: tuple[str, ...],
    exclude: tuple[str, ...],
    max_kb: int,
) -> list[Decision]:
    """A decision on every library used. The scanner stays in this process, so that the next look is cheap."""
    from seal_lsp.languages.python.support import Python
    from seal_lsp.watch.scan import Scanner
    from seal_lsp.watch.trust import declared
    from seal_lsp.watch.worth import worth_learning

    folders = tuple(Path(root) for root in roots)
    language = Python()
    key = (roots, exclude, max_kb)
    scanner = _scanners.get(key)
    if scanner is None:
        scanner = _scanners[key] = Scanner(language, exclude=exclude, max_bytes=max_kb * 1024)
    names = declared(folders, exclude=exclude).names
    found = scanner.scan(folders, environment, open_documents=documents, declared=names)
    return worth_learning(
        found.uses,
        trust=trust,
        declared=names,
        excluded=excluded_libraries,
        learned=learned,
        standard=language.standard_modules(environment),
        roots=folders,
        missing=found.missing,
    )


def run(arguments: tuple, options: dict) -> list[Decision]:
    return scan(*arguments, **options)
