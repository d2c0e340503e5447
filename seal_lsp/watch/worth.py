"""Is a library that is used here worth learning, and may it be learned? Pure thinking over what scan and trust found.

Whether the base model knows it already is not known here: the engine probes that before it learns.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from seal_lsp.core.library import LibraryId
from seal_lsp.watch.scan import LibraryUse

# Why nothing is done about a library that the engine has met at this version, by core.protocol.LearnedLibrary.state.
_MET = {
    "live": "already learned",
    "rejected": "the gate rejected it at this version",
    "known": "the base model already knows it",
    "learning": "being learned now",
    "queued": "already queued",
    "paused": "learning is paused",
    "failed": "learning it failed at this version; it can be asked for again",
}


@dataclass(frozen=True, slots=True)
class Decision:
    """`verdict`: learn, ask (the user decides) or skip. `reason` is a sentence's worth for the user."""

    library: LibraryId
    verdict: str
    reason: str
    uses: int = 0


def decide(
    use: LibraryUse,
    *,
    trust: str = "declared",
    declared: Collection[str] = (),
    excluded: Iterable[str] = (),
    learned: Mapping[str, str] | None = None,
    standard: Collection[str] = (),
    roots: Iterable[Path] = (),
) -> Decision:
    """`declared`: normalised names of the project's manifests. `excluded`: globs over normalised names. `learned`:
    state by `name@version`. `standard`: standard library modules. Trust fails closed: an unknown value is `none`."""
    name = use.library.name

    def answer(verdict: str, reason: str) -> Decision:
        return Decision(use.library, verdict, reason, use.uses)

    if use.import_names and all(top in standard for top in use.import_names):
        return answer("skip", "part of the standard library")
    if _is_own(use, roots):
        return answer("skip", "it is this workspace's own code")
    if name.startswith("types-") or name.endswith("-stubs"):
        return answer("skip", "it holds type stubs only")
    if not use.installed.roots:
        return answer("skip", use.installed.problem or "it installs no importable module")
    if "without source or stubs" in use.installed.problem:
        return answer("skip", use.installed.problem)
    if any(fnmatchcase(name, pattern.lower()) for pattern in excluded):
        return answer("skip", "excluded by learn.exclude")
    state = (learned or {}).get(str(use.library))
    if state is not None:
        return answer("skip", _MET.get(state, f"the engine says: {state}"))
    is_declared = use.declared or name in declared
    if trust == "all":
        return answer("learn", f"used {use.uses} times, everything used may be learned")
    if trust == "ask":
        return answer("ask", f"used {use.uses} times, learn.trust is ask")
    if trust == "declared":
        if is_declared:
            return answer("learn", f"used {use.uses} times and declared by the project")
        return answer("skip", "not declared in a manifest or lock file of the project (learn.trust is declared)")
    return answer("skip", "learn.trust is none" if trust == "none" else f"learn.trust is unknown: {trust}")


def worth_learning(
    uses: Iterable[LibraryUse],
    *,
    trust: str = "declared",
    declared: Collection[str] = (),
    excluded: Iterable[str] = (),
    learned: Mapping[str, str] | None = None,
    standard: Collection[str] = (),
    roots: Iterable[Path] = (),
    missing: Iterable[str] = (),
) -> list[Decision]:
    """A decision on every library, those to learn first, the most used of them first. `missing` are imported names
    that are not installed; they come last."""
    excluded, roots = tuple(excluded), tuple(roots)
    decisions = [
        decide(use, trust=trust, declared=declared, excluded=excluded, learned=learned, standard=standard, roots=roots)
        for use in uses
    ]
    order = {"learn": 0, "ask": 1, "skip": 2}
    decisions.sort(key=lambda decision: (order[decision.verdict], -decision.uses, decision.library))
    return decisions + [
        Decision(LibraryId(name, ""), "skip", "imported, but not installed in the workspace's environment")
        for name in sorted(set(missing))
    ]


def _is_own(use: LibraryUse, roots: Iterable[Path]) -> bool:
    """An editable install of a folder of this workspace: its code is edited here, so no version of it stands still."""
    if not use.installed.editable:
        return False
    folders = [root.resolve() for root in roots]
    return any(path.resolve().is_relative_to(folder) for path in use.installed.roots for folder in folders)
