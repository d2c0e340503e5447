"""What `eval fit-ranking` found, as sheets: how often the right name stands first, by way of ordering; the weights."""

from __future__ import annotations

from collections.abc import Mapping

from seal_lsp.assist.ranking import ALONE, WITH_MODEL
from seal_lsp.cli.eval_sheets import Sheet, change, percent

_SPLITS = {
    "noncopyable": "not copyable",
    "noncopyable_used_later": "used later", "noncopyable_not_used_later": "not used later",
    "noncopyable_import": "imports", "noncopyable_member": "members", "noncopyable_keyword": "keywords",
    "copyable": "copyable",
}  # fmt: skip
_TITLES = {"fitted": "each library by weights fitted on the others", "tested": "libraries that nothing was fitted on"}


def ranking_sheets(found: Mapping) -> list[Sheet]:
    sheets = []
    for which, title in _TITLES.items():
        if found[which]:
            sheets += [_means(found[which], title), _libraries(found[which], title), _differences(found[which], title)]
    sheets += [_weights(found["weights"][kind], kind) for kind in found["weights"]]
    sheets += [_ablation(changes, kind) for kind, changes in found.get("ablation", {}).items()]
    return [sheet for sheet in sheets if sheet.rows]


def _means(counted: Mapping, title: str) -> Sheet:
    rows = tuple((arm, *(_pair(splits.get(split)) for split in _SPLITS)) for arm, splits in counted["arms"].items())
    note = "right name first / in the first five, in %, mean of libraries; not copyable unless said"
    return Sheet(f"Order of the menu, {title}", ("order by", *_SPLITS.values()), rows, note)


def _libraries(counted: Mapping, title: str) -> Sheet:
    arms = list(counted["arms"])
    rows = tuple(
        (library, *(_pair(each.get(arm, {}).get("noncopyable")) for arm in arms))
        for library, each in counted["libraries"].items()
    )
    return Sheet(f"Libraries, {title}", ("library", *arms), rows, "not copyable places")


def _differences(counted: Mapping, title: str) -> Sheet:
    rows = tuple(
        (f"{one['arm']} - {one['against']}", one["split"], one["metric"], change(one["metric"], one))
        for one in counted["differences"]
        if one["metric"] in ("top1", "top5")
    )
    return Sheet(f"Differences, {title}", ("orders", "places", "metric", "points [95 %]"), rows)


def _weights(weights: Mapping, kind: str) -> Sheet:
    names = sorted({*weights[ALONE], *weights[WITH_MODEL]}, key=lambda name: -abs(weights[ALONE].get(name, 0.0)))
    rows = tuple((name, *(f"{weights[each].get(name, 0.0):+.2f}" for each in (ALONE, WITH_MODEL))) for name in names)
    return Sheet(f"Weights of {kind} places", ("sign", "alone", "beside a model"), rows)


def _ablation(changes: Mapping, kind: str) -> Sheet:
    rows = tuple(
        (sign, f"{nats:+.4f}", f"{first:+.1f}", f"{five:+.1f}") for sign, (nats, first, five) in changes.items()
    )
    note = (
        "what is lost without the sign: log-likelihood of the gold, first, first five; (all) is what there is with all"
    )
    return Sheet(f"Signs of {kind} places left out", ("sign", "nats", "first", "first five"), rows, note)


def _pair(numbers: Mapping | None) -> str:
    return f"{percent(numbers['top1'])} / {percent(numbers['top5'])}" if numbers else "-"
