"""Usage lines for hovers in a comparison: asked of the base and of the adapter by the code that the engine runs.

Composition: what a line is made of is pipeline's, what keeps it vet's, what is counted measure's.
"""

from __future__ import annotations

from collections.abc import Sequence

from seal_lsp.cli.eval_progress import Step
from seal_lsp.cli.eval_setup import Subject
from seal_lsp.core.api import ApiSurface
from seal_lsp.core.learning import digest_of
from seal_lsp.languages.python.support import Python
from seal_lsp.measure.answers import judge
from seal_lsp.measure.arms import AtHand
from seal_lsp.measure.hover_lines import HoverLine
from seal_lsp.pipeline.usage_line import usage_head, usage_line, written_lines
from seal_lsp.self_edits.shelf import stock
from seal_lsp.vet.line import vet_line

ARMS = ("base", "adapter")
_TOGETHER = 16


def symbols_of(surface: ApiSurface, most: int, *, seed: int) -> list[str]:
    """At most `most` public, documented classes, functions and methods that are called, chosen by seed and name."""
    shelf = stock(surface, ())
    classes, functions = shelf.of_kind("class"), shelf.of_kind("function")
    methods = [m for owner in classes for m in shelf.methods(owner) if m.kind == "method" and m.owner == owner.qualname]
    callable_ = {s.qualname for s in (*classes, *functions, *methods) if s.doc and usage_head(s.qualname, surface)[1]}
    return sorted(sorted(callable_, key=lambda name: digest_of([seed, name]))[:most])


def hover_lines(
    arms: Sequence[str], symbols: Sequence[str], subject: Subject, at_hand: AtHand, step: Step
) -> list[HoverLine]:
    """What each arm writes for each symbol. `at_hand.model` remembers: the lines are written in batches first, and the
    engine's way of making them finds them then."""
    lines, language = [], Python()
    for arm in arms:
        adapter = at_hand.under(arm)
        for start in range(0, len(symbols), _TOGETHER):
            some = symbols[start : start + _TOGETHER]
            begun = [usage_head(symbol, subject.surface) for symbol in some]
            written = written_lines(at_hand.model, adapter, begun, language)
            for symbol, (head, _), line in zip(some, begun, written, strict=True):
                exists, stands = _judged(head, line, subject) if line else (False, False)
                known = (symbol, subject.surface, language, subject.importable)
                shown = usage_line(at_hand.model, adapter, *known).line
                lines.append(HoverLine(arm, subject.name, symbol, line, exists, stands, shown, adapter or ""))
                step()
    return lines


def _judged(head: str, line: str, subject: Subject) -> tuple[bool, bool]:
    """(every name exists, vetting keeps it)."""
    language = Python()
    exists = judge(head, line, subject.surface, language, subject.importable).valid
    return exists, vet_line(head + line, (subject.surface,), subject.importable, language).passed
