"""M2 and M4 over cases, for whoever can rank and generate: the bare model, an engine, later the product.

The functions that are asked see only text and candidates; gold names are compared here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from statistics import fmean

from seal_lsp.core.api import ApiSurface
from seal_lsp.core.language import LanguageSupport
from seal_lsp.core.learning import Case

Rank = Callable[[str, tuple[str, ...]], Awaitable[Sequence[float]]]
Generate = Callable[[str], Awaitable[str]]


def rank_of_gold(scores: Sequence[float], candidates: Sequence[str], gold: str) -> int:
    """1-based rank of `gold` by score, ties counted against it. Raises ValueError when it is not a candidate."""
    own = scores[list(candidates).index(gold)]
    return 1 + sum(score >= own for score, name in zip(scores, candidates, strict=True) if name != gold)


def is_valid_answer(prefix: str, text: str, surface: ApiSurface, language: LanguageSupport) -> bool:
    """M4: the answer names at least one of the library's APIs, and every import, member and keyword it names exists.

    Half a name at the very end of the answer is judged too: a model that stops there has not named an API.
    """
    uses = [use for use in language.uses(prefix + text, [surface]) if use.end > len(prefix)]
    return bool(uses) and all(use.exists is not False for use in uses)


async def evaluate(
    cases: Sequence[Case],
    ask_rank: Rank,
    ask_generate: Generate | None,
    surface: ApiSurface,
    language: LanguageSupport,
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict:
    """Scores over the cases: top-1 and top-5 share overall, and apart for copyable and non-copyable places; the share
    of greedy answers that are valid. Shares are 0..1, None where there is no case to count."""
    ranks: list[int] = []
    valid: list[bool] = []
    for done, case in enumerate(cases):
        ranks.append(rank_of_gold(await ask_rank(case.prefix, case.candidates), case.candidates, case.gold))
        if ask_generate is not None:
            valid.append(is_valid_answer(case.prefix, await ask_generate(case.prefix), surface, language))
        progress(done + 1, len(cases))
    split = {
        "": ranks,
        "_noncopyable": [rank for rank, case in zip(ranks, cases, strict=True) if not case.copyable],
        "_copyable": [rank for rank, case in zip(ranks, cases, strict=True) if case.copyable],
    }
    result: dict = {"cases": len(cases), "cases_noncopyable": len(split["_noncopyable"])}
    for name, some in split.items():
        result[f"top1{name}"] = share([rank == 1 for rank in some])
        result[f"top5{name}"] = share([rank <= 5 for rank in some])
    result["valid_share"] = share(valid)
    return result


def share(flags: Sequence[bool]) -> float | None:
    return round(fmean(flags), 4) if flags else None
