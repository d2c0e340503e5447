"""From answers to numbers: one row a place and arm, shares by library, differences between arms with intervals.

Copyable places and the others are never pooled. A mean over libraries weighs every library the same; intervals resample
cases within libraries. Knows no arm by name.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from seal_lsp.core.learning import Case
from seal_lsp.measure.answers import Judgement, call_keywords, keyword_f1, written_name
from seal_lsp.measure.arms import Answer
from seal_lsp.measure.bootstrap import Interval, within_groups
from seal_lsp.measure.cases import case_digest
from seal_lsp.measure.evaluate import rank_of_gold


@dataclass(frozen=True, slots=True)
class Row:
    """One arm at one place. `rank` is the gold's, None when it was not offered; `bits` are bits per byte on the gold,
    None where the arm gives no likelihood; `exact` whether the answer begins with the gold; `f1` of the keywords of the
    call, None where the code that stood there gives none; `later` whether the gold stands after the place as well;
    `known` whether the arm's own inference offered anything, None for arms that do not infer. `milliseconds` are those
    until the names were there; `confidence` (0..1) is what the product says of its answer."""

    arm: str
    library: str
    case: str
    kind: str
    copyable: bool
    later: bool
    candidates: int
    rank: int | None
    bits: float | None
    exact: bool
    f1: float | None
    names: int
    unknown: tuple[str, ...]
    deprecated: tuple[str, ...]
    known: bool | None
    gold: str
    text: str
    adapter: str
    milliseconds: float | None = None
    confidence: float | None = None


def row_of(
    arm: str,
    library: str,
    case: Case,
    answer: Answer,
    judged: Judgement,
    adapter: str,
    ms: float | None = None,
    confidence: float | None = None,
) -> Row:
    """Compare an answer with what stood there."""
    offered = case.gold in answer.names
    reference = call_keywords(case.gold + case.suffix, case.kind)
    return Row(
        arm=arm,
        library=library,
        case=case_digest(case),
        kind=case.kind,
        copyable=case.copyable,
        later=re.search(rf"\b{re.escape(case.gold)}\b", case.suffix) is not None,
        candidates=len(case.candidates),
        rank=rank_of_gold(answer.order, answer.names, case.gold) if offered else None,
        bits=None if answer.own else bits_per_byte(answer.scores[answer.names.index(case.gold)], case.gold),
        exact=written_name(answer.text, case.kind) == case.gold,
        f1=keyword_f1(reference, call_keywords(answer.text, case.kind)),
        names=judged.names,
        unknown=judged.unknown,
        deprecated=judged.deprecated,
        known=bool(answer.names) if answer.own else None,
        gold=case.gold,
        text=answer.text,
        adapter=adapter,
        milliseconds=ms,
        confidence=confidence,
    )


def bits_per_byte(logprob: float, name: str) -> float:
    return -logprob / math.log(2) / len(name.encode())


def _later(yes: bool) -> Callable[[Row], bool]:
    return lambda row: not row.copyable and row.later is yes


SPLITS: dict[str, Callable[[Row], bool]] = {
    "noncopyable": lambda row: not row.copyable,
    "copyable": lambda row: row.copyable,
    "noncopyable_used_later": _later(True),
    "noncopyable_not_used_later": _later(False),
    "noncopyable_import": lambda row: not row.copyable and row.kind == "import",
    "noncopyable_member": lambda row: not row.copyable and row.kind == "member",
    "noncopyable_keyword": lambda row: not row.copyable and row.kind == "keyword",
}
"""Which rows are counted together."""

METRICS: dict[str, Callable[[Row], float | None]] = {
    "bits_per_byte": lambda row: row.bits,
    "top1": lambda row: float(row.rank == 1),
    "top5": lambda row: float(row.rank is not None and row.rank <= 5),
    "mrr": lambda row: 1 / row.rank if row.rank else 0.0,
    "exact": lambda row: float(row.exact),
    "keyword_f1": lambda row: row.f1,
    "answered": lambda row: float(bool(row.text.strip())),
    "valid": lambda row: float(row.names > 0 and not row.unknown),
    "hallucinated": lambda row: float(bool(row.unknown)),
    "deprecated": lambda row: float(bool(row.deprecated)),
    "known": lambda row: None if row.known is None or row.kind == "import" else float(row.known),
    "chance": lambda row: 1 / row.candidates,
}
"""Metric of one row, None where it has none. bits_per_byte, hallucinated and deprecated are better when smaller;
`known` is the share of member and keyword places where the arm's inference offered anything; `chance` a guess's."""

_COMPARED = ("bits_per_byte", "top1", "top5", "mrr", "exact", "keyword_f1", "valid", "hallucinated")
DIFFERENCES: dict[str, tuple[str, ...]] = {
    "noncopyable": _COMPARED,
    "copyable": _COMPARED,
    "noncopyable_used_later": ("top1", "top5"),
    "noncopyable_not_used_later": ("top1", "top5"),
}
"""Which differences are worth an interval."""


def summary(rows: Sequence[Row]) -> dict[str, float | int | None]:
    """Means of one library's rows, None where no row has the metric."""
    return {"cases": len(rows)} | {name: _mean(map(metric, rows)) for name, metric in METRICS.items()}


def by_library(rows: Iterable[Row]) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row.library].append(row)
    return dict(grouped)


def over_libraries(rows: Iterable[Row]) -> dict[str, float | int | None]:
    """The mean of the libraries' summaries; `cases` are added up."""
    parts = [summary(some) for some in by_library(rows).values()]
    means = {name: _mean(part[name] for part in parts) for name in METRICS}
    return {"cases": sum(part["cases"] for part in parts)} | means


def difference(rows: Iterable[Row], against: Iterable[Row], metric: str, *, resamples: int, seed: int) -> dict | None:
    """`rows` minus `against` at the same places: mean over libraries with its 95 % interval, in how many libraries it
    is above and below 0, and each library's own. None where the arms share no place that has the metric."""
    value = METRICS[metric]
    other = {row.case: value(row) for row in against}
    groups: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        mine, theirs = value(row), other.get(row.case)
        if mine is not None and theirs is not None:
            groups[row.library].append(mine - theirs)
    if not groups:
        return None
    each = {library: within_groups([some], resamples=resamples, seed=seed) for library, some in groups.items()}
    return _rounded(within_groups(list(groups.values()), resamples=resamples, seed=seed)) | {
        "libraries_above": sum(one.mean > 0 for one in each.values()),
        "libraries_below": sum(one.mean < 0 for one in each.values()),
        "libraries": {library: _rounded(one) for library, one in each.items()},
    }


def compare(
    rows: Sequence[Row], pairs: Iterable[tuple[str, str]], *, resamples: int, seed: int
) -> tuple[dict, dict, list[dict]]:
    """(arms, libraries, differences): {arm: {split: means over libraries}}, {library: {arm: {split: means}}}, and for
    each pair of arms (one, against) that both have rows what one has over the other, by split and metric."""
    by_arm: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_arm[row.arm].append(row)
    arms = {
        arm: _each_split(some, lambda part: over_libraries(part) | names_written(part)) for arm, some in by_arm.items()
    }
    libraries: dict[str, dict] = {}
    for arm, some in by_arm.items():
        for library, part in by_library(some).items():
            libraries.setdefault(library, {})[arm] = _each_split(part, lambda own: summary(own) | names_written(own))
    differences = []
    for one, against in pairs:
        if one not in by_arm or against not in by_arm:
            continue
        for split, metrics in DIFFERENCES.items():
            mine, theirs = ([row for row in by_arm[arm] if SPLITS[split](row)] for arm in (one, against))
            for metric in metrics:
                found = difference(mine, theirs, metric, resamples=resamples, seed=seed)
                if found is not None:
                    differences.append({"arm": one, "against": against, "split": split, "metric": metric} | found)
    return arms, libraries, differences


def _each_split(rows: Sequence[Row], count: Callable[[list[Row]], dict]) -> dict[str, dict]:
    parts = {name: [row for row in rows if has(row)] for name, has in SPLITS.items()}
    return {name: count(part) for name, part in parts.items() if part}


def names_written(rows: Iterable[Row]) -> dict[str, int]:
    """How many API names the answers hold, and how many of them do not exist or are deprecated."""
    rows = list(rows)
    return {
        "names": sum(row.names for row in rows),
        "unknown": sum(len(row.unknown) for row in rows),
        "deprecated": sum(len(row.deprecated) for row in rows),
    }


def _mean(values: Iterable[float | None]) -> float | None:
    counted = [value for value in values if value is not None]
    return round(fmean(counted), 6) if counted else None


def _rounded(interval: Interval) -> dict:
    return {name: round(value, 6) for name, value in interval.as_dict().items()}
