"""Judge self-edits: every check in a fixed order, cheapest first; the first failure ends a snippet's review.

The same edits in the same order and the same context give the same reviews. Knows nothing about where reviews go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seal_lsp.core.learning import Review, SelfEdit, Verdict
from seal_lsp.core.progress import Progress, silent
from seal_lsp.vet.check import Check, VetContext
from seal_lsp.vet.duplicates import Duplicates
from seal_lsp.vet.held_out import HeldOut
from seal_lsp.vet.imports import Imports
from seal_lsp.vet.instructions import Instructions
from seal_lsp.vet.relevance import Relevance
from seal_lsp.vet.secrets import Secrets
from seal_lsp.vet.signatures import Signatures
from seal_lsp.vet.sinks import Sinks
from seal_lsp.vet.snippet import Snippet
from seal_lsp.vet.spoken import Spoken
from seal_lsp.vet.symbols import Symbols
from seal_lsp.vet.syntax import Syntax
from seal_lsp.vet.toxicity import Toxicity
from seal_lsp.vet.unicode import HiddenUnicode

__all__ = ["VetContext", "review"]


def checks(context: VetContext) -> tuple[Check, ...]:
    """The checks of a review, in order. Relevance costs a model's forward passes, so it is last."""
    always: tuple[Check, ...] = (
        HiddenUnicode(),
        Syntax(context.language),
        Instructions(),
        Secrets(),
        Imports(context),
        Symbols(context),
        Signatures(context),
        Spoken(context),
        Sinks(),
        Toxicity(),
        HeldOut(context.held_out),
        Duplicates(),
    )
    return always if context.model is None else (*always, Relevance(context.model, context.surfaces))


@dataclass
class _Record:
    snippet: Snippet
    verdicts: list[Verdict]
    alive: bool = True


def review(edits: Sequence[SelfEdit], context: VetContext, progress: Progress = silent) -> list[Review]:
    """One Review per edit, in order. Its edit differs from the given one where a secret was replaced; the verdict
    of `secrets` then carries what was replaced although it passed."""
    records = [_Record(Snippet(edit, context.language), []) for edit in edits]
    order = checks(context)
    for done, check in enumerate(order):
        alive = [record for record in records if record.alive]
        progress("vet", done / len(order), f"{check.name}: {len(alive)} of {len(records)} snippets left")
        check.prepare([record.snippet for record in alive])
        for record in alive:
            _judge(record, check)
    kept = sum(record.alive for record in records)
    progress("vet", 1.0, f"{kept} of {len(records)} snippets kept")
    return [Review(record.snippet.edit, tuple(record.verdicts)) for record in records]


def _judge(record: _Record, check: Check) -> None:
    note = ""
    if isinstance(check, Secrets):
        edit, note = check.redact(record.snippet.edit)
        if note:
            record.snippet = Snippet(edit, record.snippet.language)
            problem = Syntax(record.snippet.language)(record.snippet)
            if problem:
                record.verdicts.append(Verdict(check.name, False, f"{note}; {problem}"))
                record.alive = False
                return
    reason = verdict_of(check, record.snippet)
    record.verdicts.append(Verdict(check.name, not reason, reason or note))
    record.alive = not reason


def verdict_of(check: Check, snippet: Snippet) -> str:
    """The check's reason. Code nested so deeply that a visitor runs out of stack is refused: it cannot be judged."""
    try:
        return check(snippet)
    except RecursionError:
        return "nested too deeply to be judged"
