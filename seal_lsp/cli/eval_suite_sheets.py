"""A suite's report as sheets: the arms, their differences, and what was learned. Reads the report as it was written."""

from __future__ import annotations

import re
from collections.abc import Mapping

from seal_lsp.cli.eval_sheets import Sheet, number, percent

_NAMES = {"code-update-arena": "CodeUpdateArena", "beatnum": "BeatNum"}
_SHOWN = {"pass@1": "pass@1 %", "bits": "bits/byte of the reference", "name_bits": "bits/byte of its API names"}


def suite_sheets(report: Mapping) -> list[Sheet]:
    found = [_arms(report), _differences(report), _learned(report)]
    return [sheet for sheet in found if sheet.rows]


def _arms(report: Mapping) -> Sheet:
    rows = []
    for arm in report["arms"]:
        shown = (percent(arm[name]) if name == "pass@1" else number(arm[name]) for name in _SHOWN)
        rows.append((arm["arm"], str(arm["tasks"]), str(arm["adapted"]), *shown))
    note = (
        f"{sum(report['groups'].values())} of {report['tasks']} tasks: those whose reference passes here. "
        f"Tests ran behind: {', '.join(report['layers'])}."
    )
    columns = ("arm", "tasks", "under an adapter", *_SHOWN.values())
    return Sheet(f"{_NAMES[report['suite']]}: answers that pass, and likelihood", columns, tuple(rows), note)


def _differences(report: Mapping) -> Sheet:
    rows = []
    for one in report["differences"]:
        rows.append((one["arm"], one["against"], *(_gain(name, one[name]) for name in _SHOWN)))
    groups = any(one["resampled"] == "groups" for one in report["differences"])
    unit = f"{len(report['groups'])} updates" if groups else "tasks"
    note = f"Positive is better; 95 % interval, {unit} resampled."
    columns = ("arm", "against", *_SHOWN.values())
    return Sheet(f"{_NAMES[report['suite']]}: gains", columns, tuple(rows), note)


def _gain(metric: str, found: Mapping | None) -> str:
    if not found:
        return "-"
    factor, digits = (100, 1) if metric == "pass@1" else (1, 3)
    mean, low, high = (f"{factor * found[key]:+.{digits}f}" for key in ("mean", "low", "high"))
    return f"{mean} [{low}, {high}]"


def _learned(report: Mapping) -> Sheet:
    rows = []
    for group, one in report["learned"].items():
        edits, train = one["self_edits"], one["train"]
        rejected = ", ".join(f"{check} {count}" for check, count in edits["rejected"].items())
        done = (str(train["steps"]), str(train["tokens"]), f"{train['seconds']:.0f}") if train else ("-", "-", "-")
        tasks = str(report["groups"].get(group, 0))
        rows.append((plainly(group), tasks, str(edits["written"]), str(edits["kept"]), rejected or "-", *done))
    columns = ("learned", "tasks", "written", "kept", "rejected", "steps", "tokens", "s")
    return Sheet(f"{_NAMES[report['suite']]}: what was learned, from documentation alone", columns, tuple(rows))


def plainly(group: str) -> str:
    """`[math.sqrt]:[add-argument]:[update-0]` as words: shorter in a column."""
    return " ".join(re.findall(r"[^\[\]:]+", group)) if group.startswith("[") else group
