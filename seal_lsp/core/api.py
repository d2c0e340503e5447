"""The API surface of a library: what exists, with which signature. Filled by languages/, read by everybody."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from seal_lsp.core.library import LibraryId


@dataclass(frozen=True, slots=True)
class Parameter:
    """`kind` is one of positional_only, positional_or_keyword, var_positional, keyword_only, var_keyword."""

    name: str
    kind: str
    default: str | None = None
    annotation: str | None = None


@dataclass(frozen=True, slots=True)
class Symbol:
    """One name. `qualname` is a dotted path that is imported or reached from the package (`throttled.Throttled.limit`).

    `kind`: module, class, function, method, property, attribute. `target` names the symbol that an alias (re-export)
    stands for; facts of an alias are those of its target. `parameters` is None for what cannot be called; for a
    class they are its constructor's, without self. `instance_of` is the dotted name of an attribute's or property's
    type, or of a callable's return type, when the source says it.
    """

    qualname: str
    kind: str
    parameters: tuple[Parameter, ...] | None = None
    returns: str | None = None
    instance_of: str | None = None
    doc: str = ""
    deprecated: str = ""
    target: str = ""
    bases: tuple[str, ...] = ()
    decorators: tuple[str, ...] = ()
    value: str = ""
    file: str = ""
    line: int = 0

    @property
    def name(self) -> str:
        return self.qualname.rpartition(".")[2]

    @property
    def owner(self) -> str:
        return self.qualname.rpartition(".")[0]

    @property
    def public(self) -> bool:
        return not any(part.startswith("_") for part in self.qualname.split("."))

    @property
    def summary(self) -> str:
        """First paragraph's first line of the docstring."""
        return self.doc.strip().partition("\n")[0].strip()

    def signature(self) -> str:
        """`name(a, b=1, *, c) -> T` as Python would write it; just the name for what cannot be called."""
        if self.parameters is None:
            return self.name
        parts: list[str] = []
        star = False
        for i, p in enumerate(self.parameters):
            if p.kind == "keyword_only" and not star:
                parts.append("*")
                star = True
            text = {"var_positional": "*", "var_keyword": "**"}.get(p.kind, "") + p.name
            star = star or p.kind == "var_positional"
            if p.annotation:
                text += f": {p.annotation}"
            if p.default is not None:
                text += f" = {p.default}" if p.annotation else f"={p.default}"
            parts.append(text)
            last_positional_only = p.kind == "positional_only" and (
                i + 1 == len(self.parameters) or self.parameters[i + 1].kind != "positional_only"
            )
            if last_positional_only:
                parts.append("/")
        arrow = f" -> {self.returns}" if self.returns and self.kind != "class" else ""
        return f"{self.name}({', '.join(parts)}){arrow}"


@dataclass(frozen=True)
class ApiSurface:
    """All symbols of one installed library, by qualname. `open_names` are owners whose members cannot be
    listed statically (module `__getattr__`, dynamic bases): there, absence proves nothing."""

    library: LibraryId
    import_names: tuple[str, ...]
    symbols: Mapping[str, Symbol]
    open_names: frozenset[str] = frozenset()
    problems: tuple[str, ...] = ()
    extra: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def _children(self) -> dict[str, list[str]]:
        children: dict[str, list[str]] = {}
        for qualname in self.symbols:
            owner, _, name = qualname.rpartition(".")
            children.setdefault(owner, []).append(name)
        return children

    @cached_property
    def _in_modules(self) -> dict[str, list[str]]:
        """Public names of modules, by their last part; those nearest to the top first."""
        found: dict[str, list[str]] = {}
        for qualname, symbol in self.symbols.items():
            owner = self.symbols.get(symbol.owner)
            if symbol.public and (not symbol.owner or (owner is not None and owner.kind == "module")):
                found.setdefault(symbol.name, []).append(qualname)
        return {name: sorted(paths, key=lambda path: (path.count("."), path)) for name, paths in found.items()}

    def modules_with(self, name: str) -> tuple[str, ...]:
        """Qualnames `module.name` under which a public name can be imported, those nearest to the top first."""
        return tuple(self._in_modules.get(name, ()))

    @cached_property
    def public_paths(self) -> dict[str, tuple[str, ...]]:
        """Every public dotted path under which a canonical symbol of a module is offered, best first: fewest dots, then
        shortest. A module that imports a name for its own use does not offer it; a package's `__init__` does, and a
        module that lists it in `__all__`."""
        paths: dict[str, list[str]] = {}
        for qualname, symbol in sorted(self.symbols.items()):  # a surface from the index has another order
            if not symbol.public or symbol.kind == "module":
                continue
            target, owner = self.resolve(qualname), self.resolve(symbol.owner)
            if target is None or target.target or target.kind == "module" or owner is None or owner.kind != "module":
                continue
            if target.qualname != qualname and not self._offers(owner, symbol.name):
                continue
            paths.setdefault(target.qualname, []).append(qualname)
        return {
            target: tuple(sorted(some, key=lambda path: (path.count("."), len(path), path)))
            for target, some in paths.items()
            if target in self.symbols
        }

    def _offers(self, module: Symbol, name: str) -> bool:
        """Whether a module offers a name that it imports."""
        if module.file.endswith(("__init__.py", "__init__.pyi")):
            return True
        return name in self.exports(module.qualname)

    def exports(self, module: str) -> frozenset[str]:
        """The names that a module's `__all__` lists; empty for one that has none."""
        return frozenset(filter(None, self.extra.get(f"exports:{module}", "").split(",")))

    @cached_property
    def _owners(self) -> dict[str, list[str]]:
        owners: dict[str, list[str]] = {}
        for qualname in self.symbols:
            owner, _, name = qualname.rpartition(".")
            owners.setdefault(name, []).append(owner)
        return owners

    def owners_of(self, name: str) -> tuple[str, ...]:
        """Modules and classes that have a member of this name themselves."""
        return tuple(self._owners.get(name, ()))

    @cached_property
    def _heirs(self) -> dict[str, list[str]]:
        heirs: dict[str, list[str]] = {}
        for qualname, symbol in self.symbols.items():
            for base in symbol.bases:
                found = self.resolve(base)
                heirs.setdefault(found.qualname if found is not None else base, []).append(qualname)
        return heirs

    def heirs_of(self, classes: Iterable[str]) -> tuple[str, ...]:
        """Classes that derive from any of these, at whatever distance; these themselves left out."""
        found: dict[str, None] = {}
        waiting = list(classes)
        while waiting:
            for heir in self._heirs.get(waiting.pop(), ()):
                if heir not in found:
                    found[heir] = None
                    waiting.append(heir)
        return tuple(found)

    def classes_called(self, fits: Callable[[str], bool]) -> tuple[str, ...]:
        """Qualnames of classes whose own name fits."""
        return tuple(q for q, symbol in self.symbols.items() if symbol.kind == "class" and fits(symbol.name))

    def resolve(self, qualname: str) -> Symbol | None:
        """The symbol behind a dotted name, through aliases and inherited members; None if it does not exist here."""
        return self._resolve(qualname, 0)

    def _resolve(self, qualname: str, depth: int) -> Symbol | None:
        if depth > 16:
            return None
        symbol = self.symbols.get(qualname)
        if symbol is not None:
            if symbol.target and symbol.target != qualname:
                return self._resolve(symbol.target, depth + 1) or symbol
            return symbol
        owner, _, name = qualname.rpartition(".")
        if not owner:
            return None
        parent = self._resolve(owner, depth + 1)
        if parent is None:
            return None
        if parent.qualname != owner:
            return self._resolve(f"{parent.qualname}.{name}", depth + 1)
        for base in parent.bases:
            found = self._resolve(f"{base}.{name}", depth + 1)
            if found is not None:
                return found
        return None

    def members(self, qualname: str) -> tuple[str, ...]:
        """Sorted names reachable with a dot after `qualname` (a module or class), inherited ones included."""
        return tuple(sorted(self._members(qualname, 0)))

    def _members(self, qualname: str, depth: int) -> set[str]:
        symbol = self._resolve(qualname, depth) if depth <= 16 else None
        names = set(self._children.get(qualname, ()))
        if symbol is not None and symbol.qualname != qualname:
            names |= self._members(symbol.qualname, depth + 1)
        for base in symbol.bases if symbol else ():
            names |= self._members(base, depth + 1)
        return names

    def is_open(self, qualname: str) -> bool:
        """True when members of this owner may exist that no static reading finds."""
        return self._is_open(qualname, 0)

    def _is_open(self, qualname: str, depth: int) -> bool:
        symbol = self._resolve(qualname, depth) if depth <= 16 else None
        if qualname in self.open_names or symbol is None or symbol.qualname in self.open_names:
            return True
        if symbol.kind not in ("module", "class"):
            return True
        return any(base != "object" and self._is_open(base, depth + 1) for base in symbol.bases)

    def keywords(self, qualname: str) -> tuple[str, ...] | None:
        """Names that may be given as keywords in a call of `qualname`; None if it is unknown or takes **kwargs."""
        symbol = self.resolve(qualname)
        if symbol is None or symbol.parameters is None or any(p.kind == "var_keyword" for p in symbol.parameters):
            return None
        return tuple(p.name for p in symbol.parameters if p.kind in ("positional_or_keyword", "keyword_only"))
