"""`seal-lsp libraries`: the libraries that this workspace uses and what was learned. Needs no engine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from seal_lsp.cli.output import Json, note, show, table
from seal_lsp.core.errors import EnvironmentProblem


def command(
    root: Annotated[Path, typer.Option(help="The workspace.")] = Path(),
    learned: Annotated[bool, typer.Option("--learned", help="Only what was learned, in any workspace.")] = False,
    json: Json = False,
) -> None:
    """Libraries used here, and those learned, with their adapters."""
    rows = _learned()
    problem = ""
    if not learned:
        try:
            for name, uses in _used(root.absolute()).items():
                rows.setdefault(name, _row(name)).update(uses=uses)
        except EnvironmentProblem as error:
            problem = str(error)
            note(f"only what was learned is shown: {problem}")
    ordered = sorted(rows.values(), key=lambda row: (-row["uses"], row["library"]))

    def human(console):
        if not ordered:
            console.print("no library is used here, and none was learned")
            return
        console.print(table(("library", "uses here", "adapter", "learned", "snippets"), (
            (r["library"], r["uses"] or "", r["adapter"][:12], r["learned_at"], r["snippets"] or "") for r in ordered
        )))  # fmt: skip

    show({"libraries": ordered, "problem": problem}, json, human)


def _row(name: str) -> dict[str, Any]:
    return {"library": name, "uses": 0, "adapter": "", "learned_at": "", "snippets": 0}


def _learned() -> dict[str, dict[str, Any]]:
    """Live adapters on disk, whatever the base model."""
    from seal_lsp.store.adapters import AdapterStore
    from seal_lsp.store.paths import Paths

    store = AdapterStore(Paths.default().adapters)
    rows = {}
    for adapter in store.list():
        live = store.live(adapter.library, adapter.base)
        if live is None or live.digest != adapter.digest:
            continue
        rows[str(adapter.library)] = _row(str(adapter.library)) | {
            "adapter": adapter.digest,
            "learned_at": adapter.manifest.get("created", ""),
            "snippets": adapter.manifest.get("self_edits", {}).get("kept", 0),
        }
    return rows


def _used(root: Path) -> dict[str, int]:
    import os

    from seal_lsp.cli.asking import user_settings
    from seal_lsp.languages.python.support import Python
    from seal_lsp.watch.scan import scan

    settings = user_settings()
    language = Python()
    environment = language.find_environment(root, setting=settings.python.interpreter, variables=os.environ)
    found = scan((root,), environment, language, exclude=settings.files.exclude)
    return {str(use.library): use.uses for use in found}
