"""A scope of a source and what is bound in it: the values that scopes.py collects and resolution.py reads.

A binding holds from a place on (`at`), sometimes only up to another (`until`: the body under an `isinstance`). The key
is a name, or the text of an attribute chain (`self.store`) that was assigned or narrowed.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

from tree_sitter import Node

from seal_lsp.core.code import ImportUse

FOREVER = sys.maxsize


@dataclass(eq=False, slots=True)
class Binding:
    """`kind` says how to read `node`: value (an expression), type (an annotation), element (of an iterable), enter
    (of a context manager), instance (of the class that the expression names), function, class, import, parameter,
    unknown. `index`/`count` pick one target of an unpacking. `narrows`: a condition says it of a name that something
    else binds."""

    kind: str
    at: int
    scope: Scope
    node: Node | None = None
    until: int = FOREVER
    index: int = -1
    count: int = 0
    imported: ImportUse | None = None
    defined: Scope | None = None
    type_node: Node | None = None
    narrows: bool = False


@dataclass(eq=False, slots=True)
class Scope:
    """`kind`: module, function, class, lambda, comprehension. `attributes` of a class: what methods set on self."""

    kind: str
    start: int
    end: int
    parent: Scope | None
    node: Node
    name: str = ""
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    attributes: dict[str, list[Binding]] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    outer_names: set[str] = field(default_factory=set)
    decorators: tuple[str, ...] = ()
    self_name: str = ""

    @property
    def return_type(self) -> Node | None:
        return self.node.child_by_field_name("return_type") if self.kind == "function" else None


def text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def is_none(binding: Binding) -> bool:
    """`x = None`: it says that x has no value yet, not what x is."""
    return binding.kind == "value" and binding.node is not None and binding.node.type == "none" and binding.index < 0
