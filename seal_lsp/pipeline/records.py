"""JSON forms of the values that a cycle records between its steps. No decisions here."""

from __future__ import annotations

from dataclasses import asdict

from seal_lsp.core.learning import Case, Evidence, GateReport, LearnJob, Provenance, Review, SelfEdit, Verdict
from seal_lsp.core.library import LibraryId


def job_from(data: dict) -> LearnJob:
    library = data["library"]
    name = library if isinstance(library, LibraryId) else LibraryId(library["name"], library["version"])
    return LearnJob(
        **(
            data
            | {
                "library": name,
                "roots": tuple(data.get("roots", ())),
                "wrong_adapters": tuple(data.get("wrong_adapters", ())),
                "held_out": tuple(data.get("held_out", ())),
            }
        )
    )


def evidence_from(data: dict) -> Evidence:
    return Evidence(data["kind"], data["text"], data["unit"], tuple(data["symbols"]), Provenance(**data["provenance"]))


def case_from(data: dict) -> Case:
    return Case(**(data | {"candidates": tuple(data["candidates"])}))


def edit_from(data: dict) -> SelfEdit:
    return SelfEdit(
        data["format"],
        data["prompt"],
        data["completion"],
        LibraryId(**data["library"]),
        tuple(data["symbols"]),
        tuple(Provenance(**p) for p in data["provenance"]),
        data["writer"],
    )


def review_from(data: dict) -> Review:
    return Review(edit_from(data["edit"]), tuple(Verdict(**v) for v in data["verdicts"]))


def gate_from(data: dict) -> GateReport:
    return GateReport(**(data | {"reasons": tuple(data["reasons"])}))


def edit_row(edit: SelfEdit) -> dict:
    """What the ledger keeps of a self-edit: all of it, so that `what was learned, from where` can be answered."""
    return asdict(edit) | {"id": edit.id}


def verdict_row(review: Review) -> dict:
    return {"edit": review.edit.id, "accepted": review.accepted, "verdicts": [asdict(v) for v in review.verdicts]}
