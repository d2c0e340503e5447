"""Doctor's checks of the workspace (environment, libraries) and of what was learned (adapters, ledger). Reads only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from seal_lsp.cli.doctor import NOTE, OK, PROBLEM, Finding
from seal_lsp.core.errors import EnvironmentProblem, StoreDamaged
from seal_lsp.core.library import Environment

_SHOWN = 5
_PROGRAMS = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"MZ", b"#!")


def settings(root: Path) -> Iterator[Finding]:
    from seal_lsp.settings.load import load

    _, problems = load(workspace=root)
    for problem in problems:
        yield Finding("settings", PROBLEM, problem, "correct it; until then its default is used")
    if not problems:
        yield Finding("settings", OK, "all settings are understood")


def environment(root: Path) -> Iterator[Finding]:
    from seal_lsp.languages.python.support import Python
    from seal_lsp.settings.load import load

    language = Python()
    chosen = load(workspace=root)[0].python.interpreter
    try:
        found = language.find_environment(root, setting=chosen, variables=os.environ)
    except EnvironmentProblem as error:
        yield Finding("workspace", PROBLEM, f"{root}: {error.message}", error.hint)
        return
    yield Finding("workspace", OK, f"Python {found.version} at {found.prefix} (by {found.origin})")
    yield from _interpreter(found)
    installed = language.installed(found)
    unreadable = [one for one in installed if one.problem]
    yield Finding("libraries", OK, f"{len(installed)} installed, {len(unreadable)} of them can be read only in part")
    for one in unreadable[:_SHOWN]:
        yield Finding("libraries", NOTE, f"{one.id}: {one.problem}")
    if len(unreadable) > _SHOWN:
        yield Finding("libraries", NOTE, f"and {len(unreadable) - _SHOWN} more")


def _interpreter(found: Environment) -> Iterator[Finding]:
    """Looked at, not run: what lies at .venv/bin/python in a cloned repository is not ours to start. seal-lsp works
    without it, but one that is broken breaks the user's own work."""
    problem = interpreter_problem(found.prefix, found.python)
    if problem:
        do = f"make it anew: python3 -m venv --clear {found.prefix}, and install again what was in it"
        yield Finding("interpreter", PROBLEM, problem, do)
    else:
        yield Finding("interpreter", OK, str(found.python))


def interpreter_problem(prefix: Path, python: Path | None) -> str:
    """Why it cannot run, as far as its files tell; '' when nothing speaks against it."""
    if python is None or not os.path.lexists(python):
        return f"{python or prefix}: the interpreter is missing"
    if not python.exists():
        return f"{python} points to {os.path.realpath(python)}, which is gone"
    if not python.is_file() or not os.access(python, os.X_OK):
        return f"{python} is not executable"
    with python.open("rb") as stream:
        head = stream.read(4)
    if not head.startswith(_PROGRAMS):
        return f"{python} is not a program"
    try:
        lines = (prefix / "pyvenv.cfg").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""  # conda and system installations have none
    home = next((line.partition("=")[2].strip() for line in lines if line.partition("=")[0].strip() == "home"), "")
    if home and not Path(home).is_dir():
        return f"{prefix} was made from a Python in {home}, which is gone"
    return ""


def adapters() -> Iterator[Finding]:
    from seal_lsp.store.adapters import AdapterStore
    from seal_lsp.store.paths import Paths

    store = AdapterStore(Paths.default().adapters)
    found = store.list()
    damaged = 0
    for adapter in found:
        try:
            store.verify(adapter)
        except StoreDamaged as error:
            damaged += 1
            yield Finding("adapters", PROBLEM, error.message, error.hint)
    if not damaged:
        yield Finding("adapters", OK, f"{len(found)} on disk, each is what its digest says")


def ledger() -> Iterator[Finding]:
    from seal_lsp.store.ledger import Ledger
    from seal_lsp.store.paths import Paths

    path = Paths.default().ledger
    if not path.exists():
        yield Finding("ledger", OK, "none yet: nothing was learned")
        return
    book = Ledger(path)
    verified = book.verify()
    for notice in book.notices:
        yield Finding("ledger", NOTE, notice)
    if verified.ok:
        yield Finding("ledger", OK, f"{verified.rows} rows, the chain verifies")
    else:
        what = f"row {verified.first_bad} is not what was written: {verified.reason}"
        yield Finding("ledger", PROBLEM, what, "keep a copy: seal-lsp audit export; rows before it are intact")
