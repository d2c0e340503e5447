"""The documents of a report folder: Markdown for the repository and one HTML page, written from what is in the folder.

Either may be made again at any time; a part that has not been measured is not in them.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path

from seal_lsp.cli.eval_sheets import Sheet, markdown, sheets
from seal_lsp.core.errors import UsageError
from seal_lsp.store.disk import full_disk_is_said

TEMPLATE = Path(__file__).with_name("eval_report.html.jinja")
PARTS = ("report", "forgetting", "code-update-arena", "beatnum")


def parts_of(folder: Path) -> dict[str, dict]:
    """The measured parts of a report folder, by name."""
    found = {}
    for name in PARTS:
        file = folder / f"{name}.json"
        if file.is_file():
            found[name] = json.loads(file.read_text(encoding="utf-8"))
    return found


def check_extras() -> None:
    """Raises UsageError when what the documents need is not installed: better before the measuring than after it."""
    missing = [name for name in ("jinja2", "matplotlib", "bm25s") if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(f"not installed: {', '.join(missing)}", hint="pip install 'seal-lsp[eval]'")


def write_html(folder: Path) -> Path:
    """DIR/report.html from DIR's parts."""
    from jinja2 import Environment, FileSystemLoader

    from seal_lsp.cli.eval_plots import plots

    parts = parts_of(folder)
    pages = Environment(loader=FileSystemLoader(TEMPLATE.parent), autoescape=True, trim_blocks=True)
    page = pages.get_template(TEMPLATE.name).render(
        parts=[(name, part, facts(part), sheets_of(name, part)) for name, part in parts.items()],
        plots=plots(parts),
        titles=TITLES,
        failures=[said for part in parts.values() for said in part.get("failures", ())],
    )
    target = folder / "report.html"
    with full_disk_is_said(target):
        target.write_text(page, encoding="utf-8")
    return target


def write_results(folder: Path, target: Path) -> None:
    """Markdown for the repository: every part with its command, machine and versions."""
    pieces = ["# Results\n\nWritten by the commands below (`--results`); not edited by hand.\n"]
    for name, part in parts_of(folder).items():
        pieces.append(f"## {TITLES[name]}\n\n{_facts_as_list(part)}")
        if part.get("failures"):
            pieces.append("Failures:\n\n" + "".join(f"- {said}\n" for said in part["failures"]))
        pieces += [markdown(sheet, 3) for sheet in sheets_of(name, part)]
    with full_disk_is_said(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("\n".join(pieces), encoding="utf-8")


TITLES = {
    "report": "Arms side by side",
    "forgetting": "Forgetting",
    "code-update-arena": "CodeUpdateArena",
    "beatnum": "BeatNum",
}


def sheets_of(name: str, part: Mapping) -> list[Sheet]:
    if name == "forgetting":
        from seal_lsp.cli.eval_forgetting_sheets import forgetting_sheets

        return forgetting_sheets(part)
    if "suite" in part:
        from seal_lsp.cli.eval_suite_sheets import suite_sheets

        return suite_sheets(part)
    return sheets(part)


def facts(part: Mapping) -> list[tuple[str, str]]:
    """Where the numbers come from."""
    machine, settings = part["machine"], part["settings"]
    cores = f"{machine['physical_cores']} cores, {machine['logical_cores']} threads, {machine['memory_gb']} GB"
    asked, earlier = part["answers"]["asked"], part["answers"]["from_earlier_runs"]
    taken = f", {earlier} of {asked} answers taken over from an earlier run" if earlier else ""
    found = [
        ("command", part["command"]),
        ("measured", f"{part['created']}, in {part['seconds']:.0f} s{taken}"),
        ("machine", f"{machine['processor']}, {cores}, {machine['system']}"),
        ("versions", ", ".join(f"{name} {version}" for name, version in part["versions"].items())),
        ("model", f"{part['model']['id']}, {part['model']['digest']}"),
        ("code", part["code"]),
        ("settings", json.dumps(settings, ensure_ascii=False, sort_keys=True)),
    ]
    if part.get("menu_ms") is not None:
        found.append(("the product's menu", f"{part['menu_ms']:.0f} ms in the median"))
    for arm, why in part.get("arms_not_run", {}).items():
        found.append((f"{arm} was not run", why))
    return found


def _facts_as_list(part: Mapping) -> str:
    return "".join(f"- {name}: {'`' + value + '`' if name == 'command' else value}\n" for name, value in facts(part))
