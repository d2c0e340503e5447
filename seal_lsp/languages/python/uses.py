"""Every place where a source names an API of the libraries at hand, and every call of one.

Owners are given as the code reached them (`throttled.Throttled`, though the class lives in a submodule);
`ApiSurface.resolve` gives the symbol itself. What cannot be resolved is left out, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tree_sitter import Node

from seal_lsp.core.api import ApiSurface, Symbol
from seal_lsp.core.code import ApiUse, CallUse
from seal_lsp.languages.python.bindings import Scope, text
from seal_lsp.languages.python.grammar import HOLE, Parsed, parse_tolerant
from seal_lsp.languages.python.imports import statement_imports
from seal_lsp.languages.python.resolution import Resolver
from seal_lsp.languages.python.values import Value, World

_SIGNATURE_KEPT = {
    "staticmethod", "classmethod", "abstractmethod", "overload", "override", "final", "deprecated", "cache",
    "lru_cache", "contextmanager", "asynccontextmanager", "no_type_check", "wraps", "singledispatch",
    "singledispatchmethod", "coroutine", "runtime_checkable", "beartype", "validate_call",
}  # fmt: skip


def uses(source: str, surfaces: Sequence[ApiSurface]) -> tuple[ApiUse, ...]:
    """In source order. An unfinished source gives the uses that it has so far."""
    reading = Reading(source, surfaces)
    found = {(use.kind, use.start, use.end): use for use in reading.all_uses()}
    return tuple(sorted(found.values(), key=lambda use: (use.start, use.end, use.kind)))


def calls(source: str, surfaces: Sequence[ApiSurface]) -> tuple[CallUse, ...]:
    """Calls of callables whose signature the surfaces know, in source order."""
    reading = Reading(source, surfaces)
    found = (reading.call_use(node) for capture, node in reading.parsed.captures("uses") if capture == "call")
    return tuple(call for call in found if call is not None)


@dataclass(frozen=True, slots=True)
class Callee:
    """A library callable: `qualname` as reached; `unbound` when its first positional argument is the instance."""

    qualname: str
    symbol: Symbol
    unbound: bool = False


class Reading:
    """One source read against some surfaces."""

    def __init__(self, source: str, surfaces: Sequence[ApiSurface], parsed: Parsed | None = None) -> None:
        self.parsed = parsed or parse_tolerant(source)
        self.world = World(surfaces)
        self.resolver = Resolver(self.parsed, self.world)

    def all_uses(self) -> Iterator[ApiUse]:
        for capture, node in self.parsed.captures("uses"):
            if capture in ("import", "from"):
                yield from self._imports(node)
            elif capture == "attribute":
                use = self._member(node)
                if use is not None:
                    yield use
            elif capture == "call":
                yield from self._call(node)
            elif capture == "class":
                yield from self._class_keywords(node)
            elif capture == "dotted":
                yield from self._dotted(node)

    def _use(self, kind: str, node: Node, name: str, owner: str, qualname: str, exists: bool | None) -> ApiUse | None:
        start, end = self.parsed.span(node)
        if end > self.parsed.end or HOLE in name:
            return None
        return ApiUse(kind, name, start, end, node.start_point.row, owner, qualname, exists)

    def _imports(self, statement: Node) -> Iterator[ApiUse]:
        modules = [statement.child_by_field_name("module_name")] if statement.type != "import_statement" else [
            node.child_by_field_name("name") if node.type == "aliased_import" else node
            for node in statement.children_by_field_name("name")
        ]  # fmt: skip
        for module in modules:
            if module is None or module.type != "dotted_name":
                continue
            parts = module.named_children
            for i in range(1, len(parts)):
                owner, name = ".".join(text(part) for part in parts[:i]), text(parts[i])
                if self.world.knows(owner):
                    exists = self.world.exists(owner, name)
                    found = self._use("import", parts[i], name, owner, f"{owner}.{name}", exists)
                    if found is not None:
                        yield found
        for use in statement_imports(self.parsed, statement):
            if not use.name or use.name == "*" or not self.world.knows(use.module) or use.end > self.parsed.end:
                continue
            exists, qualname = self.world.exists(use.module, use.name), f"{use.module}.{use.name}"
            yield ApiUse("import", use.name, use.start, use.end, use.line, use.module, qualname, exists)

    def _member(self, node: Node) -> ApiUse | None:
        name = node.child_by_field_name("attribute")
        owner = self.resolver.infer(node.child_by_field_name("object"))
        if owner is None or name is None:
            return None
        return self._member_of(owner, name)

    def _member_of(self, owner: Value, name: Node) -> ApiUse | None:
        qualname, exists = self.owner_of(owner, text(name))
        if not qualname:
            return None
        return self._use("member", name, text(name), qualname, f"{qualname}.{text(name)}", exists)

    def owner_of(self, value: Value, name: str) -> tuple[str, bool | None]:
        """(qualname of the module or class that `value.name` is a member of, whether it exists); '' if no library's."""
        if value.kind in ("local_class", "local_instance", "super"):
            return self._base_of(value, name)
        if value.kind not in ("name", "instance") or not self.world.knows(value.name):
            return "", None
        symbol = self.world.resolve(value.name)
        if symbol is None or symbol.kind not in ("module", "class"):
            return "", None
        exists = self.world.exists(value.name, name)
        said_only = exists is False and value.kind == "instance" and not value.exact
        return value.name, None if said_only and self.world.in_a_subclass(value.name, name) else exists

    def listing_owner(self, value: Value | None) -> str:
        """Whose members may follow a dot after a value: a library's module or class; '' when none is known."""
        if value is None:
            return ""
        if value.kind in ("local_class", "local_instance", "super"):
            bases, _ = self.library_bases(value.scope)
            return bases[0] if bases else ""
        symbol = self.world.resolve(value.name) if value.kind in ("name", "instance") else None
        return value.name if symbol is not None and symbol.kind in ("module", "class") else ""

    def _base_of(self, value: Value, name: str) -> tuple[str, bool | None]:
        """The library's base class that a subclass in the source gets the name from."""
        bases, complete = self.library_bases(value.scope)
        if value.kind != "super" and self._defined(value.scope, name):
            return "", None
        for base in bases:
            if self.world.exists(base, name):
                return base, True
        if not bases:
            return "", None
        closed = complete and all(self.world.exists(base, name) is False for base in bases)
        return bases[0], False if closed else None

    def _defined(self, class_: Scope, name: str, depth: int = 0) -> bool:
        if name in class_.bindings or name in class_.attributes:
            return True
        local = [base.scope for base in self.resolver.bases(class_) if base is not None and base.kind == "local_class"]
        return depth < 16 and any(self._defined(base, name, depth + 1) for base in local)

    def library_bases(self, class_: Scope, depth: int = 0) -> tuple[list[str], bool]:
        """The library classes that a class of the source derives from, and whether these are all it derives from."""
        found: list[str] = []
        complete = True
        for base in self.resolver.bases(class_):
            if base is not None and base.kind == "local_class" and depth < 16:
                inner, all_known = self.library_bases(base.scope, depth + 1)
                found += inner
                complete = complete and all_known
            elif base is not None and self.world.class_of(base) is not None:
                found.append(base.name)
            else:
                complete = False
        return found, complete

    def callee(self, value: Value | None) -> Callee | None:
        """The library callable that calling a value runs."""
        if value is None:
            return None
        if value.kind == "local_class":
            return self._inherited_constructor(value.scope)
        if value.kind == "instance":
            symbol = self.world.resolve(f"{value.name}.__call__")
            return Callee(f"{value.name}.__call__", symbol) if symbol is not None else None
        if value.kind == "local_instance":
            found = self.resolver.member(value, "__call__")
            return self.callee(found) if found is not None and found.kind == "name" else None
        symbol = self.world.resolve(value.name) if value.kind == "name" else None
        if symbol is None or symbol.kind not in ("class", "function", "method"):
            return None
        decorated = any(d.endswith(("staticmethod", "classmethod")) for d in symbol.decorators)
        return Callee(value.name, symbol, symbol.kind == "method" and not value.bound and not decorated)

    def _inherited_constructor(self, class_: Scope, depth: int = 0) -> Callee | None:
        if {"__init__", "__new__"} & set(class_.bindings) or class_.decorators or depth > 16:
            return None
        for base in self.resolver.bases(class_):
            if base is None:
                return None
            found = self._inherited_constructor(base.scope, depth + 1) if base.kind == "local_class" else None
            if found is not None or base.kind == "local_class":
                return found
            # Fields that the subclass adds to a dataclass or a model are its own keywords.
            symbol = self.world.class_of(base)
            return Callee(base.name, symbol) if symbol is not None and not _has_fields(class_) else None
        return None

    def _call(self, node: Node) -> Iterator[ApiUse]:
        function = node.child_by_field_name("function")
        callee = self.callee(self.resolver.infer(function))
        if function is None or callee is None:
            return
        place = function.child_by_field_name("attribute") if function.type == "attribute" else function
        if place is not None and place.type == "identifier" and HOLE not in text(place):
            owner, _, name = callee.qualname.rpartition(".")
            found = self._use("call", place, name, owner, callee.qualname, True)
            if found is not None:
                yield found
        for argument in self.arguments(node):
            if argument.type == "keyword_argument":
                found = self._keyword(argument, callee)
                if found is not None:
                    yield found

    def _keyword(self, argument: Node, callee: Callee) -> ApiUse | None:
        name = argument.child_by_field_name("name")
        if name is None:
            return None
        exists = self.takes(callee, text(name))
        return self._use("keyword", name, text(name), callee.qualname, callee.qualname, exists)

    def takes(self, callee: Callee, keyword: str) -> bool | None:
        parameters = callee.symbol.parameters
        if parameters is None:
            return None
        if not keeps_signature(callee.symbol):
            return True if any(p.name == keyword for p in parameters) else None
        if any(p.name == keyword and p.kind in ("positional_or_keyword", "keyword_only") for p in parameters):
            return True
        return None if any(p.kind == "var_keyword" for p in parameters) else False

    def _class_keywords(self, node: Node) -> Iterator[ApiUse]:
        """`class A(Base, option=1)`: keywords of the base's `__init_subclass__`."""
        scope = next((s for s in self.resolver.scopes.all if s.node.id == node.id), None)
        superclasses = node.child_by_field_name("superclasses")
        if scope is None or superclasses is None:
            return
        keywords = [n for n in superclasses.named_children if n.type == "keyword_argument"]
        for base in self.library_bases(scope)[0] if keywords else ():
            symbol = self.world.resolve(f"{base}.__init_subclass__")
            if symbol is None:
                continue
            for argument in keywords:
                name = argument.child_by_field_name("name")
                if name is not None and text(name) != "metaclass":
                    found = self._keyword(argument, Callee(f"{base}.__init_subclass__", symbol))
                    if found is not None:
                        yield found
            return

    def _dotted(self, node: Node) -> Iterator[ApiUse]:
        """`case library.Class():` names a member as an attribute does."""
        parts = node.named_children
        value = self.resolver.name(text(parts[0]), node.start_byte, self.resolver.scopes.at(node.start_byte))
        for part in parts[1:]:
            found = self._member_of(value, part) if value is not None else None
            if found is not None:
                yield found
            value = self.resolver.member(value, text(part))

    def arguments(self, call: Node) -> list[Node]:
        arguments = call.child_by_field_name("arguments")
        if arguments is None:
            return []
        if arguments.type == "generator_expression":
            return [arguments]
        return [node for node in arguments.named_children if node.type not in ("comment", "ERROR")]

    def call_use(self, node: Node) -> CallUse | None:
        callee = self.callee(self.resolver.infer(node.child_by_field_name("function")))
        if callee is None or callee.symbol.parameters is None or not keeps_signature(callee.symbol):
            return None
        start, end = self.parsed.span(node)
        if end > self.parsed.end:
            return None
        given = self.arguments(node)
        keywords = tuple(text(n.child_by_field_name("name")) for n in given if n.type == "keyword_argument")
        spread = [n for n in given if n.type in ("list_splat", "dictionary_splat")]
        positional = len(given) - len(keywords) - len(spread)
        if callee.unbound:
            positional = max(0, positional - 1)
        return CallUse(callee.qualname, positional, keywords, bool(spread), start, end, node.start_point.row)


def keeps_signature(symbol: Symbol) -> bool:
    """Whether a function is called as it is written: a decorator that is not known may change that."""
    if symbol.kind == "class":
        return True
    return all(d.rpartition(".")[2] in _SIGNATURE_KEPT for d in symbol.decorators)


def _has_fields(class_: Scope) -> bool:
    return any(b.type_node is not None for bindings in class_.bindings.values() for b in bindings)
