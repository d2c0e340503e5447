"""The recipe: every number that shapes an adapter, in one frozen record that its manifest carries."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace

from seal_lsp.core.errors import UsageError

MLP = ("gate_proj", "up_proj", "down_proj")
ALL_LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", *MLP)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Budgets are in tokens and steps, never in seconds, so that a faster machine gives the same adapter."""

    tokens: int = 48_000  # trained tokens in all, replay included: what the laptop's minutes buy
    epochs: float = 2.0  # how often each self-edit is seen; with `tokens` this says how many are written
    rank: int = 16
    alpha: int = 32
    targets: tuple[str, ...] = ALL_LINEAR
    lowest_layer: int = 0  # layers below it are not adapted
    learning_rate: float = 2.5e-3
    warmup: float = 0.05  # share of the steps; then cosine down to a tenth
    step_tokens: int = 256  # tokens in one optimiser step
    sequence: int = 256  # tokens in a packed sequence
    weight_decay: float = 0.0
    clip: float = 1.0
    name_weight: float = 1.0  # loss weight of tokens that spell an API name
    text_weight: float = 0.4  # loss weight of all other trained tokens
    replay_share: float = 0.15  # share of the tokens that are generic code and English
    rehearsed_share: float = 0.5  # share of the replay that the base itself wrote (train/rehearsal.py)
    kl: float = 10.0  # weight of KL(base || adapter) on replay tokens
    seed: int = 0

    @property
    def steps(self) -> int:
        return max(1, round(self.tokens / self.step_tokens))

    def as_dict(self) -> dict:
        return asdict(self)


def recipe_with(overrides: dict, seed: int) -> Recipe:
    """The default recipe with fields changed. Raises UsageError on an unknown field or a value of the wrong kind.

    `tokens_at_most` is no field: it caps the default of `tokens`, which who sets it need not know."""
    defaults, overrides = Recipe(seed=seed), dict(overrides)
    most = overrides.pop("tokens_at_most", defaults.tokens)
    defaults = replace(defaults, tokens=min(defaults.tokens, most))
    known = {f.name: getattr(defaults, f.name) for f in fields(Recipe)}
    unknown = set(overrides) - set(known)
    if unknown:
        raise UsageError(f"unknown recipe fields: {', '.join(sorted(unknown))}", hint=f"known are {', '.join(known)}")
    values = {}
    for name, value in overrides.items():
        try:
            values[name] = tuple(value) if name == "targets" else type(known[name])(value)
        except (TypeError, ValueError) as error:
            raise UsageError(f"recipe field {name} cannot be {value!r}") from error
    return replace(defaults, **values)
