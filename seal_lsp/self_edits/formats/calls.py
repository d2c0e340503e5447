"""Formats `calls` (one API, executable), `members` (what a receiver offers), `qualified` (what a module offers, spoken
through it) and `composition` (two or three APIs)."""

from __future__ import annotations

import builtins
import random
from collections.abc import Iterable, Iterator

from seal_lsp.core.api import Symbol
from seal_lsp.core.learning import SelfEdit
from seal_lsp.self_edits.arguments import Call, call
from seal_lsp.self_edits.layout import body, import_block, variable_for
from seal_lsp.self_edits.shelf import Shelf, by_weight, drawn_modules, drawn_names, weighted_order

_HANDLERS = ("main", "run", "show", "add", "handle", "default", "update", "on_event")
_TAKEN = ("", "", "name: str", "value: int", "params")
_DONE = ("pass", "return None", 'print("done")', "...")


def write_calls(shelf: Shelf, rng: random.Random) -> Iterator[SelfEdit]:
    """Endless: construct a class or call a function, imported by one of its two best paths."""
    callables = [s for s in shelf.of_kind("class", "function") if s.parameters is not None and not shelf.enumerated(s)]
    for symbol in by_weight(shelf, callables, rng):
        path = rng.choice(shelf.paths[symbol.qualname][:2])
        made = call(shelf, symbol, rng, spoken=path.rpartition(".")[2])
        yield _edit(shelf, "calls", [_assigned(symbol, made.text)], (path,), made, [symbol], rng)


def write_members(shelf: Shelf, rng: random.Random) -> Iterator[SelfEdit]:
    """Endless: a receiver made or annotated, then one to four of its members."""
    owners = [c for c in shelf.of_kind("class") if shelf.methods(c)]
    for owner in by_weight(shelf, owners, rng):
        constants = shelf.enumerated(owner)
        offered = [m for m in shelf.methods(owner) if not constants or m.name in constants]
        members = weighted_order(shelf, offered, rng)[: rng.randint(1, 4)]
        yield _members_of(shelf, owner, members, rng)


def write_qualified(shelf: Shelf, rng: random.Random) -> Iterator[SelfEdit]:
    """Endless: a module imported whole, then one to six of its names through it: called, inherited from, annotated
    with, caught. A package's top, and the modules that evidence imports so; each of their names once, then anew."""
    holding = [m for m in shelf.offered if _names_of(shelf, m, shelf.offered[m])]
    so = [m for m in holding if "." not in m or shelf.imported[m]] or holding
    left: dict[str, list[Symbol]] = {}
    while so:
        (module,) = drawn_modules(shelf, so, rng, 1)
        waiting = left.get(module) or _names_of(shelf, module, drawn_names(shelf, module, rng))
        count = rng.randint(1, 6)
        names, left[module] = waiting[:count], waiting[count:]
        uses = _uses_through(shelf, module.rpartition(".")[2], names, rng)
        yield _edit(shelf, "qualified", [use.text for use in uses], (module,), _together(uses), names, rng)


def _names_of(shelf: Shelf, module: str, names: Iterable[str]) -> list[Symbol]:
    """What a module offers under these names, submodules left out."""
    found = (shelf.surface.resolve(f"{module}.{name}") for name in names)
    return [s for s in found if s is not None and s.kind != "module"]


def _uses_through(shelf: Shelf, module: str, symbols: list[Symbol], rng: random.Random) -> list[Call]:
    """Statements that use classes, functions and values as their kinds are used: exceptions caught together, some
    classes in one signature."""
    caught, taken, uses = [], [], []
    for symbol in symbols:
        spoken = f"{module}.{symbol.name}"
        if symbol.kind == "class" and _is_exception(shelf, symbol) and rng.random() < 0.7:
            caught.append(symbol)
        elif symbol.kind == "class" and (symbol.parameters is None or shelf.enumerated(symbol) or rng.random() < 0.4):
            taken.append(symbol)
        elif symbol.kind == "class" and rng.random() < 0.4:
            uses.append(Call(f"\nclass Custom{symbol.name}({spoken}):\n    ...", (), (), (symbol.qualname,)))
        elif symbol.parameters is None:
            text = rng.choice((f"value = {spoken}", f"print({spoken})"))
            uses.append(Call(text, (), (), (symbol.qualname,)))
        else:
            made = call(shelf, symbol, rng, spoken=spoken, depth=1)
            uses.append(Call(_assigned(symbol, made.text), made.imports, made.free, made.symbols))
    if caught:
        uses.append(Call(_except(module, caught), (), (), tuple(s.qualname for s in caught)))
    if taken:
        uses.append(Call(_signature(module, taken, rng), (), (), tuple(s.qualname for s in taken)))
    return uses


def _except(module: str, errors: list[Symbol]) -> str:
    names = ", ".join(f"{module}.{error.name}" for error in errors)
    return f"try:\n    run()\nexcept {names if len(errors) == 1 else f'({names})'} as error:\n    print(error)"


def _signature(module: str, classes: list[Symbol], rng: random.Random) -> str:
    *taken, last = [f"{module}.{c.name}" for c in classes]
    given = [f"{variable_for(c.name)}: {name}" for c, name in zip(classes, taken, strict=False)]
    head = f"def {rng.choice(_HANDLERS)}({', '.join(given)}) -> {last}:"
    if len(head) > 88:
        head = head.replace("(", "(\n    ").replace(", ", ",\n    ").replace(") ->", ",\n) ->")
    return f"\n{head}\n    ..."


def _is_exception(shelf: Shelf, symbol: Symbol) -> bool:
    seen, waiting = {symbol.qualname}, list(symbol.bases)
    while waiting:
        base = waiting.pop()
        builtin = getattr(builtins, base.rpartition(".")[2], None)
        if isinstance(builtin, type) and issubclass(builtin, BaseException):
            return True
        if (known := shelf.surface.resolve(base)) is not None and known.qualname not in seen:
            seen.add(known.qualname)
            waiting += known.bases
    return False


def write_composition(shelf: Shelf, rng: random.Random) -> Iterator[SelfEdit]:
    """Endless: make one API's value and hand it to another; then use what comes out."""
    takers = [(s, p) for s in shelf.of_kind("class", "function") for p in _typed_parameters(shelf, s)]
    while takers:
        for taker, (name, kind) in rng.sample(takers, len(takers)):
            makers = [f for f in shelf.of_kind("function") if f.instance_of == kind.qualname]
            maker = rng.choice(makers) if makers and rng.random() < 0.6 else kind
            first = call(shelf, maker, rng, spoken=maker.name, depth=1)
            second = call(shelf, taker, rng, spoken=taker.name, optional=0, depth=1)
            handed = f"{name}={name}"
            text = second.text if handed in second.text else _with(second.text, handed)
            target = _target(taker)
            statements = [f"{name} = {first.text}", f"{target} = {text}"]
            if taker.kind == "class" and (methods := [m for m in shelf.methods(taker) if m.parameters is not None]):
                method = weighted_order(shelf, methods, rng)[0]
                third = call(shelf, method, rng, spoken=f"{target}.{method.name}", depth=1)
                statements.append(_awaited(method, third.text))
                second = Call(second.text, second.imports, second.free + third.free, second.symbols + third.symbols)
            both = Call(
                "",
                (*first.imports, *second.imports, shelf.best_path(maker)),
                tuple(v for v in (*first.free, *second.free) if v not in (name, target)),
                (*first.symbols, *second.symbols),
            )
            yield _edit(shelf, "composition", statements, (shelf.best_path(taker),), both, [taker, maker], rng)


def _typed_parameters(shelf: Shelf, symbol: Symbol) -> list[tuple[str, Symbol]]:
    """The parameters that can be given by name a value of a class of this library, with that class."""
    named = [p for p in symbol.parameters or () if p.kind in ("positional_or_keyword", "keyword_only")]
    return [(p.name, kind) for p in named if (kind := shelf.class_in(p.annotation, symbol)) is not None]


def _members_of(shelf: Shelf, owner: Symbol, members: list[Symbol], rng: random.Random) -> SelfEdit:
    variable = variable_for(owner.name)
    path = shelf.best_path(owner)
    constants = shelf.enumerated(owner)
    static = all(m.kind == "attribute" and (m.name.isupper() or m.name in constants) for m in members)
    annotated = not static and rng.random() < 0.4
    made = call(shelf, owner, rng, spoken=owner.name) if not static and not annotated else Call("", (), (), ())
    receiver = owner.name if static else variable
    uses = [Call(f"{variable} = {made.text}", made.imports, made.free, made.symbols)] if made.text else []
    for member in members:
        spoken = f"{receiver}.{member.name}"
        if shelf.customs.decorates(member) and rng.random() < 0.8:
            uses.append(_decoration(shelf, member, rng, spoken=spoken))
        elif member.parameters is not None and member.kind != "class":
            done = call(shelf, member, rng, spoken=spoken, depth=1)
            text = _awaited(member, done.text, assign=rng.random() < 0.4)
            uses.append(Call(text, done.imports, done.free, done.symbols))
        else:
            text = rng.choice((f"value = {spoken}", f"print({spoken})", f"assert {spoken} is not None"))
            uses.append(Call(text, (), (), (member.qualname,)))
    whole = _together(uses)
    free = [name for name in whole.free if name != variable]
    if annotated:
        free = [f"{variable}: {owner.name}", *free]
    whole = Call("", whole.imports, tuple(free), (owner.qualname, *whole.symbols))
    return _edit(shelf, "members", [use.text for use in uses], (path,), whole, [owner, *members], rng)


def _together(uses: list[Call]) -> Call:
    """All that the statements import, leave unbound and name."""
    return Call(
        "",
        tuple(path for use in uses for path in use.imports),
        tuple(name for use in uses for name in use.free),
        tuple(name for use in uses for name in use.symbols),
    )


def _decoration(shelf: Shelf, member: Symbol, rng: random.Random, *, spoken: str) -> Call:
    """A function decorated with a member, called or bare as evidence has it."""
    bare, called = shelf.customs.bare[member.qualname], shelf.customs.called[member.qualname]
    if rng.random() * (bare + called) < bare:
        made = Call(spoken, (), (), (member.qualname,))
    else:
        made = call(shelf, member, rng, spoken=spoken, depth=1)
    head = f"def {rng.choice(_HANDLERS)}({rng.choice(_TAKEN)}):"
    text = f"\n@{made.text.strip()}\n{head}\n    {rng.choice(_DONE)}"
    return Call(text, made.imports, made.free, made.symbols)


def _edit(
    shelf: Shelf,
    form: str,
    statements: list[str],
    paths: tuple[str, ...],
    made: Call,
    main: list[Symbol],
    rng: random.Random,
) -> SelfEdit:
    is_async = any("await " in s for s in statements)
    text = _body(statements, made.free, rng, is_async)
    gap = "\n\n" if text.startswith(("def ", "async ")) else "\n"
    code = import_block([*paths, *made.imports]) + gap + text
    return SelfEdit(
        form,
        "",
        code,
        shelf.surface.library,
        tuple(dict.fromkeys(made.symbols)),
        shelf.provenance(*main),
        f"template:{form}",
    )


def _body(statements: list[str], free: tuple[str, ...], rng: random.Random, is_async: bool) -> str:
    annotated = [name for name in free if ":" in name]
    text = body(statements, [name for name in free if ":" not in name], rng, is_async=is_async or bool(annotated))
    if not annotated:
        return text
    head, _, rest = text.partition("(")
    inside, _, tail = rest.partition(")")
    if not is_async:
        head = head.removeprefix("async ")
    return f"{head}({', '.join(filter(None, [*annotated, inside]))}){tail}"


def _target(made: Symbol) -> str:
    return variable_for(made.name) if made.kind == "class" else "result"


def _assigned(made: Symbol, text: str) -> str:
    return f"{_target(made)} = {text}"


def _awaited(member: Symbol, text: str, *, assign: bool = False) -> str:
    text = f"await {text}" if "async" in member.decorators else text
    return f"result = {text}" if assign else text


def _with(call_text: str, argument: str) -> str:
    head = call_text.rstrip()[:-1].rstrip().rstrip(",")
    return f"{head}{argument})" if head.endswith("(") else f"{head}, {argument})"
