"""Which top-level modules belong to Python itself. Known for the version that runs us: close enough for any 3.x."""

from __future__ import annotations

import sys

_FORMER = {"asynchat", "asyncore", "cgi", "cgitb", "distutils", "imp", "imghdr", "lib2to3", "nntplib", "pipes", "smtpd",
           "sndhdr", "telnetlib", "uu", "xdrlib", "crypt", "nis", "spwd", "ossaudiodev", "msilib", "aifc", "audioop",
           "chunk", "mailcap", "sunau"}  # fmt: skip
_LATER = {"compression", "annotationlib", "concurrent", "tomllib"}


def standard_modules(version: str = "") -> frozenset[str]:
    """Names of the running Python's standard library, with those that other versions have or, before 3.13, had."""
    names = frozenset(sys.stdlib_module_names) | _LATER | {"__future__", "__main__"}
    return names - _FORMER if _numbers(version) >= (3, 13) else names | _FORMER


def _numbers(version: str) -> tuple[int, ...]:
    parts = version.split(".")[:2]
    return tuple(int(part) for part in parts) if all(part.isdigit() for part in parts) else ()
