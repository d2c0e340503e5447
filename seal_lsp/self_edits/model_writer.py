"""Self-edits that a model writes: asked about one name after the other until its budget of tokens is spent.

Greedy over prompts that a seed varies, so the same inputs give the same self-edits; another seed is another sample.
Does not judge: what can be read goes through the same vetting as what templates write.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from seal_lsp.core.api import ApiSurface
from seal_lsp.core.errors import Cancelled
from seal_lsp.core.language import LanguageSupport
from seal_lsp.core.learning import Evidence, SelfEdit
from seal_lsp.core.lm import Cancel, LanguageModel
from seal_lsp.self_edits.answers import FORMATS, Piece, read, spoken
from seal_lsp.self_edits.asking import MARKS, Prompt, calls_in, prompts
from seal_lsp.self_edits.shelf import stock

ANSWER_TOKENS = 128
_BATCH = 8
_BARREN = 48  # prompts in a row without a new self-edit: the model has nothing more to say


@dataclass(frozen=True)
class Voice:
    """Who writes. `frame` puts a request into the model's chat template, None for a model that has none; `end` is what
    closes an answer there. `adapter` is a writer's, `refuses` knows text that must not stand in a request."""

    model: LanguageModel
    refuses: Callable[[str], bool]
    frame: Callable[[str], str] | None = None
    end: str = ""
    adapter: str | None = None

    @property
    def name(self) -> str:
        """`SelfEdit.writer` of what it writes."""
        return f"model:{self.model.info.id}" + (f"+{self.adapter[:12]}" if self.adapter else "")


@dataclass(frozen=True)
class Asked:
    """One request and what came of it. `prompt` is what the model saw, `start` included in neither."""

    kind: str
    prompt: str
    start: str
    tokens: int
    edits: tuple[SelfEdit, ...]
    dropped: tuple[str, ...]

    @property
    def format(self) -> str:
        return FORMATS[self.kind]


def ask(
    voice: Voice,
    evidence: Sequence[Evidence],
    surface: ApiSurface,
    language: LanguageSupport,
    *,
    seed: int,
    tokens: int,
    characters: int,
    cancel: Cancel | None = None,
) -> list[Asked]:
    """Ask until `characters` of self-edits are written or `tokens` were generated (never more), or nothing new comes.
    Raises Cancelled."""
    rng = random.Random(seed)
    seen_calls = calls_in(evidence, surface, language)
    source = prompts(stock(surface, evidence), seen_calls, rng, voice.refuses, example=voice.frame is None)
    asked: list[Asked] = []
    seen: set[str] = set()
    barren = 0
    while characters > 0 and barren < _BARREN:
        batch = list(islice(source, min(_BATCH, tokens // ANSWER_TOKENS)))
        if not batch:
            break
        for prompt, framed, answer in _answers(voice, batch, cancel):
            pieces, dropped = read(
                prompt, answer.text, whole=answer.finish == "stop", syntax_problem=language.syntax_problem
            )
            used = [piece for piece in pieces if prompt.kind != "usage" or _uses(piece, surface, language)]
            edits = tuple(e for piece in used if (e := _edit(voice, prompt, piece, surface)).id not in seen)
            dropped += ["uses nothing of the library"] * (len(pieces) - len(used))
            dropped += ["written before"] * (len(used) - len(edits))
            seen |= {edit.id for edit in edits}
            asked.append(Asked(prompt.kind, framed, prompt.start, answer.tokens, edits, tuple(dropped)))
            tokens -= answer.tokens
            characters -= sum(len(edit.text) for edit in edits)
            barren = 0 if edits else barren + 1
    return asked


def lessons(asked: Sequence[Asked], accepted: set[str], end: str) -> list[tuple[str, str]]:
    """(prompt, answer) pairs for a writer to learn from: the answers reduced to the self-edits whose ids are accepted.
    Where what was put into the model's mouth was not among these, only the mark that begins an answer is left of it."""
    found = []
    for one in asked:
        pieces = [Piece(edit.prompt, edit.completion) for edit in one.edits if edit.id in accepted]
        answer = spoken(one.kind, pieces)
        if pieces:
            start = one.start if answer.startswith(one.start) else MARKS[one.kind]
            found.append((one.prompt + start, answer[len(start) :].rstrip("\n") + (end or "\n---\n")))
    return found


def dropped_by_format(asked: Sequence[Asked]) -> dict[str, dict[str, int]]:
    """{format: {reason: how often}} of what could not be read."""
    found: dict[str, Counter[str]] = {}
    for one in asked:
        found.setdefault(one.format, Counter()).update(one.dropped)
    return {form: dict(reasons) for form, reasons in found.items() if reasons}


def _uses(piece: Piece, surface: ApiSurface, language: LanguageSupport) -> bool:
    """Code that does something with the library, not only import it."""
    return any(use.exists and use.kind != "import" for use in language.uses(piece.completion, [surface]))


def _answers(voice: Voice, batch: Sequence[Prompt], cancel: Cancel | None):
    """(prompt, what the model saw of it, its answer), those with the same stop strings in one batch."""
    for stops in dict.fromkeys(prompt.stops for prompt in batch):
        some = [prompt for prompt in batch if prompt.stops == stops]
        framed = [voice.frame(prompt.text) if voice.frame else prompt.text for prompt in some]
        answers = voice.model.generate(
            [f + prompt.start for f, prompt in zip(framed, some, strict=True)],
            max_tokens=ANSWER_TOKENS,
            stop=stops,
            adapter=voice.adapter,
            cancel=cancel,
        )
        if cancel is not None and cancel.is_set():
            raise Cancelled("writing was stopped", hint="the same command goes on")
        yield from zip(some, framed, answers, strict=True)


def _edit(voice: Voice, prompt: Prompt, piece: Piece, surface: ApiSurface) -> SelfEdit:
    return SelfEdit(
        FORMATS[prompt.kind],
        piece.prompt,
        piece.completion,
        surface.library,
        (prompt.symbol.qualname,),
        prompt.shown,
        voice.name,
    )
