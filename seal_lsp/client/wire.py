"""JSON on the wire <-> the dataclasses of core.protocol. Both ends use it: the client here, the engine above.

Knows nothing of HTTP. pydantic is imported at first use, so that importing the client costs the editor nothing.
"""

from __future__ import annotations

import json
from dataclasses import asdict, is_dataclass
from functools import cache
from pathlib import PurePath
from typing import Any, TypeVar

from seal_lsp.core import errors
from seal_lsp.core.library import environment_as_dict, environment_from_dict

__all__ = ["decode", "encode", "environment_from_dict", "environment_to_dict", "plain", "problem", "raise_problem"]

environment_to_dict = environment_as_dict  # for LearnRequest.environment and UsageLineRequest.environment

T = TypeVar("T")


@cache
def _adapter(kind: Any) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def decode(kind: type[T], value: bytes | str | dict) -> T:
    """Read a message. Raises UsageError that names the first field that is off."""
    from pydantic import ValidationError

    try:
        if isinstance(value, (bytes, str)):
            return _adapter(kind).validate_json(value or b"null")
        return _adapter(kind).validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        name = getattr(kind, "__name__", str(kind))
        raise errors.UsageError(f"not a {name}: {where}: {first['msg']}", hint="see core/protocol.py") from None


def plain(value: Any) -> Any:
    """A message as JSON-friendly data."""
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


def encode(value: Any) -> bytes:
    """UTF-8 JSON. A lone surrogate (half a character, as some editors send) becomes '?' rather than an error."""
    return json.dumps(plain(value), ensure_ascii=False, separators=(",", ":"), default=_inner).encode(
        "utf-8", "replace"
    )


def _inner(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in a message")


def problem(error: errors.SealError) -> dict[str, str]:
    """The JSON body of an error answer."""
    return {"type": type(error).__name__, "message": error.message, "hint": error.hint}


def raise_problem(body: bytes, status: int) -> None:
    """Raise again what the engine raised; anything unreadable is an EngineUnavailable."""
    try:
        data = json.loads(body)
        kind, message, hint = str(data["type"]), str(data["message"]), str(data.get("hint", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        kind, message, hint = "", f"the engine answered {status} and no reason", "see engine.log"
    found = getattr(errors, kind, None)
    if not (isinstance(found, type) and issubclass(found, errors.SealError)):
        found = errors.EngineUnavailable
    raise found(message, hint=hint)
