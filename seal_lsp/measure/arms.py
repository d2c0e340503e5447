"""The arms of a comparison, over a LanguageModel: what each is shown at a place, and what it answers there.

Same weights, same cases and `PREFIX_TOKENS` of prefix in every arm; the rag arms have `RAG_TOKENS` of retrieved
passages before it. Candidates are only scored; no arm sees the gold name or the library. `product` is asked elsewhere,
over LSP.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

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
    arm itself found to be possible (`own` is True; then best first is its offer, and an empty one offers nothing).
    `text` is its greedy continuation, `finish` why it ended (see core.lm.Generation)."""

    names: tuple[str, ...]
    scores: tuple[float, ...]
    text: str
    finish: str
    own: bool = False


@dataclass(frozen=True, slots=True)
class Prompt:
    """Text before the cursor, of which the model reads the last `limit` tokens."""

    text: str
    limit: int


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


def answer(arm: str, case: Case, at_hand: AtHand) -> Answer:
    """What `arm` (any but product) says at a case's place."""
    if arm == "grounded":
        names = at_hand.names.get(case_digest(case), ())
        return ask_masked(at_hand.model, prompt(case.prefix), names, case.kind, None)
    shown = prompt(case.prefix)
    if arm.endswith("+rag"):
        if at_hand.passages is None:
            raise UsageError(f"{arm} has nothing to retrieve from", hint="hand over the passages")
        query = at_hand.tokens.tail(case.prefix, PREFIX_TOKENS)
        shown = prompt_with(at_hand.passages.best(query), case.prefix, at_hand.tokens)
    return ask(at_hand.model, shown, case.candidates, at_hand.under(arm))


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


def ask(model: LanguageModel, shown: Prompt, candidates: Sequence[str], adapter: str | None) -> Answer:
    """Score the candidates over one shared prefix, then write on from the same one."""
    scores = model.rank(shown.text, tuple(candidates), adapter=adapter, max_prompt_tokens=shown.limit)
    return Answer(tuple(candidates), tuple(scores), *write(model, shown, adapter))


def ask_masked(model: LanguageModel, shown: Prompt, names: Sequence[str], kind: str, adapter: str | None) -> Answer:
    """The name that comes next is one of `names`, after it the model writes freely. Without names nothing is offered,
    and what is written is free from the start."""
    if not names:
        return Answer((), (), *write(model, shown, adapter), own=True)
    names = tuple(names)
    scores = tuple(model.rank(shown.text, names, adapter=adapter, max_prompt_tokens=shown.limit))
    best = names[max(range(len(names)), key=lambda at: (scores[at], -at))] + ("=" if kind == "keyword" else "")
    text, finish = write(model, Prompt(shown.text + best, shown.limit), adapter)
    return Answer(names, scores, best + text, finish, own=True)


def write(model: LanguageModel, shown: Prompt, adapter: str | None) -> tuple[str, str]:
    """(greedy continuation, why it ended)."""
    done = model.generate([shown.text], max_tokens=ANSWER_TOKENS, adapter=adapter, max_prompt_tokens=shown.limit)
    return done[0].text, done[0].finish
