"""The Markdown of a bench: on what it was measured, what failed, and its sheets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from seal_lsp.cli.eval_sheets import Sheet, markdown
from seal_lsp.store.disk import full_disk_is_said


def write_bench(
    name: str, found: Mapping, folder: Path, facts: Sequence[tuple[str, str]], sheets: Sequence[Sheet]
) -> Path:
    """FOLDER/bench_NAME.md; `facts` are those that only this bench has."""
    machine = found["machine"]
    lines = [
        ("command", f"`{found['command']}`"),
        ("measured", f"{found['created']}, in {found['seconds']:.0f} s; load average {machine['load_average']}"),
        ("machine", f"{machine['processor']}, {machine['physical_cores']} cores, {machine['memory_gb']} GB"),
        ("versions", ", ".join(f"{package} {version}" for package, version in found["versions"].items())),
        ("model", f"{found['model']['id']}, {found['model']['digest']}"),
        *facts,
    ]
    pieces = [f"# bench {name}\n\n" + "".join(f"- {what}: {value}\n" for what, value in lines)]
    if found["failures"]:
        pieces.append("Failures:\n\n" + "".join(f"- {said}\n" for said in found["failures"]))
    target = folder / f"bench_{name}.md"
    with full_disk_is_said(target):
        target.write_text("\n".join([*pieces, *map(markdown, sheets)]), encoding="utf-8")
    return target
