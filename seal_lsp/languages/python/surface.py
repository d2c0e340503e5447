"""The API surface of an installed library, read with griffe from source and stubs; nothing is imported or run.

Does not know what is made at run time: where a module or class makes names itself (`__getattr__`, a base class from
elsewhere, a compiled module), its qualname is in `open_names` and absence proves nothing. Facts beyond a Symbol's
fields are in `extra`:
- `element:QUALNAME`: the type of what iterating the symbol's value gives
- `class:QUALNAME`: the class that a `type[...]` value is
- `same_class:QUALNAME`: the parameters whose class argument is the returned value's class
- `self_type:QUALNAME`: set where a method returns `Self`, the receiver's own class
- `exports:MODULE`: the names of its `__all__`, with commas
"""

from __future__ import annotations

import ast
from pathlib import Path

import griffe

from seal_lsp.core.api import ApiSurface, Symbol
from seal_lsp.core.library import Environment, InstalledLibrary
from seal_lsp.languages.python import annotations, class_members, deprecations
from seal_lsp.languages.python.distributions import module_name
from seal_lsp.languages.python.parameters import merged
from seal_lsp.languages.python.settling import settle

# Bases that add nothing which a static reading would miss.
PLAIN_BASES = {"object", "abc.ABC", "typing.Generic", "typing.Protocol", "typing_extensions.Protocol",
               "typing_extensions.Generic", "collections.abc.Hashable"}  # fmt: skip
_PLAIN_METACLASSES = {"abc.ABCMeta", "type", "enum.EnumMeta", "enum.EnumType"}


def surface(library: InstalledLibrary, environment: Environment) -> ApiSurface:
    """All symbols of a library. Modules that cannot be read are left out, named in `problems` and open."""
    reading = Reading(library)
    for root in library.roots:
        reading.load(root)
    settle(reading)
    return ApiSurface(
        library=library.id,
        import_names=library.import_names,
        symbols=reading.symbols,
        open_names=frozenset(reading.open_names),
        problems=tuple(dict.fromkeys(([library.problem] if library.problem else []) + reading.problems)),
        extra=reading.extra,
    )


class Reading:
    """One pass over a library's packages that collects symbols; settling.py finishes them."""

    def __init__(self, library: InstalledLibrary) -> None:
        self.library = library
        self.symbols: dict[str, Symbol] = {}
        self.open_names: set[str] = set()
        self.problems: list[str] = []
        self.extra: dict[str, str] = {}
        self.classes: dict[str, griffe.Class] = {}
        self.called: dict[str, str] = {}  # attribute -> the callable whose result it holds

    def load(self, root: Path) -> None:
        name = module_name(root, self.library.import_names)
        depth = len(name.split("."))
        if not all(part.isidentifier() for part in name.split(".")) or name in self.symbols:
            return
        base = root.parents[depth - 1]
        if root.is_file() and root.suffix not in (".py", ".pyi"):
            self.cannot_read(name, "it is compiled and has no source or stubs", root)
            return
        try:
            module = parsed(name, base)
        except (griffe.GriffeError, ImportError, SyntaxError, OSError, ValueError, RecursionError, KeyError) as error:
            self.cannot_read(name, str(error), root)
            return
        for parent in [".".join(name.split(".")[:i]) for i in range(1, depth)]:
            self.symbols.setdefault(parent, Symbol(parent, "module"))
            self.open_names.add(parent)  # a namespace is shared with other distributions
        self.module(module)
        self.unread(root, name)

    def cannot_read(self, qualname: str, reason: str, file: Path) -> None:
        self.symbols.setdefault(qualname, Symbol(qualname, "module", file=str(file)))
        self.open_names.add(qualname)
        self.problems.append(f"{qualname} cannot be read: {reason}")

    def unread(self, root: Path, name: str) -> None:
        """Modules that griffe passed over: compiled, broken, or in a folder without `__init__`. They exist, and
        anything may be in them."""
        files = [] if root.is_file() else [p for p in root.rglob("*") if p.suffix in (".py", ".pyi", ".so", ".pyd")]
        for path in sorted(files, key=lambda path: (len(path.parts), path.suffix)):
            parts = path.relative_to(root).with_name(path.name.partition(".")[0]).parts
            parts = parts[:-1] if parts[-1] == "__init__" else parts
            qualname = ".".join((name, *parts))
            if qualname in self.symbols or not all(part.isidentifier() for part in parts):
                continue
            if path.suffix in (".so", ".pyd"):
                self.cannot_read(qualname, "it is compiled and has no source or stubs", path)
            elif not all(".".join((name, *parts[:i])) in self.symbols for i in range(1, len(parts))):
                continue  # scripts and templates in a folder that is no package
            else:
                self.cannot_read(qualname, why_unreadable(path), path)

    def module(self, module: griffe.Module) -> None:
        self.symbols[module.path] = Symbol(module.path, "module", doc=_doc(module), file=_file(module))
        if "__getattr__" in module.members or module.extra["seal"].get("dynamic"):
            self.open_names.add(module.path)
        self.members(module)
        exports = [name if isinstance(name, str) else getattr(name, "name", "") for name in module.exports or ()]
        if exports:
            self.extra[f"exports:{module.path}"] = ",".join(exports)
        for text in exports:
            if text.isidentifier() and f"{module.path}.{text}" not in self.symbols:
                self.symbols[f"{module.path}.{text}"] = Symbol(f"{module.path}.{text}", "attribute", file=_file(module))

    def members(self, owner: griffe.Module | griffe.Class) -> None:
        imported = owner.extra["seal"].get("imported", {}) if owner.is_module else {}
        for name, member in owner.members.items():
            if "/" in name or name.endswith("*"):  # an unexpanded `from elsewhere import *`
                self.open_names.add(owner.path)
            elif not name.isidentifier():
                continue  # the module of a file like `data-1.py`: no statement names it
            elif member.is_alias:
                self.alias(owner, name, member)
            elif member.is_module:
                self.module(member)
                hidden = imported.get(name)
                if hidden is not None and hidden.target_path != member.path:
                    self.alias(owner, name, hidden)
            elif member.is_class:
                self.class_(member)
            elif member.is_function:
                self.function(member)
            else:
                self.attribute(member)
        for name, overloads in owner.overloads.items() if not owner.is_alias else ():
            if overloads and name not in owner.members:
                self.function(overloads[-1], overloads)

    def alias(self, owner: griffe.Module | griffe.Class, name: str, alias: griffe.Alias) -> None:
        qualname = f"{owner.path}.{name}"
        self.symbols[qualname] = Symbol(
            qualname, "attribute", target=alias.target_path, file=_file(owner), line=alias.alias_lineno or 0
        )

    def class_(self, class_: griffe.Class) -> None:
        path = class_.path
        bases = tuple(base for base in map(annotations.path_of, class_.bases) if base)
        self.classes[path] = class_
        self.symbols[path] = Symbol(
            path,
            "class",
            doc=_doc(class_),
            deprecated=deprecations.of(class_),
            bases=tuple(base for base in bases if base not in PLAIN_BASES),
            decorators=_decorators(class_),
            file=_file(class_),
            line=class_.lineno or 0,
        )
        metaclass = annotations.path_of(class_.keywords.get("metaclass"))
        foreign_meta = metaclass and metaclass not in _PLAIN_METACLASSES and not self.own(metaclass)
        if foreign_meta or len(bases) < len(class_.bases) or {"__getattr__", "__getattribute__"} & set(class_.members):
            self.open_names.add(path)
        self.members(class_)

    def own(self, qualname: str) -> bool:
        return qualname.partition(".")[0] in self.library.import_names

    def function(self, function: griffe.Function, overloads: list[griffe.Function] | None = None) -> None:
        path = function.path
        in_class = function.parent is not None and function.parent.is_class
        decorators = _decorators(function)
        bound = in_class and "staticmethod" not in decorators
        overloads = overloads or list(function.overloads or ())
        type_ = annotations.type_of(function.returns, function)
        if any(name.endswith("contextmanager") for name in decorators) and type_.element:
            type_ = annotations.Type(type_.element)
        if not type_:
            said = {annotations.type_of(overload.returns, overload) for overload in overloads}
            type_ = said.pop() if len(said) == 1 else type_
        parameters = merged([function, *overloads], bound)
        self.facts(path, type_)
        generic = annotations.class_parameters([function, *overloads])
        if generic:
            self.extra[f"same_class:{path}"] = ",".join(generic)
        self.symbols[path] = Symbol(
            path,
            "method" if in_class else "function",
            parameters=parameters,
            returns=None if function.returns is None else str(function.returns),
            instance_of=type_.instance_of or None,
            doc=_doc(function) or next((doc for doc in map(_doc, overloads) if doc), ""),
            deprecated=deprecations.of(function),
            decorators=decorators,
            file=_file(function),
            line=function.lineno or 0,
        )

    def attribute(self, attribute: griffe.Attribute) -> None:
        path = attribute.path
        is_property = "property" in attribute.labels
        type_ = annotations.type_of(attribute.annotation, attribute)
        self.facts(path, type_)
        value = "" if attribute.value is None else str(attribute.value)
        target = ""
        if not type_ and attribute.value is not None:
            call = annotations.called(attribute.value)
            if call:
                self.called[path] = call
            elif not is_property and attribute.parent is not None and attribute.parent.is_module:
                target = annotations.path_of(attribute.value)
        self.symbols[path] = Symbol(
            path,
            "property" if is_property else "attribute",
            instance_of=type_.instance_of or None,
            returns=None if attribute.annotation is None else str(attribute.annotation),
            doc=_doc(attribute),
            deprecated=deprecations.of(attribute),
            target=target,
            decorators=tuple(sorted(attribute.labels & {"cached", "writable"})),
            value=value if len(value) <= 200 else value[:200] + "…",
            file=_file(attribute),
            line=attribute.lineno or 0,
        )

    def facts(self, path: str, type_: annotations.Type) -> None:
        if type_.element:
            self.extra[f"element:{path}"] = type_.element
        if type_.class_of:
            self.extra[f"class:{path}"] = type_.class_of
        if type_.own:
            self.extra[f"self_type:{path}"] = "1"


def parsed(name: str, base: Path) -> griffe.Module:
    """A package below `base`, without symbols of others. Raises whatever griffe and reading files raise.

    Merging stubs that overload a name which the package only imports, griffe needs the package it comes from (`attrs`
    and its `attr`); that one is read first then, and nothing of it is kept.
    """
    first: list[str] = []
    while True:
        loader = griffe.GriffeLoader(
            search_paths=[base],
            allow_inspection=False,
            extensions=griffe.load_extensions(class_members.ClassMembers()),
        )
        for other in first:
            loader.load(other, try_relative_path=False, find_stubs_package=True)
        try:
            module = loader.load(name, try_relative_path=False, find_stubs_package=True)
            loader.expand_wildcards(loader.modules_collection[name.partition(".")[0]], external=False)
            return module
        except griffe.AliasResolutionError as error:
            other = error.alias.target_path.partition(".")[0]
            if other in (name.partition(".")[0], *first):
                raise
            first.append(other)


def why_unreadable(path: Path) -> str:
    try:
        ast.parse(path.read_text("utf-8-sig"))
    except SyntaxError as error:
        return f"syntax error in line {error.lineno}: {error.msg}"
    except (OSError, ValueError, RecursionError) as error:
        return str(error)
    return "its folder is no package"


def _decorators(obj: griffe.Function | griffe.Class) -> tuple[str, ...]:
    return tuple(path for path in (annotations.path_of(decorator.value) for decorator in obj.decorators) if path)


def _doc(obj: griffe.Object) -> str:
    return obj.docstring.value.strip() if obj.docstring is not None else ""


def _file(obj: griffe.Object) -> str:
    try:
        path = obj.filepath
    except (griffe.GriffeError, AttributeError):
        return ""
    return "" if isinstance(path, list) or path is None else str(path)
