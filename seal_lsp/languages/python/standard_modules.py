"""Which top-level modules belong to Python itself. Known for the version that runs us: close enough for any 3.x."""

from __future__ import annotations

import sys

_FORMER = {"asynchat", "asyncore", "cgi", "cgitb", "distutils", "imp", "imghdr", "lib2to3", "nntplib", "pipes", "smtpd",
           "sndhdr", "telnetlib", "uu", "xdrlib", "crypt", "nis", "spwd", "ossaudiodev", "msilib", "aifc", "audioop",
           "chunk", "mailcap", "sunau"}  # fmt: skip
_LATER = {"compression", "annotationlib", "concurrent", "tomllib"}


def standard_modules(version: str = "") -> frozenset[str]:
    """Names of the running Python's standard library, and those that other versions have or had."""
    return frozenset(sys.stdlib_module_names) | _LATER | {"__future__", "__main__"} | _former(version)


def _former(version: str) -> set[str]:
    try:
        numbers = tuple(int(part) for part in version.split(".")[:2])
    except ValueError:
        numbers = ()
    return set() if numbers >= (3, 13) else _FORMER
