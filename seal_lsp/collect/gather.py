"""Gather evidence about a library, best first, reading files only: nothing of the library is imported or run.

Order: workspace call sites, docstring examples, README, the source distribution's tests and docs, dependents' call
sites, the library's own calls, its source.
Does not judge: what is right, safe or useful is vet/'s business; what is held out is decided later, by `unit`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from seal_lsp.collect.documentation import docstring_usage, readme_usage
from seal_lsp.collect.evidence import Basket, Gathered, Limits
from seal_lsp.collect.own_source import own_source
from seal_lsp.collect.sdist import sdist_usage
from seal_lsp.collect.usage import dependent_usage, workspace_usage
from seal_lsp.core.api import ApiSurface
from seal_lsp.core.language import LanguageSupport
from seal_lsp.core.learning import Evidence
from seal_lsp.core.library import Environment, InstalledLibrary
from seal_lsp.core.progress import Progress, silent
from seal_lsp.measure.overlap import Overlap

_SAID_PER_SOURCE = 200  # reasons kept for one source; the rest is counted

__all__ = ["Gathered", "Limits", "gather"]


def gather(
    library: InstalledLibrary,
    surface: ApiSurface,
    environment: Environment,
    *,
    language: LanguageSupport,
    roots: tuple[Path, ...] = (),
    dependents: bool = True,
    workspace: bool = True,
    sdist: Path | None = None,
    exclude: Iterable[str] = (),
    held_out: Iterable[str] = (),
    limits: Limits = Limits(),  # noqa: B008 - frozen
    progress: Progress = silent,
) -> Gathered:
    """Everything there is, exact repeats once (the best source keeps it), in an order that only the files decide.

    `sdist` is the archive of the library's source distribution, where its tests and docs are to be read too. `held_out`
    are texts that will be asked about: evidence that shares 13 words with one is dropped.
    """
    exclude = tuple(exclude)
    baskets: list[Basket] = []

    def basket() -> Basket:
        baskets.append(Basket(limits))
        return baskets[-1]

    if workspace and roots:
        progress("collect", 0.0, "reading the workspace's call sites")
        workspace_usage(basket(), library, surface, language, roots, exclude)
    progress("collect", 0.2, "reading docstring examples")
    docstring_usage(basket(), library, surface, language)
    progress("collect", 0.35, "reading the README")
    readme_usage(basket(), library, surface, language)
    if sdist is not None:
        progress("collect", 0.37, "reading the source distribution's tests and docs")
        sdist_usage(basket(), library, surface, language, sdist)
    if dependents:
        progress("collect", 0.4, "reading packages that depend on it")
        dependent_usage(basket(), library, surface, language, environment)
    progress("collect", 0.6, "reading the library's source")
    own_source(basket(), basket(), library, surface, language)
    skipped = [(str(library.id), library.problem)] if library.problem else []
    skipped += [(str(library.id), problem) for problem in surface.problems]
    evidence = _once(item for each in baskets for item in each.evidence)
    for each in baskets:
        skipped += each.skipped[:_SAID_PER_SOURCE]
        if len(each.skipped) > _SAID_PER_SOURCE:
            skipped.append(("more", f"{len(each.skipped) - _SAID_PER_SOURCE} more were passed over"))
        if each.full:
            skipped.append(("more", f"stopped at {limits.max_items} pieces of evidence from one source"))
    shares = Overlap(held_out)
    clean = tuple(item for item in evidence if not shares(item.text))
    if len(clean) < len(evidence):
        skipped.append(
            ("held_out", f"{len(evidence) - len(clean)} pieces of evidence share 13 words with a held-out case")
        )
    evidence = clean
    progress("collect", 1.0, f"{len(evidence)} pieces of evidence")
    return Gathered(evidence, tuple(dict.fromkeys(skipped)))


def _once(items: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """The first of each (kind, text)."""
    kept: dict[tuple[str, str], Evidence] = {}
    for item in items:
        kept.setdefault((item.kind, item.text.strip()), item)
    return tuple(kept.values())
