"""A report as sheets: titles, notes, columns and rows of text, the same on a terminal, in Markdown and in HTML.

Reads report.json and forgetting.json as they were written; computes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console

from seal_lsp.cli.output import table

SHARES = {
    "top1": "first %", "top5": "first five %", "mrr": "MRR", "bits_per_byte": "bits/byte", "exact": "next name %",
    "keyword_f1": "keyword F1", "answered": "answered %", "valid": "valid %",
    "hallucinated": "hallucinated %", "deprecated": "deprecated %",
}  # fmt: skip
_PLAIN = ("mrr", "bits_per_byte", "keyword_f1")  # not in percent
HOVERS = {"whole": "written whole %", "exists": "names exist %", "stands": "kept %", "shown": "shown %"}
SILENCE = {"shown": "shown %", "right": "of that right %", "right_kept": "of the right kept %"}
SPLIT_NAMES = {"noncopyable": "not copyable", "copyable": "copyable"}
LATER = {"noncopyable_used_later": "used later in the file", "noncopyable_not_used_later": "not used later"}


@dataclass(frozen=True)
class Sheet:
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def sheets(report: Mapping) -> list[Sheet]:
    """Everything that a comparison of arms has found, the most important first."""
    arms = report["arms"]
    found = [_means(arms, split, len(report["libraries"])) for split in SPLIT_NAMES]
    found += [_differences(report, split) for split in SPLIT_NAMES]
    found += [_by_library(report, split) for split in SPLIT_NAMES]
    found += [
        _later(arms),
        _kinds(arms),
        _silence(report.get("silence", {})),
        _hovers(report.get("hovers")),
        _learning(report["libraries"]),
        _rejected(report["libraries"]),
    ]
    return [sheet for sheet in found if sheet.rows]


def percent(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{100 * value:.{digits}f}"


def number(value: float | None, digits: int = 3) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def cell(metric: str, value: float | None) -> str:
    return number(value) if metric in _PLAIN else percent(value)


def change(metric: str, entry: Mapping) -> str:
    """`+12.3 [+4.0, +20.1]`, in percent points where the metric is a share."""
    factor, digits = (1, 3) if metric in _PLAIN else (100, 1)
    mean, low, high = (f"{factor * entry[key]:+.{digits}f}" for key in ("mean", "low", "high"))
    return f"{mean} [{low}, {high}]"


def _means(arms: Mapping, split: str, libraries: int) -> Sheet:
    rows = []
    for arm, splits in arms.items():
        if split in splits:
            part = splits[split]
            values = (cell(metric, part[metric]) for metric in SHARES)
            rows.append((arm, str(part["cases"]), *values, f"{part['unknown']} of {part['names']}"))
    chance = next((percent(splits[split]["chance"]) for splits in arms.values() if split in splits), "-")
    note = (
        f"A guess has {chance} % first. `grounded` and `product` are ranked among what they offer themselves. Valid:"
        " names at least one API, and all that it names exists; no answer is not valid."
    )
    columns = ("arm", "cases", *SHARES.values(), "unknown names")
    return Sheet(f"Names that are {SPLIT_NAMES[split]}, mean of {libraries} libraries", columns, tuple(rows), note)


def _differences(report: Mapping, split: str) -> Sheet:
    wanted = ("top1", "top5", "exact", "bits_per_byte")
    pairs: dict[tuple[str, str], dict[str, Mapping]] = {}
    for entry in report["differences"]:
        if entry["split"] == split and entry["metric"] in wanted:
            pairs.setdefault((entry["arm"], entry["against"]), {})[entry["metric"]] = entry
    rows = []
    for (arm, against), by_metric in pairs.items():
        values = (change(metric, by_metric[metric]) if metric in by_metric else "-" for metric in wanted)
        above = by_metric["top1"]
        rows.append((f"{arm} - {against}", *values, f"{above['libraries_above']} of {len(above['libraries'])}"))
    note = "Paired bootstrap, cases resampled within libraries; shares in percent points, smaller bits/byte is better."
    columns = ("arms", *(SHARES[metric] for metric in wanted), "libraries with first % up")
    return Sheet(f"Differences with 95 % intervals, {SPLIT_NAMES[split]}", columns, tuple(rows), note)


def _by_library(report: Mapping, split: str) -> Sheet:
    arms = list(report["arms"])
    rows = []
    for name, library in report["libraries"].items():
        values = []
        for arm in arms:
            part = library["arms"].get(arm, {}).get(split)
            values.append(f"{percent(part['top1'], 0)} / {percent(part['top5'], 0)}" if part else "-")
        parts = [splits[split]["cases"] for splits in library["arms"].values() if split in splits]
        rows.append((name, library.get("status", "not learned"), str(max(parts, default=0)), *values))
    note = "Right name first / in the first five, in percent."
    return Sheet(
        f"By library, {SPLIT_NAMES[split]}", ("library", "gate", "cases", *arms), tuple(rows) if arms else (), note
    )


def _later(arms: Mapping) -> Sheet:
    rows = []
    for arm in ("base", "adapter", "grounded", "product"):
        for split, words in LATER.items():
            part = arms.get(arm, {}).get(split)
            if part:
                shares = (percent(part[metric]) for metric in ("top1", "top5", "exact"))
                rows.append((arm, words, str(part["cases"]), *shares))
        whole = arms.get(arm, {}).get("noncopyable")
        if whole and whole["known"] is not None:
            rows.append((arm, "receiver known (members, keywords)", "", percent(whole["known"]), "", ""))
    note = "Reading ahead is not learning: where the gold name stands later in the file, the product can see it."
    columns = ("arm", "not copyable, gold name", "cases", "first %", "first five %", "next name %")
    return Sheet("Read ahead or learned", columns, tuple(rows), note)


def _kinds(arms: Mapping) -> Sheet:
    kinds = ("import", "member", "keyword")
    rows = []
    for arm, splits in arms.items():
        parts = [splits.get(f"noncopyable_{kind}") for kind in kinds]
        rows.append((arm, *(f"{percent(p['top1'], 0)} / {percent(p['top5'], 0)}" if p else "-" for p in parts)))
    columns = ("arm", *(f"{kind}s" for kind in kinds))
    return Sheet("By kind, not copyable: first % / first five %", columns, tuple(rows))


def _silence(curves: Mapping) -> Sheet:
    rows = [
        (words, f"{one['threshold']:.2f}", str(one["places"]), *(percent(one[key]) for key in SILENCE))
        for split, words in SPLIT_NAMES.items()
        for one in curves.get(split, ())
    ]
    note = (
        "Of the product's ghost texts those at least so sure of themselves (inline.min_confidence): how many are shown,"
        " how many of these begin with the right name, and how much of what was right is kept."
    )
    columns = ("names", "confidence", "cases", *SILENCE.values())
    return Sheet("Silence: what a threshold of confidence shows", columns, tuple(rows), note)


def _hovers(found: Mapping | None) -> Sheet:
    """One row a library and arm, then the means and the gain."""
    rows = []
    if found:
        for name, arms in {**found["libraries"], "mean": found["arms"]}.items():
            for arm, part in arms.items():
                rows.append((name, arm, str(part["symbols"]), *(percent(part[share]) for share in HOVERS)))
        if found["differences"]:
            gains = (change(share, found["differences"][share]) for share in HOVERS)
            rows.append(("adapter - base", "", "", *gains))
    note = (
        "Shares of the symbols asked for. Written whole, names exist, kept: the line as the model wrote it by itself;"
        " shown: what the hover has after vetting, where a refused line is asked for again with the signature's names."
    )
    return Sheet("Hover lines", ("library", "arm", "symbols", *HOVERS.values()), tuple(rows), note)


def _learning(libraries: Mapping) -> Sheet:
    rows = []
    for name, one in libraries.items():
        if "status" not in one:
            continue
        train, own = one["train"], (one["gate"] or {}).get("own") or {}
        rows.append((
            name, one["status"], "; ".join(one["reasons"]) or "-", number(one["scale"], 2),
            str(train.get("steps", "-")), str(train.get("trained_tokens", "-")), number(train.get("seconds"), 0),
            number(one["learner_seconds"], 0), number(train.get("peak_rss_mb"), 0), number(own.get("mean")),
            (one["adapter"] or "-")[:12],
        ))  # fmt: skip
    columns = ("library", "gate", "reasons", "scale", "steps", "tokens", "train s", "learner s", "peak MB",
               "gate's own gain", "adapter")  # fmt: skip
    return Sheet("Learning", columns, tuple(rows), "The gate's gain is in bits per byte on its own held-out places.")


def _rejected(libraries: Mapping) -> Sheet:
    checks = sorted({check for one in libraries.values() for check in one.get("self_edits", {}).get("rejected", {})})
    rows = []
    for name, one in libraries.items():
        edits = one.get("self_edits")
        if edits:
            counts = (str(edits["rejected"].get(check, 0)) for check in checks)
            rows.append((name, str(edits["written"]), str(edits["kept"]), *counts))
    return Sheet(
        "Self-edits: written, kept, and rejected by check", ("library", "written", "kept", *checks), tuple(rows)
    )


def print_sheets(console: Console, found: Sequence[Sheet]) -> None:
    for sheet in found:
        console.print(table(sheet.columns, sheet.rows, title=sheet.title))
        console.print(f"{sheet.note}\n", style="dim", markup=False)


def markdown(sheet: Sheet, level: int = 2) -> str:
    """A section with its table."""
    lines = [f"{'#' * level} {sheet.title}", ""]
    lines += [sheet.note, ""] if sheet.note else []
    lines += ["| " + " | ".join(sheet.columns) + " |", "|" + "---|" * len(sheet.columns)]
    lines += [
        "| " + " | ".join(value.replace("|", "\\|").replace("\n", " ") for value in row) + " |" for row in sheet.rows
    ]
    return "\n".join(lines) + "\n"
