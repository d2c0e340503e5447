"""The arms of a comparison, over a LanguageModel: what each is shown at a place, and what it answers there.

Same weights, same cases and `PREFIX_TOKENS` of prefix in every arm; the rag arms have `RAG_TOKENS` of retrieved
passages before it. Candidates are only scored; no arm sees the gold name or the library. `product` is asked elsewhere,
over LSP.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from seal_lsp.core.errors import UsageError
from seal_lsp.core.learning import Case
from seal_lsp.core.lm import LanguageModel
from seal_lsp.measure.cases import case_digest
from seal_lsp.measure.retrieval import Passages, Tokeniser, in_front

ARMS = ("base", "base+rag", "adapter", "adapter+rag", "wrong-adapter", "grounded", "product")
PREFIX_TOKENS = 256
RAG_TOKENS = 512
ANSWER_TOKENS = 32
_SEAM = 8  # tokens by which a joined text may come out longer than its parts


@dataclass(frozen=True, slots=True)
class Answer:
    """What an arm said at one place. `scores` are natural-log probabilities of `names`: the candidates, or what the
    arm itself found to be possible (`own` is True; then best first is its offer, and an empty one offers nothing);
    `ends` are those of each name ending there, () where the arm does not say. `text` is its greedy continuation,
    `finish` why it ended (see core.lm.Generation)."""

    names: tuple[str, ...]
    scores: tuple[float, ...]
    text: str
    finish: str
    own: bool = False
    ends: tuple[float, ...] = ()

    @property
    def order(self) -> tuple[float, ...]:
        """What the names are ranked by: each as a whole name."""
        return tuple(map(sum, zip(self.scores, self.ends, strict=True))) if self.ends else self.scores


@dataclass(frozen=True, slots=True)
class Prompt:
    """Text before the cursor, of which the model reads the last `limit` tokens."""

    text: str
    limit: int


@dataclass(frozen=True, slots=True)
class Question:
    """One place. `names` are scored; `masked`: the name that comes next is one of them, after it the model writes
    freely (without names nothing is offered, and what is written is free from the start)."""

    shown: Prompt
    names: tuple[str, ...]
    kind: str
    masked: bool = False


@dataclass(frozen=True)
class AtHand:
    """What the arms of one library work with. `adapter` and `wrong` are digests of loaded adapters, None for the bare
    base; `names` are those that the product's own inference finds at each case (by `case_digest`)."""

    model: LanguageModel
    tokens: Tokeniser
    adapter: str | None = None
    wrong: str | None = None
    passages: Passages | None = None
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def under(self, arm: str) -> str | None:
        """The adapter that an arm answers under."""
        return {"adapter": self.adapter, "adapter+rag": self.adapter, "wrong-adapter": self.wrong}.get(arm)


def answers(arm: str, cases: Sequence[Case], at_hand: AtHand) -> list[Answer]:
    """What `arm` (any but product) says at each case's place."""
    return ask(at_hand.model, [_question(arm, case, at_hand) for case in cases], at_hand.under(arm))


def cheapest_first(arms: Sequence[str], at_hand: AtHand) -> list[str]:
    """In this order a model that keeps what it read last finds most of it again: arms that show the same text under the
    same adapter follow one another."""
    return sorted(arms, key=lambda arm: (arm.endswith("+rag"), at_hand.under(arm) or ""))


def chosen(words: str) -> tuple[str, ...]:
    """Arms from `base,adapter`, in their usual order. Raises UsageError on an unknown or an empty one."""
    asked = [word.strip() for word in words.split(",") if word.strip()]
    unknown = [word for word in asked if word not in ARMS]
    if unknown or not asked:
        what = f"unknown arms: {', '.join(unknown)}" if unknown else "no arm was named"
        raise UsageError(what, hint=f"choose from {','.join(ARMS)}")
    return tuple(arm for arm in ARMS if arm in asked)


def prompt(prefix: str) -> Prompt:
    return Prompt(prefix, PREFIX_TOKENS)


def prompt_with(passages: Sequence[str], prefix: str, tokens: Tokeniser) -> Prompt:
    """The prefix's tokens with the best passages before them; the bare prompt where nothing was found."""
    front = in_front(passages, tokens, RAG_TOKENS)
    if not front:
        return prompt(prefix)
    return Prompt(front + tokens.tail(prefix, PREFIX_TOKENS), PREFIX_TOKENS + RAG_TOKENS + _SEAM)


def ask(model: LanguageModel, questions: Sequence[Question], adapter: str | None) -> list[Answer]:
    """Score the names of each over its shared prefix, then write on from all of them: from the prefix, or where masked
    from the best name on."""
    answered = [
        Answer(one.names, scores, "", "", own=one.masked, ends=ends)
        for one in questions
        for scores, ends in [_ranked(model, one, adapter)]
    ]
    begun = [
        _best(one, some.order) if one.masked and one.names else ""
        for one, some in zip(questions, answered, strict=True)
    ]
    shown = [Prompt(one.shown.text + word, one.shown.limit) for one, word in zip(questions, begun, strict=True)]
    written = write(model, shown, adapter)
    return [
        replace(some, text=word + text, finish=finish)
        for some, word, (text, finish) in zip(answered, begun, written, strict=True)
    ]


def _ranked(model: LanguageModel, one: Question, adapter: str | None) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """(scores, ends) of the names."""
    if not one.names:
        return (), ()
    pairs = model.rank_names(one.shown.text, one.names, adapter=adapter, max_prompt_tokens=one.shown.limit)
    return tuple(score for score, _ in pairs), tuple(end for _, end in pairs)


def write(model: LanguageModel, shown: Sequence[Prompt], adapter: str | None) -> list[tuple[str, str]]:
    """(greedy continuation, why it ended) of each; all that have the same limit in one call."""
    by_limit: dict[int, list[int]] = defaultdict(list)
    for at, one in enumerate(shown):
        by_limit[one.limit].append(at)
    written: dict[int, tuple[str, str]] = {}
    for limit, some in by_limit.items():
        texts = [shown[at].text for at in some]
        done = model.generate(texts, max_tokens=ANSWER_TOKENS, adapter=adapter, max_prompt_tokens=limit)
        written.update((at, (one.text, one.finish)) for at, one in zip(some, done, strict=True))
    return [written[at] for at in range(len(shown))]


def _question(arm: str, case: Case, at_hand: AtHand) -> Question:
    if arm == "grounded":
        names = tuple(at_hand.names.get(case_digest(case), ()))
        return Question(prompt(case.prefix), names, case.kind, masked=True)
    shown = prompt(case.prefix)
    if arm.endswith("+rag"):
        if at_hand.passages is None:
            raise UsageError(f"{arm} has nothing to retrieve from", hint="hand over the passages")
        query = at_hand.tokens.tail(case.prefix, PREFIX_TOKENS)
        shown = prompt_with(at_hand.passages.best(query), case.prefix, at_hand.tokens)
    return Question(shown, tuple(case.candidates), case.kind)


def _best(question: Question, scores: Sequence[float]) -> str:
    """The name that comes first, as it is written there."""
    at = max(range(len(scores)), key=lambda at: (scores[at], -at))
    return question.names[at] + ("=" if question.kind == "keyword" else "")
