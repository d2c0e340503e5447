"""Where code names an API. Values only; languages/ computes them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ImportUse:
    """`import module as alias` (name empty) or `from module import name as alias`. Relative imports have leading dots.
    Offsets are character offsets into the source; `line` is 0-based."""

    module: str
    name: str
    alias: str
    line: int
    start: int
    end: int

    @property
    def bound(self) -> str:
        """The local name that the import binds."""
        return self.alias or self.name or self.module.partition(".")[0]


@dataclass(frozen=True, slots=True)
class ApiUse:
    """One place where code names a library's API.

    `kind`: import (a name after `from m import`, or a dotted module part), member (after a dot), keyword (in a call),
    call (the callee of a call; same place as its import/member name or bare bound name).
    `start`/`end` are character offsets of the name. `owner` is the qualname of the module or class that the member
    belongs to, or of the callable that takes the keyword. `qualname` is owner.name (for a keyword: the callable's).
    `exists` is None where the surface cannot tell (open owner).
    """

    kind: str
    name: str
    start: int
    end: int
    line: int
    owner: str
    qualname: str
    exists: bool | None


@dataclass(frozen=True, slots=True)
class CallUse:
    """One call of a known callable: how many positional arguments, which keywords, whether it spreads * or **."""

    qualname: str
    positional: int
    keywords: tuple[str, ...]
    spreads: bool
    start: int
    end: int
    line: int
