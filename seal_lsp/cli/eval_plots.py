"""The plots of a report, as inline SVG: gain by library, loss curves, forgetting. Computes nothing."""

from __future__ import annotations

import io
from collections.abc import Mapping

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot

STYLE = {"svg.fonttype": "none", "svg.hashsalt": "seal", "font.size": 9, "axes.spines.top": False,
         "axes.spines.right": False, "figure.constrained_layout.use": True}  # fmt: skip
GAIN_ARMS = ("base+rag", "adapter", "adapter+rag", "wrong-adapter", "grounded", "product")


def plots(parts: Mapping[str, Mapping]) -> list[tuple[str, str]]:
    """(title, svg) of all that the parts of a report folder can show."""
    found = []
    report, forgetting = parts.get("report"), parts.get("forgetting")
    with matplotlib.rc_context(STYLE):
        if report:
            for split, words in (("noncopyable", "not copyable"), ("copyable", "copyable")):
                found.append((f"Gain over base in right-name-first, {words}", _gain(report, split)))
            found.append(("What a threshold of confidence shows", _silence(report["silence"])))
            found.append(("Training loss", _losses(report["libraries"])))
        if forgetting:
            found.append(("Forgetting on generic text", _drift(forgetting)))
            found.append(("What stays after learning more libraries", _matrix(forgetting)))
    return [(title, svg) for title, svg in found if svg]


def _gain(report: Mapping, split: str) -> str:
    """Percent points with 95 % intervals, by library and for their mean."""
    entries = {
        entry["arm"]: entry
        for entry in report["differences"]
        if (entry["against"], entry["split"], entry["metric"]) == ("base", split, "top1")
    }
    arms = [arm for arm in GAIN_ARMS if arm in entries]
    libraries = [*report["libraries"], "mean"]
    if not arms:
        return ""
    figure, axes = pyplot.subplots(figsize=(8, 0.28 * len(libraries) * len(arms) + 1.4))
    for nth, arm in enumerate(arms):
        own = entries[arm]["libraries"] | {"mean": entries[arm]}
        shown = [(at, own[name]) for at, name in enumerate(libraries) if name in own]
        means = [100 * entry["mean"] for _, entry in shown]
        spans = [[m - 100 * e["low"], 100 * e["high"] - m] for m, (_, e) in zip(means, shown, strict=True)]
        heights = [at + 0.8 * (nth - (len(arms) - 1) / 2) / len(arms) for at, _ in shown]
        errors = [[max(span[side], 0) for span in spans] for side in (0, 1)]
        axes.errorbar(means, heights, xerr=errors, fmt="o", markersize=4, capsize=2, linewidth=1, label=arm)
    axes.set_yticks(range(len(libraries)), libraries)
    axes.invert_yaxis()
    axes.axvline(0, color="grey", linewidth=0.8)
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, -5), max(high, 5))
    axes.set_xlabel("percent points over base, 95 % interval")
    axes.legend(fontsize=8, loc="best", frameon=False)
    return _svg(figure)


def _silence(curves: Mapping) -> str:
    """Right share against shown share, one point a threshold."""
    if not any(curves.values()):
        return ""
    figure, axes = pyplot.subplots(figsize=(8, 3.2))
    for split, words in (("noncopyable", "not copyable"), ("copyable", "copyable")):
        points = [one for one in curves[split] if one["right"] is not None]
        axes.plot(
            [100 * one["shown"] for one in points], [100 * one["right"] for one in points],
            marker="o", markersize=3, linewidth=1, label=words,
        )  # fmt: skip
        for one in points[::2] if split == "noncopyable" else ():
            axes.annotate(f"{one['threshold']:g}", (100 * one["shown"], 100 * one["right"]), fontsize=7)
    axes.set_xlabel("shown, % of the places")
    axes.set_ylabel("of that right, %")
    axes.legend(fontsize=8, frameon=False)
    return _svg(figure)


def _losses(libraries: Mapping) -> str:
    curves = {name: one["train"]["losses"] for name, one in libraries.items() if one.get("train", {}).get("losses")}
    if not curves:
        return ""
    figure, axes = pyplot.subplots(figsize=(8, 3.2))
    for name, losses in curves.items():
        axes.plot(range(1, len(losses) + 1), losses, linewidth=1, label=name)
    axes.set_xlabel("step")
    axes.set_ylabel("loss, nats a token")
    axes.legend(fontsize=8, frameon=False)
    return _svg(figure)


def _drift(forgetting: Mapping) -> str:
    corpora = list(forgetting["corpora"])
    libraries = list(forgetting["drift"])
    if not libraries:
        return ""
    figure, axes = pyplot.subplots(figsize=(8, 3.2))
    width = 0.8 / len(libraries)
    for nth, library in enumerate(libraries):
        changes = [100 * forgetting["drift"][library][corpus]["relative"] for corpus in corpora]
        axes.bar([at + nth * width for at in range(len(corpora))], changes, width, label=library)
    axes.set_xticks([at + 0.4 - width / 2 for at in range(len(corpora))], corpora)
    axes.axhline(2, color="red", linewidth=0.8, linestyle="--")
    axes.axhline(0, color="grey", linewidth=0.8)
    axes.set_ylabel("bits per byte, % over base")
    axes.legend(fontsize=8, frameon=False)
    return _svg(figure)


def _matrix(forgetting: Mapping) -> str:
    """One line a library: first % after each library that was learned."""
    steps = forgetting["matrix"]
    if not forgetting["order"]:
        return ""
    figure, axes = pyplot.subplots(figsize=(8, 3.2))
    for library in forgetting["order"]:
        values = [100 * step["libraries"][library]["plain"]["top1"] for step in steps]
        axes.plot(range(len(steps)), values, marker="o", markersize=3, linewidth=1, label=library)
    axes.set_xticks(range(len(steps)), [step["learned"] or "none" for step in steps], rotation=20, ha="right")
    axes.set_ylim(0, 100)
    axes.set_ylabel("first %, not copyable")
    axes.legend(fontsize=8, frameon=False)
    return _svg(figure)


def growth_plot(grown: Mapping, words: Mapping[str, str]) -> str:
    """One panel for each thing that grows: the 95th percentile of menu and ghost text against its size."""
    with matplotlib.rc_context(STYLE):
        figure, panels = pyplot.subplots(1, len(grown), figsize=(3.2 * len(grown), 3.0), squeeze=False)
        for axes, (name, some) in zip(panels[0], grown.items(), strict=True):
            for what in ("menu", "ghost"):
                axes.plot([one["size"] for one in some], [one[what]["p95"] for one in some], marker="o", label=what)
            axes.set_xscale("log")
            axes.set_ylim(bottom=0)
            axes.set_title(words[name], fontsize=8, wrap=True)
            axes.set_ylabel("p95, ms")
            axes.legend(fontsize=8, frameon=False)
        return _svg(figure)


def _svg(figure) -> str:
    target = io.StringIO()
    figure.savefig(target, format="svg", metadata={"Date": None, "Creator": None})
    pyplot.close(figure)
    text = target.getvalue()
    return text[text.index("<svg") :]
