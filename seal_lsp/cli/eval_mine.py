"""`seal-lsp eval mine`: a case file from a library's own tests, examples and docs, so that learning can be judged on
any library. The sdist or checkout is read, never run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from seal_lsp.cli.output import Json, note, show, table
from seal_lsp.core.errors import UsageError
from seal_lsp.core.library import Environment, InstalledLibrary, LibraryId


def command(
    library: Annotated[str, typer.Option(help="name==version, as installed.", show_default=False)],
    out: Annotated[Path, typer.Option(help="The case file to write (JSONL).", show_default=False)],
    sdist: Annotated[Path | None, typer.Option(help="Source distribution (.tar.gz) of that version.")] = None,
    checkout: Annotated[Path | None, typer.Option(help="Or a folder with its source at that version.")] = None,
    site: Annotated[
        list[Path] | None, typer.Option(help="Folder of `pip install --target` that has it; may be repeated.")
    ] = None,
    python: Annotated[Path | None, typer.Option("--python", help="Or an interpreter whose environment has it.")] = None,
    count: Annotated[int, typer.Option(min=1, help="So many cases at most.")] = 60,
    per_name: Annotated[int, typer.Option(min=1, help="So many of one name and kind.")] = 3,
    per_file: Annotated[int, typer.Option(min=1, help="So many of one file.")] = 4,
    seed: Annotated[int, typer.Option(help="Which of the places are taken.")] = 0,
    compare: Annotated[
        Path | None, typer.Option(help="A case file of the same library: are its candidates the same as ours?")
    ] = None,
    json: Json = False,
) -> None:
    """Places where the library's authors name its API, which nothing that is installed gives away."""
    from seal_lsp.languages.python.support import Python
    from seal_lsp.languages.source_tree import texts_of
    from seal_lsp.measure.cases import dump_cases
    from seal_lsp.measure.mine import Shape, installed_windows, mine
    from seal_lsp.store.disk import write_atomic

    language = Python()
    wanted = LibraryId.parse(library)
    installed, environment = _installed(wanted, [*(site or ()), *([python] if python else [])])
    surface = language.surface(installed, environment)
    if not surface.symbols:
        why = installed.problem or "; ".join(surface.problems) or "no Python source and no stubs"
        raise UsageError(f"{wanted} has no API that can be read: {why}", hint="take a library with source or stubs")
    with _source(sdist, checkout) as root:
        texts = list(texts_of(root, language))
    if not texts:
        raise UsageError(
            "no tests, examples or docs there", hint="many sdists leave them out: give a checkout with --checkout"
        )
    note(f"{wanted}: {len(texts)} texts")
    mined = mine(texts, surface, language, installed_windows(installed), Shape(count, per_name, per_file, seed))
    if not mined.cases:
        raise UsageError(f"no place that can be a case in {len(texts)} texts: {mined.counts}", hint="see the counts")
    write_atomic(out, dump_cases(mined.cases))
    kinds = Counter(case.kind for case in mined.cases)
    found = {
        "library": str(wanted),
        "out": str(out),
        "cases": len(mined.cases),
        "copyable": sum(case.copyable for case in mined.cases),
        "kinds": dict(kinds),
        "files": len({case.path for case in mined.cases}),
        "names": len({case.gold for case in mined.cases}),
        "counts": mined.counts,
    }
    if compare is not None:
        found["compared"] = _compared(compare, texts, surface, language)
    show(found, json, lambda console: _print(console, found))
    if len(mined.cases) < count:
        note(f"{len(mined.cases)} of {count}: there are no more that the rules allow")


def _installed(wanted: LibraryId, places: Sequence[Path]) -> tuple[InstalledLibrary, Environment]:
    from seal_lsp.languages.python.support import Python

    if not places:
        raise UsageError(
            f"where is {wanted} installed?", hint="give --site DIR of a pip --target, or --python INTERPRETER"
        )
    versions = []
    for place in places:
        environment = Python().find_environment(Path.cwd(), setting=str(place.absolute()), variables={})
        for library in Python().installed(environment):
            if library.id == wanted:
                return library, environment
            versions += [str(library.id)] if library.id.name == wanted.name else []
    there = f"there is {', '.join(versions)}" if versions else f"not in {', '.join(map(str, places))}"
    raise UsageError(
        f"{wanted} is not installed: {there}",
        hint=f"pip install --no-deps --target {places[0]} {wanted.name}=={wanted.version}",
    )


@contextmanager
def _source(sdist: Path | None, checkout: Path | None) -> Iterator[Path]:
    from seal_lsp.languages.source_tree import unpacked

    if (sdist is None) == (checkout is None):
        raise UsageError("give one of --sdist and --checkout", hint="pip download --no-deps --no-binary :all: gets one")
    if checkout is not None:
        yield checkout
        return
    with unpacked(sdist) as root:
        yield root


def _compared(file: Path, texts: Sequence, surface, language) -> dict:
    from seal_lsp.measure.cases import load_cases
    from seal_lsp.measure.mine_compare import compare

    counts, differences = compare(load_cases(file), texts, surface, language)
    return counts | {
        "differences": [
            {"path": d.case.path, "kind": d.case.kind, "gold": d.case.gold, "more": d.more, "less": d.less}
            for d in differences
        ]
    }


def _print(console, found: dict) -> None:
    rows = [
        ("cases", found["cases"]),
        ("not copyable", found["cases"] - found["copyable"]),
        *((f"kind {kind}", count) for kind, count in found["kinds"].items()),
        ("names", found["names"]),
        ("files", found["files"]),
        *found["counts"].items(),
    ]
    console.print(table((found["library"], ""), rows))
    compared = found.get("compared")
    if compared:
        counted = ", ".join(f"{count} {what}" for what, count in compared.items() if what != "differences")
        console.print(f"\ncandidates compared: {counted}", markup=False)
        for one in compared["differences"]:
            more, less = (", ".join(one[key][:6]) or "-" for key in ("more", "less"))
            console.print(f"  {one['kind']} {one['gold']} in {one['path']}: more {more}; less {less}", markup=False)
    console.print(f"written: {found['out']}", markup=False)
