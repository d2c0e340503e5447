"""Every place where a source names an API of the libraries at hand, and every call of one.

Owners are given as the code reached them (`throttled.Throttled`, though the class lives in a submodule);
`ApiSurface.resolve` gives the symbol itself. What cannot be resolved is left out, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tree_sitter import Node

from seal_lsp.core.api import ApiSurface
from seal_lsp.core.code import ApiUse, CallUse
from seal_lsp.languages.python.bindings import text
from seal_lsp.languages.python.grammar import HOLE, Parsed, parse_tolerant
from seal_lsp.languages.python.imports import statement_imports
from seal_lsp.languages.python.local_classes import library_bases
from seal_lsp.languages.python.owners import Callee, callee_of, keeps_signature, owner_of, takes
from seal_lsp.languages.python.resolution import Resolver
from seal_lsp.languages.python.values import Value, World


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


class Reading:
    """One source read against some surfaces; `lenient` and `guessing` as in resolution.py."""

    def __init__(
        self,
        source: str,
        surfaces: Sequence[ApiSurface] | World,
        parsed: Parsed | None = None,
        *,
        lenient: bool = False,
        guessing: bool = False,
    ) -> None:
        self.parsed = parsed or parse_tolerant(source)
        self.world = surfaces if isinstance(surfaces, World) else World(surfaces)
        self.resolver = Resolver(self.parsed, self.world, lenient=lenient, guessing=guessing)

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
        qualname, exists = owner_of(self.resolver, owner, text(name))
        if not qualname:
            return None
        return self._use("member", name, text(name), qualname, f"{qualname}.{text(name)}", exists)

    def _call(self, node: Node) -> Iterator[ApiUse]:
        function = node.child_by_field_name("function")
        callee = callee_of(self.resolver, self.resolver.infer(function))
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
        exists = takes(callee, text(name))
        return self._use("keyword", name, text(name), callee.qualname, callee.qualname, exists)

    def _class_keywords(self, node: Node) -> Iterator[ApiUse]:
        """`class A(Base, option=1)`: keywords of the base's `__init_subclass__`."""
        scope = next((s for s in self.resolver.scopes.all if s.node.id == node.id), None)
        superclasses = node.child_by_field_name("superclasses")
        if scope is None or superclasses is None:
            return
        keywords = [n for n in superclasses.named_children if n.type == "keyword_argument"]
        for base in library_bases(self.resolver, scope)[0] if keywords else ():
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
        callee = callee_of(self.resolver, self.resolver.infer(node.child_by_field_name("function")))
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
