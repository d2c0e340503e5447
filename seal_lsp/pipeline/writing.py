"""The writing step of a cycle: which mix of writers and formats, who the model is that writes, and what is counted.

Model-written self-edits come first and templates fill what is left of the budget, so a model that writes little costs
nothing but its tokens. Knows nothing of training and gates.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from seal_lsp.core.errors import UsageError
from seal_lsp.core.language import LanguageSupport
from seal_lsp.core.learning import Evidence, Review, SelfEdit
from seal_lsp.core.lm import Cancel, LanguageModel
from seal_lsp.core.progress import Progress
from seal_lsp.pipeline import records
from seal_lsp.pipeline.journal import Journal
from seal_lsp.pipeline.subject import Subject
from seal_lsp.self_edits.model_writer import ANSWER_TOKENS, Asked, Voice, ask, dropped_by_format
from seal_lsp.self_edits.write import SHARES, write
from seal_lsp.train.recipe import Recipe
from seal_lsp.vet.instructions import instruction_in

LEAST_PARAMETERS = 1_500_000_000
"""Below it a model writes no self-edits unless told so; tests/eval/LOG.md has what one of 135M wrote. That it pays from
here on is what others found (SEAL, PriCoder), not measured here."""
MODEL_SHARE = 0.25

_CHARACTERS_A_TOKEN = 3.2
_VET_LOSS = 1.25  # written beyond the budget, because vetting rejects some
_TOKENS_A_TOKEN = 4  # generated for one that is asked for, because most of what a small model says cannot be read

Writer = tuple[Path, str]
"""A writer's adapter: its folder and digest."""


@dataclass(frozen=True)
class Mix:
    """`model_share` is the model's part of the characters, `shares` how templates divide the rest; `model_seed` is
    which of the possible sets of model-written self-edits, `model_tokens` the most it may generate (0: by share)."""

    model_share: float = 0.0
    shares: Mapping[str, float] = field(default_factory=lambda: dict(SHARES))
    model_seed: int = 0
    model_tokens: int = 0
    why: str = ""

    def overrides(self) -> dict:
        """As a job's overrides."""
        return {f"write.{k}": v for k, v in asdict(self).items() if k != "why"}


def mix_with(overrides: Mapping[str, object], recorded: Mapping[str, object], model: LanguageModel) -> Mix:
    """The mix of a cycle: what was asked for, else what was measured to be best for this library, else the default of
    the model's size. Raises UsageError for what is no field of it."""
    given = {**recorded, **overrides}
    known = {"model_share", "shares", "model_seed", "model_tokens"}
    if unknown := set(given) - known:
        raise UsageError(
            f"unknown writing options: {', '.join(f'write.{name}' for name in sorted(unknown))}",
            hint=f"known are {', '.join(f'write.{name}' for name in sorted(known))}",
        )
    why = "set" if "model_share" in overrides else "measured" if "model_share" in recorded else ""
    if not why:
        able = model.info.parameters >= LEAST_PARAMETERS
        given["model_share"] = MODEL_SHARE if able else 0.0
        size = f"{model.info.parameters / 1e6:,.0f}M parameters"
        why = f"{size}: writes itself" if able else f"{size}: below {LEAST_PARAMETERS / 1e9:.1f}B only templates write"
    try:
        share = float(given["model_share"])
        shares = {str(k): float(v) for k, v in dict(given.get("shares") or SHARES).items()}
        seed, tokens = int(given.get("model_seed", 0)), int(given.get("model_tokens", 0))
    except (TypeError, ValueError) as error:
        raise UsageError(f"not a mix of writers: {error}", hint='write.shares is {"usage": 0.5, ...}') from error
    if not 0 <= share <= 1 or tokens < 0 or set(shares) - set(SHARES) or not sum(shares.values()) > 0:
        raise UsageError(
            f"not a mix of writers: model_share={share:g}, shares={shares}",
            hint=f"model_share is 0 to 1; formats are {', '.join(SHARES)}",
        )
    return Mix(share, shares, seed, tokens, why)


def voice_of(model: LanguageModel, writer: Writer | None = None) -> Voice:
    """The model as a writer: in its chat template where it has one, under a writer's adapter where there is one."""
    if writer is not None and writer[1] not in model.adapters():
        model.load_adapter(*writer)
    chat = getattr(model, "chat", None)
    return Voice(model, is_instruction, chat, chat.end if chat else "", writer[1] if writer else None)


def is_instruction(text: str) -> bool:
    return bool(instruction_in(text, text))


def characters_for(recipe: Recipe) -> int:
    """How much is written for a recipe's tokens."""
    return round(recipe.tokens * (1 - recipe.replay_share) / recipe.epochs * _CHARACTERS_A_TOKEN * _VET_LOSS)


def token_budget(mix: Mix, characters: int) -> int:
    """The most tokens that the model may generate."""
    asked_for = mix.model_share * characters / _CHARACTERS_A_TOKEN
    return mix.model_tokens or max(ANSWER_TOKENS, round(asked_for * _TOKENS_A_TOKEN))


def written(
    journal: Journal,
    evidence: Sequence[Evidence],
    subject: Subject,
    language: LanguageSupport,
    recipe: Recipe,
    mix: Mix,
    voice: Callable[[], Voice],
    progress: Progress,
    cancel: Cancel | None = None,
) -> tuple[list[SelfEdit], list[Asked]]:
    """(all self-edits, the model's first; what the model was asked)."""
    characters = characters_for(recipe)

    def ask_it() -> list[dict]:
        progress("write", 0.0, f"the model writes self-edits ({mix.why})")
        found = ask(
            voice(),
            evidence,
            subject.surface,
            language,
            seed=recipe.seed + 1000 * mix.model_seed,
            tokens=token_budget(mix, characters),
            characters=round(mix.model_share * characters),
            cancel=cancel,
        )
        return [asdict(one) for one in found]

    asked = asked_in(journal.once("asked", ask_it)) if mix.model_share > 0 else []

    def all_of_them() -> list[dict]:
        progress("write", 0.5, f"templates write self-edits ({mix.why})")
        own = [edit for one in asked for edit in one.edits]
        left = characters - sum(len(edit.text) for edit in own)
        edits = write(evidence, subject.surface, language, seed=recipe.seed, characters=left, shares=mix.shares)
        progress("write", 1.0, f"{len(own) + len(edits)} self-edits")
        return [asdict(edit) for edit in own + edits]

    return [records.edit_from(e) for e in journal.once("edits", all_of_them)], asked


def asked_in(recorded: Sequence[dict]) -> list[Asked]:
    return [
        Asked(**(one | {"edits": tuple(map(records.edit_from, one["edits"])), "dropped": tuple(one["dropped"])}))
        for one in recorded
    ]


def model_report(asked: Sequence[Asked], mix: Mix) -> dict:
    """{share, shares, seed, why, asked, tokens, dropped: {format: {reason: n}}} for the manifest and the ledger."""
    return {
        "share": mix.model_share,
        "shares": dict(mix.shares),
        "seed": mix.model_seed,
        "why": mix.why,
        "asked": len(asked),
        "tokens": sum(one.tokens for one in asked),
        "dropped": dropped_by_format(asked),
    }


def count(reviews: Sequence[Review]) -> dict:
    """{written, kept, rejected: {check: n}, formats: {format: n kept}, rejected_formats: {format: {check: n}},
    writers: {writer: {written, kept}}}; all templates count as one writer."""
    rejected: Counter[str] = Counter()
    formats: Counter[str] = Counter()
    by_format: dict[str, Counter[str]] = {}
    writers: dict[str, Counter[str]] = {}
    for one in reviews:
        kind, _, _ = one.edit.writer.partition(":")
        writer = one.edit.writer if kind == "model" else kind
        writers.setdefault(writer, Counter(written=0, kept=0)).update(written=1, kept=int(one.accepted))
        if one.rejection is None:
            formats[one.edit.format] += 1
        else:
            rejected[one.rejection.check] += 1
            by_format.setdefault(one.edit.format, Counter())[one.rejection.check] += 1
    return {
        "written": len(reviews),
        "kept": sum(formats.values()),
        "rejected": dict(rejected),
        "formats": dict(formats),
        "rejected_formats": {form: dict(checks) for form, checks in by_format.items()},
        "writers": {writer: dict(numbers) for writer, numbers in writers.items()},
    }
