"""`seal-lsp vet-report`: what vetting costs honest code. Every self-edit that the writers make from an installed wheel
is reviewed; what a check rejects there is, as good as always, a false alarm.

Not applied, because they have no meaning without a learning cycle: held-out overlap and relevance.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from seal_lsp.cli.output import Json, note, show, table
from seal_lsp.core.errors import UsageError
from seal_lsp.core.library import Environment, InstalledLibrary, LibraryId


def vet_report(
    libraries: Annotated[
        list[str] | None,
        typer.Argument(help="name or name==version; all of the folders when left out.", show_default=False),
    ] = None,
    site: Annotated[
        list[Path] | None,
        typer.Option(help="A folder of installed wheels (pip install --target); may be given again.", exists=True),
    ] = None,
    characters: Annotated[int, typer.Option(min=1000, help="How much the writers may write for a library.")] = 300_000,
    seed: Annotated[int, typer.Option(help="Seed of the writers.")] = 0,
    reasons: Annotated[int, typer.Option(min=0, help="Show this many reasons of each check.")] = 0,
    json: Json = False,
) -> None:
    """How many honest snippets each check rejects, for each library and in total."""
    found = [pair for folder in site or () for pair in _installed(folder)]
    if not site:
        raise UsageError("no folder of installed wheels was given", hint="seal-lsp vet-report --site FOLDER")
    chosen = [pair for pair in found if not libraries or any(named(words, pair[0]) for words in libraries)]
    if not chosen:
        names = ", ".join(str(library.id) for library, _ in found) or "nothing"
        raise UsageError(f"not installed there: {', '.join(libraries or ())}", hint=f"the folders hold {names}")
    rows = []
    for library, environment in chosen:
        note(f"{library.id}: collecting, writing, vetting")
        rows.append(_review(library, environment, characters=characters, seed=seed))
    rows.append(_total(rows))
    show({"libraries": rows[:-1], "total": rows[-1]}, json, lambda console: _print(console, rows, reasons))


def _installed(folder: Path) -> list[tuple[InstalledLibrary, Environment]]:
    from seal_lsp.languages.python.support import Python

    folder = folder.absolute()
    version = "3.11"
    environment = Environment(folder, None, (folder,), version, "setting")
    return [(library, environment) for library in Python().installed(environment)]


def named(words: str, library: InstalledLibrary) -> bool:
    if "==" in words or "@" in words:
        return LibraryId.parse(words) == library.id
    return LibraryId(words, "0").name == library.id.name


def _review(library: InstalledLibrary, environment: Environment, *, characters: int, seed: int) -> dict:
    from seal_lsp.collect.gather import gather
    from seal_lsp.languages.python.support import Python
    from seal_lsp.self_edits.write import write
    from seal_lsp.vet.check import VetContext
    from seal_lsp.vet.review import checks, review

    language = Python()
    surface = language.surface(library, environment)
    gathered = gather(library, surface, environment, language=language, roots=(), dependents=False)
    edits = write(gathered.evidence, surface, language, seed=seed, characters=characters)
    context = VetContext((surface,), importable(library, environment), language, environment=environment)
    reviews = review(edits, context)
    names = [check.name for check in checks(context)]
    rejected = Counter(r.rejection.check for r in reviews if r.rejection)
    why = {
        name: Counter(r.rejection.reason for r in reviews if r.rejection and r.rejection.check == name)
        for name in names
    }
    return {
        "library": str(library.id),
        "written": len(edits),
        "kept": sum(r.accepted for r in reviews),
        "replaced_secrets": sum(any(v.passed and v.reason for v in r.verdicts) for r in reviews),
        "rejected": {name: _share(rejected[name], len(edits)) for name in names},
        "by_format": {
            form: {"written": n, "kept": sum(r.accepted for r in reviews if r.edit.format == form)}
            for form, n in sorted(Counter(e.format for e in edits).items())
        },
        "reasons": {name: dict(counts.most_common(20)) for name, counts in why.items() if counts},
    }


def importable(library: InstalledLibrary, environment: Environment) -> frozenset[str]:
    """A wheel unpacked without its dependencies: what it declares to need counts as installed, by its usual name."""
    from packaging.requirements import Requirement

    from seal_lsp.languages.python.support import Python

    language = Python()
    declared = {Requirement(text).name.replace("-", "_") for text in library.requires}
    installed = {name for one in language.installed(environment) for name in one.import_names}
    return frozenset(declared | installed | language.standard_modules(environment))


def _total(rows: list[dict]) -> dict:
    written = sum(row["written"] for row in rows)
    names = rows[0]["rejected"]
    return {
        "library": "total",
        "written": written,
        "kept": sum(row["kept"] for row in rows),
        "replaced_secrets": sum(row["replaced_secrets"] for row in rows),
        "rejected": {name: _share(sum(row["rejected"][name]["count"] for row in rows), written) for name in names},
    }


def _share(count: int, of: int) -> dict:
    return {"count": count, "share": round(count / of, 4) if of else 0.0}


def _print(console, rows: list[dict], reasons: int) -> None:
    """Checks down, libraries across: that fits eighty columns."""
    lines = [
        ["written", *(row["written"] for row in rows)],
        ["kept", *(_cell(row["kept"], row["written"]) for row in rows)],
        *(
            [name, *(_cell(row["rejected"][name]["count"], row["written"]) for row in rows)]
            for name in rows[0]["rejected"]
        ),
        ["(secrets replaced)", *(_cell(row["replaced_secrets"], row["written"]) for row in rows)],
    ]
    console.print(table(("rejected by", *(row["library"] for row in rows)), lines))
    for row in rows if reasons else ():
        for name, counts in row.get("reasons", {}).items():
            for reason, count in list(counts.items())[:reasons]:
                console.print(f"{row['library']} {name} {count}x {reason}", markup=False)


def _cell(part: int, whole: int) -> str:
    return f"{part} {100 * part / whole:.1f}%" if part and whole else "-"
