"""The workspace that a command was started in: its environment and what is installed there. Read, never run."""

from __future__ import annotations

import os
from pathlib import Path

from seal_lsp.cli.asking import user_settings
from seal_lsp.core.errors import UsageError
from seal_lsp.core.library import Environment, InstalledLibrary, LibraryId


def find_library(words: str, root: Path) -> tuple[InstalledLibrary, Environment]:
    """`name`, `name==version` or `name@version`, as installed in the environment of `root`. Raises UsageError when it
    is not there, or there in another version; EnvironmentProblem when there is no environment."""
    from seal_lsp.languages.python.support import Python

    language = Python()
    environment = language.find_environment(root, setting=user_settings().python.interpreter, variables=os.environ)
    pinned = "@" in words or "==" in words
    name = LibraryId.parse(words).name if pinned else LibraryId.parse(f"{words}@0").name
    installed = language.installed(environment)
    found = next((library for library in installed if library.id.name == name), None)
    if found is None:
        found = next((library for library in installed if words in library.import_names), None)
    where = f"the environment {environment.prefix}"
    if found is None:
        raise UsageError(f"{words} is not installed in {where}", hint=f"install it there: {_pip(environment)} {words}")
    if pinned and found.id != LibraryId.parse(words):
        wanted = LibraryId.parse(words)
        raise UsageError(
            f"{where} has {found.id}, not {wanted}",
            hint=f"install that version: {_pip(environment)} {wanted.name}=={wanted.version}",
        )
    return found, environment


def known_library(words: str) -> str:
    """`name@version` for commands on what was learned: a bare name must mean one learned version only."""
    from seal_lsp.store.adapters import AdapterStore
    from seal_lsp.store.paths import Paths

    if "@" in words or "==" in words:
        return str(LibraryId.parse(words))
    name = LibraryId.parse(f"{words}@0").name
    known = sorted({a.library for a in AdapterStore(Paths.default().adapters).list() if a.library.name == name})
    if not known:
        raise UsageError(f"nothing was learned of {words}", hint="see: seal-lsp libraries")
    if len(known) > 1:
        raise UsageError(f"{words} was learned in several versions", hint="say which: " + ", ".join(map(str, known)))
    return str(known[0])


def _pip(environment: Environment) -> str:
    return f"{environment.python or environment.prefix / 'bin' / 'python'} -m pip install"
