"""Signs of a keyword: its order in the signature, what is given already, the value's type, what calls usually give."""

from __future__ import annotations

import math
import re

from seal_lsp.assist.facts import Member
from seal_lsp.assist.signs import Ground, Signs
from seal_lsp.core.api import Parameter, Symbol
from seal_lsp.core.habits import FIRST
from seal_lsp.languages.python.surroundings import Given, words

CALLS_THAT_TELL = 3
_MANY = ("Sequence", "Iterable", "Collection")
_FITTING = {
    "string": ("str", "AnyStr", "Path", "PathLike", "Literal"),
    "concatenated_string": ("str",),
    "integer": ("int", "float", "Real", "Number"),
    "float": ("float", "Real", "Number"),
    "true": ("bool",),
    "false": ("bool",),
    "none": ("None", "Optional"),
    "list": ("list", "List", *_MANY),
    "list_comprehension": ("list", "List", *_MANY),
    "dictionary": ("dict", "Dict", "Mapping", "MutableMapping", "TypedDict"),
    "dictionary_comprehension": ("dict", "Dict", "Mapping"),
    "tuple": ("tuple", "Tuple", *_MANY),
    "set": ("set", "Set", "frozenset", "Iterable", "Collection"),
    "lambda": ("Callable",),
}
"""What an annotation names when a literal of that kind fits it."""
_TELLING = re.compile(
    r"\b(str|int|float|bool|bytes|list|dict|tuple|set|frozenset|None|Callable|Path|Sequence|Iterable|Mapping|Literal)\b"
)
_TYPES_OF_DEFAULTS = (
    (r"True|False", "bool"),
    (r"-?\d+", "int"),
    (r"-?\d*\.\d+", "float"),
    (r"[rbf]?[\"'].*", "str"),
    (r"\(.*", "tuple"),
    (r"\[.*", "list"),
    (r"\{.*", "dict"),
)


def signs(members: tuple[Member, ...], ground: Ground) -> list[Signs]:
    symbol = ground.world.resolve(ground.receiver.owner) if ground.receiver.owner else None
    parameters = _parameters(symbol)
    names = [p.name for p in parameters]
    by_name = {p.name: p for p in parameters}
    call = ground.around.call or Given()
    filled = set(names[: call.positional])
    last = max((names.index(k) for k in call.keywords if k in by_name), default=call.positional - 1)
    following = [names.index(k) for k in ground.around.after if k in by_name]
    upcoming = min(following, default=None)
    free = [
        name for name in names if name not in filled and name not in call.keywords and name not in ground.around.after
    ]
    owner = symbol.qualname if symbol is not None else ""
    previous = call.keywords[-1] if call.keywords else (FIRST if not call.positional else "")
    calls_before, calls_after = _in_file(ground, owner)
    value_words = frozenset(words(ground.around.equals)) if ground.around.equals else frozenset()
    found = []
    for member in members:
        name, parameter = member.name, by_name.get(member.name)
        at = names.index(name) if parameter is not None else len(names)
        calls = ground.count(member.library, "call", owner)
        given = ground.count(member.library, "keyword", owner, name)
        pair = ground.count(member.library, "pair", owner, f"{previous} {name}")
        total, times = sum(calls), sum(given)
        library_wide = ground.name_count(member.library, "keyword", name)
        found.append(
            {
                "habit_code": math.log1p(given.code),
                "habit_examples": math.log1p(given.examples),
                "habit_share": math.log((times + 0.2) / (total + 1.0)),
                "habit_pair": math.log1p(sum(pair)),
                "habit_name": math.log1p(library_wide),
                "required": float(parameter is not None and parameter.default is None),
                "keyword_only": float(parameter is not None and parameter.kind == "keyword_only"),
                "place": math.log1p(free.index(name)) if name in free else math.log1p(len(free)),
                "next": float(parameter is not None and at == last + 1),
                "behind_last": float(at > last),
                "before_upcoming": (1.0 if at < upcoming else -1.0) if upcoming is not None else 0.0,
                "between": float(upcoming is not None and last < at < upcoming),
                "type_fits": type_fits(parameter, ground.around.equals_kind),
                "value_named": float(ground.around.equals == name),
                "like_value": ground.alike(name, value_words),
                "value_like": _share(value_words, frozenset(words(name))),
                "annotation_like": _share(value_words, frozenset(words(parameter.annotation or "")))
                if parameter
                else 0.0,
                "in_calls_before": math.log1p(calls_before.get(name, 0)),
                "in_calls_after": math.log1p(calls_after.get(name, 0)),
                "keyword_before": math.log1p(ground.around.keywords_before[name]),
                "keyword_after": math.log1p(ground.around.keywords_after[name]),
            }
        )
    return found


def is_due(ground: Ground) -> bool:
    """Whether the next argument is likelier a keyword than a positional one: one was given already, `=` follows, what
    must be given is given, or the library's own calls begin with a keyword."""
    receiver = ground.receiver
    if receiver.given or re.match(r"\s*=(?!=)", ground.text[ground.start + len(receiver.partial) :]):
        return True
    symbol = ground.world.resolve(receiver.owner) if receiver.owner else None
    surface = ground.world.surface_of(symbol.qualname) if symbol is not None else None
    if symbol is None or surface is None:
        return False
    by_place = [p for p in _parameters(symbol) if p.kind != "keyword_only"][receiver.filled :]
    if not by_place or by_place[0].default is not None:
        return True
    if by_place[0].kind == "positional_only" or receiver.filled:
        return False
    known = ground.habits.get(str(surface.library))
    calls = sum(known.of("call", symbol.qualname)) if known is not None else 0
    if known is None or calls < CALLS_THAT_TELL:
        return symbol.kind == "class"
    first = sum(sum(known.of("pair", symbol.qualname, f"{FIRST} {p.name}")) for p in _parameters(symbol))
    return 2 * first >= calls


def _parameters(symbol: Symbol | None) -> list[Parameter]:
    return [
        p
        for p in (symbol.parameters or () if symbol is not None else ())
        if p.kind in ("positional_only", "positional_or_keyword", "keyword_only") and p.name not in ("self", "cls")
    ]


def _in_file(ground: Ground, owner: str) -> tuple[dict[str, int], dict[str, int]]:
    """How often other calls of the same callable in this file give each keyword, before and after the place."""
    before: dict[str, int] = {}
    after: dict[str, int] = {}
    known: dict[str, bool] = {}
    for use in ground.uses:
        if use.kind != "keyword" or not owner:
            continue
        if use.owner not in known:
            symbol = ground.world.resolve(use.owner)
            known[use.owner] = symbol is not None and symbol.qualname == owner
        if known[use.owner]:
            side = before if use.start < ground.start else after
            side[use.name] = side.get(use.name, 0) + 1
    return before, after


def type_fits(parameter: Parameter | None, value: str) -> float:
    """1 where a literal is what the annotation or the default says, -1 where it is something else, 0 where that is
    not known."""
    wanted = _FITTING.get(value)
    if parameter is None or wanted is None:
        return 0.0
    said = parameter.annotation or _type_of(parameter.default)
    if not said or re.search(r"\bAny\b|\bobject\b", said):
        return 0.0
    if any(re.search(rf"\b{kind}\b", said) for kind in wanted):
        return 1.0
    return -1.0 if _TELLING.search(said) else -0.5


def _type_of(default: str | None) -> str:
    return next((kind for form, kind in _TYPES_OF_DEFAULTS if default and re.fullmatch(form, default, re.DOTALL)), "")


def _share(some: frozenset[str], there: frozenset[str]) -> float:
    return len(some & there) / len(some) if some else 0.0
