"""What an expression of a source stands for: names through scopes, calls, attributes, context managers, loops.

Static and lazy: a name's value is worked out when it is asked for, at the place where it is used. The last assignment
before the use in the same scope wins; from an inner function the outer scope's last one does. What cannot be told is
None. Types in annotations are read by type_nodes.py, calls and loops by results.py, the source's own classes by
local_classes.py.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from functools import cached_property

from tree_sitter import Node

from seal_lsp.languages.python import guesses, local_classes, results, type_nodes
from seal_lsp.languages.python.bindings import FOREVER, Binding, Scope, is_none, text
from seal_lsp.languages.python.grammar import Parsed
from seal_lsp.languages.python.scopes import scopes_of
from seal_lsp.languages.python.unbound import PYTHONS_OWN
from seal_lsp.languages.python.values import Value, World

_DEPTH = 40


class Resolver:
    """Values of expressions in one source. `lenient`: a name that nothing binds is what it would be once imported.
    `guessing`: what is not known otherwise is guessed from how the source uses it (guesses.py)."""

    def __init__(self, parsed: Parsed, world: World, *, lenient: bool = False, guessing: bool = False) -> None:
        self.parsed = parsed
        self.world = world
        self.lenient = lenient
        self.guessing = guessing
        self.scopes = scopes_of(parsed)
        self._memo: dict[tuple[int, int], Value | None] = {}
        self._bindings: dict[int, Value | None] = {}
        self._active: set[int] = set()
        self.notes: dict[str, dict] = {}  # what others worked out about this source, to have it once
        self._depth = 0

    def once(self, key: int, work: Callable[[], Value | None]) -> Value | None:
        """Do work that may come back to itself: the second time round, and too deep down, nothing is known."""
        if key in self._active or self._depth > _DEPTH:
            return None
        self._active.add(key)
        self._depth += 1
        try:
            return work()
        finally:
            self._active.discard(key)
            self._depth -= 1

    def infer(self, node: Node | None, scope: Scope | None = None) -> Value | None:
        """The value of an expression node, as seen from its own place."""
        if node is None or self._depth > _DEPTH:
            return None
        key = (node.start_byte, node.end_byte)
        if key in self._memo and node.type != "attribute":
            return self._memo[key]
        self._depth += 1
        try:
            value = self._infer(node, scope or self.scopes.at(node.start_byte))
            if value is None and self.guessing and node.type in ("identifier", "attribute"):
                value = guesses.guess(self, node)
        finally:
            self._depth -= 1
        self._memo[key] = value
        return value

    def _infer(self, node: Node, scope: Scope) -> Value | None:
        kind = node.type
        if kind == "identifier":
            return self.name(text(node), node.start_byte, scope)
        if kind == "attribute":
            return self._attribute(node, scope)
        if kind == "call":
            return results.of_call(self, node, scope)
        if kind in ("parenthesized_expression", "await", "type", "expression_statement"):
            return self.infer(node.named_children[0], scope) if node.named_children else None
        if kind == "dotted_name":
            return self._dotted(node, scope)
        if kind in ("subscript", "generic_type"):
            return self._subscript(node, scope)
        if kind == "conditional_expression" and len(node.named_children) == 3:
            first, second = (self.infer(node.named_children[i], scope) for i in (0, 2))
            return first if second is None or first == second else second if first is None else None
        if kind == "boolean_operator":
            return self.infer(node.child_by_field_name("left"), scope) or self.infer(
                node.child_by_field_name("right"), scope
            )
        if kind == "named_expression":
            return self.infer(node.child_by_field_name("value"), scope)
        if kind in ("list", "set", "tuple"):
            elements = {self.infer(child, scope) for child in node.named_children[:8] if child.type != "comment"}
            return Value("sequence", element=elements.pop()) if len(elements) == 1 else None
        if kind in ("list_comprehension", "set_comprehension", "generator_expression"):
            element = self.infer(node.child_by_field_name("body"))
            return Value("sequence", element=element) if element is not None else None
        return None

    def name(self, name: str, at: int, scope: Scope) -> Value | None:
        """The value of a bare name used at byte `at` in `scope`."""
        binding, star = self.lookup(name, at, scope)
        if binding is not None:
            return self.bound(binding)
        if star:
            return self.world.value_at(f"{star}.{name}")
        return self._unbound(name) if self.lenient and name not in PYTHONS_OWN else None

    def _unbound(self, name: str) -> Value | None:
        if name in self.world.by_top:
            return Value("name", name)
        home = self.world.home_of(name, self.imported_modules)
        return self.world.value_at(home) if home else None

    @cached_property
    def imported_modules(self) -> frozenset[str]:
        """Modules that the source imports from, anywhere."""
        found = (b.imported for s in self.scopes.all for bindings in s.bindings.values() for b in bindings)
        return frozenset(use.module for use in found if use is not None)

    def lookup(self, name: str, at: int, scope: Scope) -> tuple[Binding | None, str]:
        """The binding that a use sees, or the module whose star import gives the name."""
        here: Scope | None = scope
        same_flow = True
        while here is not None:
            skip = here.kind == "class" and not same_flow
            bindings = () if skip else here.bindings.get(name, ())
            if bindings:
                found = self._visible(bindings, at, same_flow)
                if found is not None:
                    return found, ""
            if not skip:
                for module in here.stars:
                    if self.world.knows(module) and self.world.resolve(f"{module}.{name}") is not None:
                        return None, module
            same_flow = same_flow and here.kind in ("comprehension", "lambda", "class")
            here = here.parent
        return None, ""

    def _visible(self, bindings: list[Binding], at: int, same_flow: bool) -> Binding | None:
        """The last binding before the use. `x = None` is passed over: what x is then is said elsewhere."""
        nothing: Binding | None = None
        if same_flow:
            for i in range(bisect_right(bindings, at, key=lambda binding: binding.at) - 1, -1, -1):
                if at < bindings[i].until:
                    if not is_none(bindings[i]):
                        return bindings[i]
                    nothing = nothing or bindings[i]
        if nothing is not None:
            return nothing
        # Before any assignment (a loop's second round), or from an inner function: the last one.
        for binding in reversed(bindings):
            if binding.until == FOREVER:
                if not is_none(binding):
                    return binding
                nothing = nothing or binding
        return nothing

    def bound(self, binding: Binding) -> Value | None:
        key = id(binding)
        if key not in self._bindings:
            value = self.once(key, lambda: self._bound(binding))
            if key in self._active:  # asked for while it is worked out: that is no answer to keep
                return None
            self._bindings[key] = value
        return self._bindings[key]

    def _bound(self, binding: Binding) -> Value | None:
        kind, node, scope = binding.kind, binding.node, binding.scope
        if kind == "import":
            return self._imported(binding)
        if kind in ("function", "class"):
            return Value(f"local_{kind}", scope=binding.defined)
        if kind == "self":
            owner = binding.defined
            as_class = "classmethod" in owner.decorators or owner.name in ("__new__", "__init_subclass__")
            return Value("local_class" if as_class else "local_instance", scope=owner.parent)
        if kind in ("type", "parameter"):
            said = type_nodes.value_of(self, binding.type_node, scope) if binding.type_node is not None else None
            if said is not None:
                return said
            if kind == "parameter" and binding.type_node is None:
                return self.infer(node, scope) if node is not None else results.fixture(self, binding)
            return self._part(self.infer(node, scope), binding) if node is not None else None
        if kind == "value":
            return self._part(self.infer(node, scope), binding)
        if kind == "element":
            return self._part(results.element(self, node, scope), binding)
        if kind == "enter":
            return self._part(results.entered(self, self.infer(node, scope)), binding)
        if kind == "instance":
            return self.instance(self.infer(node, scope))
        return None

    def _part(self, value: Value | None, binding: Binding) -> Value | None:
        """The piece of an unpacked value that a binding gets."""
        if binding.index < 0:
            return value
        node = binding.node
        if binding.kind in ("value", "type") and node is not None and node.type in ("expression_list", "tuple", "list"):
            parts = node.named_children
            return self.infer(parts[binding.index]) if len(parts) == binding.count else None
        if binding.kind == "element" and node is not None and node.type == "call":
            function = node.child_by_field_name("function")
            if function is not None and text(function) == "enumerate":
                return value if binding.index == 1 else None
        return value.element if value is not None and value.kind == "sequence" else None

    def _imported(self, binding: Binding) -> Value | None:
        use = binding.imported
        if use is None or use.module.startswith("."):
            return None
        if use.name:
            return self.world.value_at(f"{use.module}.{use.name}") if self.world.knows(use.module) else None
        qualname = use.module if use.alias else use.module.partition(".")[0]
        return Value("name", qualname) if self.world.knows(qualname) else None

    def _attribute(self, node: Node, scope: Scope) -> Value | None:
        key = text(node)
        binding, _ = self.lookup(key, node.start_byte, scope)
        if binding is not None and binding.scope is scope:
            value = self.bound(binding)
            if value is not None:
                return value
        name = node.child_by_field_name("attribute")
        return self.member(self.infer(node.child_by_field_name("object"), scope), text(name)) if name else None

    def member(self, value: Value | None, name: str) -> Value | None:
        if value is None:
            return None
        if value.kind in ("local_class", "local_instance", "super"):
            return local_classes.member(self, value, name)
        return self.world.member(value, name)

    def instance(self, value: Value | None) -> Value | None:
        """An instance of the class that a value is; an instance stays itself."""
        if value is None or value.kind in ("instance", "local_instance", "sequence"):
            return value
        if value.kind == "local_class":
            return Value("local_instance", scope=value.scope)
        return Value("instance", value.name) if self.world.class_of(value) is not None else None

    def _dotted(self, node: Node, scope: Scope) -> Value | None:
        value: Value | None = None
        for i, part in enumerate(node.named_children):
            value = self.name(text(part), node.start_byte, scope) if i == 0 else self.member(value, text(part))
        return value

    def _subscript(self, node: Node, scope: Scope) -> Value | None:
        subject = node.child_by_field_name("value") or (node.named_children[0] if node.named_children else None)
        value = self.infer(subject, scope)
        if value is None or value.kind in ("local_class", "name"):  # Generic[int] is the class itself
            return value
        if value.kind == "sequence":
            key = node.child_by_field_name("subscript")
            return value if key is not None and key.type == "slice" else value.element
        return self.world.special(value, "__getitem__") if value.kind == "instance" else None
