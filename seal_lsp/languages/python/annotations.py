"""What a type annotation, read as a griffe expression, says about the value: its class, its elements.

A union with more than one class besides None says nothing certain, so it says nothing here.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

import griffe

_FIRST = {"Optional", "Annotated", "ClassVar", "Final", "Required", "NotRequired", "ReadOnly", "InitVar"}
_CONTEXT = {"ContextManager", "AsyncContextManager", "AbstractContextManager", "AbstractAsyncContextManager"}
_ELEMENT_FIRST = {"list", "List", "set", "Set", "frozenset", "FrozenSet", "tuple", "Tuple", "deque", "Sequence",
                  "MutableSequence", "Iterable", "Iterator", "AsyncIterable", "AsyncIterator", "Generator",
                  "AsyncGenerator", "Collection", "AbstractSet", "MutableSet", "KeysView", "ValuesView",
                  "Reversible"}  # fmt: skip
_STANDARD = ("typing", "typing_extensions", "collections", "builtins")
_AWAITED = {"Awaitable": 0, "Future": 0, "Task": 0, "Coroutine": 2}
_NOTHING = {"None", "NoneType", "NoReturn", "Never", "Any", "object", "Literal", "Callable", "dict", "Dict", "Mapping",
            "MutableMapping", "defaultdict"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Type:
    """`instance_of` is the dotted name of the value's class, `element` of what iterating it gives, `class_of` of the
    class that the value is; `own` says that it is written `Self`."""

    instance_of: str = ""
    element: str = ""
    class_of: str = ""
    own: bool = False

    def __bool__(self) -> bool:
        return bool(self.instance_of or self.element or self.class_of)


def path_of(expression: object) -> str:
    """Dotted name of a name, an attribute, a call's callee or a subscript's subject; '' for anything else."""
    if isinstance(expression, griffe.ExprSubscript):
        return path_of(expression.left)
    if isinstance(expression, griffe.ExprCall):
        return path_of(expression.function)
    if isinstance(expression, (griffe.ExprName, griffe.ExprAttribute)):
        try:
            return expression.canonical_path
        except (griffe.GriffeError, AttributeError, KeyError, RecursionError):
            return ""
    return ""


def called(expression: object) -> str:
    """The callee's dotted name when the expression is a call."""
    if isinstance(expression, griffe.ExprCall):
        return path_of(expression.function)
    return ""


def type_of(annotation: object, where: griffe.Object) -> Type:
    """`where` is the annotated object: its class is what `Self` means, its module where type variables are found."""
    if isinstance(annotation, str):
        annotation = _quoted(annotation, where)
    if annotation is None or isinstance(annotation, str):
        return Type()
    if isinstance(annotation, griffe.ExprBinOp) and annotation.operator == "|":
        return _union([annotation.left, annotation.right], where)
    if isinstance(annotation, griffe.ExprSubscript):
        return _subscript(annotation, where)
    path = path_of(annotation)
    name = path.rpartition(".")[2]
    if name == "Self" and path.startswith("typing"):
        owner = _class_of(where)
        return Type(owner.path if owner is not None else "", own=True)
    if not path or name in _NOTHING or isinstance(annotation, griffe.ExprCall):
        return Type()
    variable = _type_variable(path, where)
    return Type(path) if variable is None else variable


def _quoted(annotation: str, where: griffe.Object) -> griffe.Expr | str | None:
    """griffe leaves quotes alone in modules that postpone annotations."""
    if annotation[:1] not in "'\"":
        return None
    try:
        node = ast.parse(ast.literal_eval(annotation), mode="eval").body
    except (SyntaxError, ValueError, TypeError):
        return None
    return griffe.safe_get_annotation(node, parent=where.parent or where.module)


def _union(parts: list[object], where: griffe.Object) -> Type:
    flat: list[object] = []
    while parts:
        part = parts.pop(0)
        if isinstance(part, griffe.ExprBinOp) and part.operator == "|":
            parts[:0] = [part.left, part.right]
        elif not (isinstance(part, str) and part == "None") and path_of(part) != "None":
            flat.append(part)
    return type_of(flat[0], where) if len(flat) == 1 else Type()


def _subscript(annotation: griffe.ExprSubscript, where: griffe.Object) -> Type:
    path = path_of(annotation.left)
    name = path.rpartition(".")[2]
    inner = annotation.slice
    arguments = list(inner.elements) if isinstance(inner, griffe.ExprTuple) else [inner]
    if name == "Union":
        return _union(arguments, where)
    if name in _FIRST or name in _CONTEXT:
        return type_of(arguments[0], where)
    if name in _AWAITED:
        return type_of(arguments[min(_AWAITED[name], len(arguments) - 1)], where)
    if path in ("type", "typing.Type", "builtins.type"):
        return Type(class_of=type_of(arguments[0], where).instance_of)
    if name in _ELEMENT_FIRST and path.partition(".")[0] in (name, *_STANDARD):
        if name in ("tuple", "Tuple") and not _homogeneous(arguments):
            return Type()
        return Type(element=type_of(arguments[0], where).instance_of)
    return Type() if name in _NOTHING else Type(path)


def _homogeneous(arguments: list[object]) -> bool:
    texts = {str(argument) for argument in arguments} - {"..."}
    return len(texts) == 1


def _class_of(where: griffe.Object | None) -> griffe.Class | None:
    while where is not None and not where.is_class:
        where = where.parent
    return where


def _type_variable(path: str, where: griffe.Object) -> Type | None:
    """A type variable stands for its bound; None when the path names no type variable."""
    module = where.module
    if not path.startswith(module.path + "."):
        for parameter in getattr(where, "type_parameters", ()):
            if parameter.name == path.rpartition(".")[2]:
                return type_of(parameter.annotation, where)
        return None
    member = module.members.get(path.rpartition(".")[2])
    if member is None or member.is_alias or not member.is_attribute or not is_type_variable(member):
        return None
    for argument in member.value.arguments:
        if isinstance(argument, griffe.ExprKeyword) and argument.name == "bound":
            return type_of(argument.value, member)
    return Type()


def is_type_variable(attribute: griffe.Attribute) -> bool:
    return called(attribute.value).rpartition(".")[2] in ("TypeVar", "ParamSpec", "TypeVarTuple")


def class_parameters(functions: list[griffe.Function]) -> list[str]:
    """Parameters annotated `type[T]` of functions that return `T`: the argument is the result's class."""
    found: list[str] = []
    for function in functions:
        returns = str(function.returns or "").removesuffix(" | None")
        if not returns.isidentifier():
            continue
        for parameter in function.parameters:
            parts = str(parameter.annotation or "").split(" | ")
            if any(part in (f"type[{returns}]", f"Type[{returns}]") for part in parts) and parameter.name not in found:
                found.append(parameter.name)
    return found
