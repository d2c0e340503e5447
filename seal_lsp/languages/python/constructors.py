"""The parameters with which a class is called: `__init__`, `__new__`, or the fields of a dataclass, attrs class,
pydantic model, NamedTuple or TypedDict. `*args, **kwargs` where a base class from elsewhere decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import griffe

from seal_lsp.core.api import ApiSurface, Parameter
from seal_lsp.languages.python.annotations import path_of

_UNKNOWN = (Parameter("args", "var_positional"), Parameter("kwargs", "var_keyword"))
_ATTRS = {f"{module}.{name}" for module in ("attr", "attrs") for name in
          ("s", "attrs", "attributes", "define", "frozen", "mutable")}  # fmt: skip
_DATACLASSES = {"dataclasses.dataclass", "pydantic.dataclasses.dataclass", "attr.dataclass"}
_MODELS = {"pydantic.BaseModel", "pydantic.main.BaseModel", "pydantic_settings.BaseSettings", "msgspec.Struct",
           "sqlmodel.SQLModel"}  # fmt: skip
_TUPLES = {"typing.NamedTuple", "typing_extensions.NamedTuple"}
_DICTS = {"typing.TypedDict", "typing_extensions.TypedDict"}
_FIELD_CALLS = {"field", "ib", "attrib", "Field", "attr"}


def constructor_of(
    class_: griffe.Class, surface: ApiSurface, classes: Mapping[str, griffe.Class], depth: int = 0
) -> tuple[Parameter, ...]:
    style = _style(class_, surface, classes)
    own = class_.members.get("__init__")
    if own is not None and not own.is_alias and own.is_function and not _synthetic(own):
        return _parameters(surface, f"{class_.path}.__init__")
    if style:
        fields = _fields(class_, style, surface, classes)
        return tuple(sorted(fields.values(), key=lambda p: p.kind == "keyword_only"))
    written = own is None or own.is_alias or not own.is_function or not _synthetic(own)
    for name in ("__init__", "__new__") if written else ("__new__",):
        found = surface.resolve(f"{class_.path}.{name}")
        if found is not None and found.parameters is not None and found.owner == class_.path:
            return found.parameters
    symbol = surface.symbols[class_.path]
    for base in symbol.bases:
        found = surface.resolve(base)
        if found is None:
            if base.rpartition(".")[2].endswith(("Exception", "Error")):
                return _UNKNOWN[:1]
            return _UNKNOWN
        if found.qualname in classes and found.qualname != class_.path and depth < 16:
            parameters = constructor_of(classes[found.qualname], surface, classes, depth + 1)
            if parameters or len(symbol.bases) == 1:
                return parameters
    if class_.path in surface.open_names:
        return _UNKNOWN
    if f"element:{class_.path}" in surface.extra:
        return (Parameter("value", "positional_or_keyword"),)
    return ()


def _synthetic(own: griffe.Function) -> bool:
    """griffe writes an `__init__` of no line for dataclasses; ours also knows attrs, field aliases and init=False."""
    return not own.lineno


def _parameters(surface: ApiSurface, qualname: str) -> tuple[Parameter, ...]:
    symbol = surface.symbols.get(qualname)
    return symbol.parameters or () if symbol is not None else ()


def _style(class_: griffe.Class, surface: ApiSurface, classes: Mapping[str, griffe.Class], depth: int = 0) -> str:
    """dataclass, attrs, model, tuple, dict or '': how annotated names become parameters."""
    for decorator in class_.decorators:
        style = _decorator_style(path_of(decorator.value), surface)
        arguments = getattr(decorator.value, "arguments", ())
        if style and any(str(argument) == "init=False" for argument in arguments):
            return ""
        if style:
            return style
    for base in class_.bases:
        path = path_of(base)
        if path in _MODELS:
            return "model"
        if path in _TUPLES:
            return "tuple"
        if path in _DICTS:
            return "dict"
        found = surface.resolve(path) if path else None
        if found is not None and found.qualname in classes and found.qualname != class_.path and depth < 16:
            inherited = _style(classes[found.qualname], surface, classes, depth + 1)
            if inherited in ("model", "tuple", "dict"):
                return "tuple" if inherited == "tuple" else inherited
    return ""


def _decorator_style(path: str, surface: ApiSurface) -> str:
    if path in _DATACLASSES:
        return "dataclass"
    if path in _ATTRS:
        return "attrs"
    found = surface.resolve(path) if path else None
    if found is None:
        return ""
    if found.target in _ATTRS or found.target in _DATACLASSES:
        return "attrs" if found.target in _ATTRS else "dataclass"
    if any(d.endswith("dataclass_transform") for d in found.decorators):
        return "dataclass"
    # A library's own shorthand: `frozen = partial(define, frozen=True)`.
    callee, bracket, arguments = found.value.partition("(")
    first = arguments.partition(",")[0].strip().rpartition(".")[2]
    if bracket and callee.rpartition(".")[2] == "partial":
        return "attrs" if f"attrs.{first}" in _ATTRS else "dataclass" if first == "dataclass" else ""
    return ""


def _fields(
    class_: griffe.Class, style: str, surface: ApiSurface, classes: Mapping[str, griffe.Class], depth: int = 0
) -> dict[str, Parameter]:
    fields: dict[str, Parameter] = {}
    for base in reversed(class_.bases):
        found = surface.resolve(path_of(base) or "?")
        if found is not None and found.qualname in classes and found.qualname != class_.path and depth < 16:
            parent = classes[found.qualname]
            if _style(parent, surface, classes):
                fields |= _fields(parent, _style(parent, surface, classes), surface, classes, depth + 1)
    keyword_only = style in ("model", "dict") or _class_keyword_only(class_, surface)
    for name, member in class_.members.items():
        if member.is_alias or not member.is_attribute or "property" in member.labels:
            continue
        if isinstance(member.annotation, (griffe.Expr, str)) and path_of(member.annotation).endswith("KW_ONLY"):
            keyword_only = True
            continue
        if not _is_field(member, style):
            continue
        parameter = _field(name, member, style, keyword_only)
        if parameter is not None:
            fields.pop(parameter.name, None) if keyword_only else None
            fields[parameter.name] = parameter
        else:
            fields.pop(name, None)
    return fields


def _is_field(member: griffe.Attribute, style: str) -> bool:
    if "class-attribute" in member.labels and "instance-attribute" not in member.labels:  # ClassVar
        return False
    if member.annotation is None:
        return style == "attrs" and _field_call(member) is not None and "class-attribute" in member.labels
    if member.extra["seal"].get("assigned_in_method"):
        return False
    return not (style == "model" and (member.name.startswith("_") or member.name == "model_config"))


def _field_call(member: griffe.Attribute) -> griffe.ExprCall | None:
    value = member.value
    if isinstance(value, griffe.ExprCall) and path_of(value).rpartition(".")[2] in _FIELD_CALLS:
        return value
    return None


def _field(name: str, member: griffe.Attribute, style: str, keyword_only: bool) -> Parameter | None:
    annotation = None if member.annotation is None else str(member.annotation)
    default = None if member.value is None else str(member.value)
    call = _field_call(member)
    shown = name.lstrip("_") or name if style == "attrs" else name
    if call is not None:
        given = {a.name: a.value for a in call.arguments if isinstance(a, griffe.ExprKeyword)}
        positional = [a for a in call.arguments if not isinstance(a, griffe.ExprKeyword)]
        if str(given.get("init", "True")) == "False":
            return None
        shown = str(given["alias"]).strip("'\"") if "alias" in given and str(given["alias"])[:1] in "'\"" else shown
        keyword_only = str(given["kw_only"]) == "True" if "kw_only" in given else keyword_only
        default = None
        if "default" in given:
            default = str(given["default"])
        elif {"factory", "default_factory"} & set(given):
            default = f"{given.get('factory', given.get('default_factory'))}()"
        elif positional and str(positional[0]) != "...":
            default = str(positional[0])
    if style == "dict":
        optional = "NotRequired" in (annotation or "") or str(member.parent.keywords.get("total", "")) == "False"
        default = "..." if optional else None
    kind = "keyword_only" if keyword_only else "positional_or_keyword"
    return replace(Parameter(shown, kind), default=default, annotation=annotation)


def _class_keyword_only(class_: griffe.Class, surface: ApiSurface) -> bool:
    for decorator in class_.decorators:
        for argument in getattr(decorator.value, "arguments", ()):
            if isinstance(argument, griffe.ExprKeyword) and argument.name == "kw_only":
                return str(argument.value) == "True"
        shorthand = surface.resolve(path_of(decorator.value) or "?")
        if shorthand is not None and "kw_only=True" in shorthand.value:
            return True
    return str(class_.keywords.get("kw_only", "")) == "True"
