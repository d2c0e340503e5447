"""Are the candidates that mining would give the ones that a case file has? For libraries of which both exist."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from seal_lsp.core.api import ApiSurface
from seal_lsp.core.language import LanguageSupport
from seal_lsp.core.learning import Case
from seal_lsp.measure.mine import Text, ValidNames

_NEAR = 300


@dataclass(frozen=True, slots=True)
class Difference:
    """A place where the lists differ. `more` are names that mining adds, `less` those that it lacks."""

    case: Case
    more: tuple[str, ...]
    less: tuple[str, ...]


def compare(
    cases: Sequence[Case], texts: Iterable[Text], surface: ApiSurface, language: LanguageSupport
) -> tuple[dict[str, int], list[Difference]]:
    """(how many cases: same, different, no use where the reading finds no API there, not found where the text is not
    among `texts`; the differences). Texts are matched by the end of their path and the text around the place."""
    counts: Counter[str] = Counter(dict.fromkeys(("same", "different", "no use", "not found"), 0))
    differences = []
    valid = ValidNames(surface)
    code_of = {text.path: text.code for text in texts}
    for case in cases:
        code, at = _find(case, code_of)
        if code is None:
            counts["not found"] += 1
            continue
        use = next((u for u in language.uses(code, [surface]) if (u.start, u.kind) == (at, case.kind)), None)
        names = set(valid.at(use, code[:at])) if use is not None else set()
        theirs = set(case.candidates)
        if not names:
            counts["no use"] += 1
        elif names == theirs:
            counts["same"] += 1
        else:
            counts["different"] += 1
            differences.append(Difference(case, tuple(sorted(names - theirs)), tuple(sorted(theirs - names))))
    return dict(counts), differences


def _find(case: Case, code_of: dict[str, str]) -> tuple[str | None, int]:
    before, after = case.prefix[-_NEAR:], case.suffix[:_NEAR]
    for path, code in code_of.items():
        if case.path.endswith(path) or path.endswith(case.path):
            start = code.find(before + case.gold + after)
            if start >= 0:
                return code, start + len(before)
    return None, -1
