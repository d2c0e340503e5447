"""forgetting.json as sheets. Computes nothing."""

from __future__ import annotations

from collections.abc import Mapping

from seal_lsp.cli.eval_sheets import Sheet, number, percent

KINDS = {
    "plain": "not copyable", "mixed": "not copyable, file imports another learned library too",
    "plain_copyable": "copyable", "mixed_copyable": "copyable, file imports another learned library too",
}  # fmt: skip


def forgetting_sheets(found: Mapping) -> list[Sheet]:
    """Generic text first, then the matrix."""
    made = [_drift(found), _routed(found)]
    if found["matrix"]:
        made += [_matrix(found, kind) for kind in KINDS if _cases(found, kind)]
        made.append(_kept(found))
    return [sheet for sheet in made if sheet.rows]


def _drift(found: Mapping) -> Sheet:
    corpora = list(found["corpora"])
    rows = []
    for library, by_corpus in found["drift"].items():
        cells = []
        for corpus in corpora:
            one = by_corpus[corpus]
            change = f"{100 * one['relative']:+.2f} % [{100 * one['low']:+.2f}, {100 * one['high']:+.2f}]"
            cells.append(f"{one['base']:.3f} -> {one['adapter']:.3f}, {change}")
        rows.append((library, *cells))
    note = " ".join(f"{name}: {one['what']}, {one['texts']} texts." for name, one in found["corpora"].items())
    return Sheet("Generic text with an adapter live, bits per byte", ("adapter of", *corpora), tuple(rows), note)


def _routed(found: Mapping) -> Sheet:
    rows = [(name, str(one["texts"]), str(one["under_an_adapter"])) for name, one in found["routed"].items()]
    note = (
        "A text that imports none of the libraries is answered by the bare base: then its change is 0 by construction."
    )
    return Sheet("Generic text as the product routes it", ("corpus", "texts", "under an adapter"), tuple(rows), note)


def _matrix(found: Mapping, kind: str) -> Sheet:
    order = found["order"]
    rows = []
    for step in found["matrix"]:
        cells = []
        for library in order:
            one = step["libraries"][library].get(kind)
            cells.append(f"{percent(one['top1'], 0)} / {percent(one['top5'], 0)} / {number(one['bits'], 2)}"
                         if one and one["cases"] else "-")  # fmt: skip
        rows.append((step["learned"] or "(none)", *cells))
    last = found["matrix"][-1]["libraries"]
    cells = []
    for library in order:
        adapters = last[library].get(kind, {}).get("adapter")
        cells.append(f"{adapters['own']} / {adapters['other']} / {adapters['none']}" if adapters else "-")
    rows.append(("own / other / no adapter at the end", *cells))
    note = "First % / first five % / bits per byte, after the library of the row was learned."
    return Sheet(f"Libraries learned in turn, {KINDS[kind]}", ("learned", *order), tuple(rows), note)


def _kept(found: Mapping) -> Sheet:
    rows = []
    for library, by_kind in found["kept"].items():
        for kind, one in by_kind.items():
            cells = (percent(one[name], 0) if one[name] is not None else "no gain" for name in ("top1", "top5", "bits"))
            rows.append((library, KINDS[kind], *cells))
    columns = ("library", "places", "first", "first five", "bits/byte")
    return Sheet("Gain left after all were learned, in % of the gain right after learning it", columns, tuple(rows))


def _cases(found: Mapping, kind: str) -> bool:
    return any(one.get(kind, {}).get("cases") for one in found["matrix"][0]["libraries"].values())
