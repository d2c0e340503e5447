"""jedi's view of a place in a source: for receivers that static reading does not know (the user's own code, the
standard library). Slow and holding the GIL, so only the analysis worker and the CLI may call it.

Nothing of the user's is imported: jedi runs in this process on our own interpreter's standard library, may load
compiled modules from there alone, and the workspace's environment is only a list of folders to read.
"""

from __future__ import annotations

import logging
import sysconfig
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jedi
from jedi.api.environment import InterpreterEnvironment
from parso import split_lines

from seal_lsp.core.library import Environment
from seal_lsp.languages.python.editable import added_folders

log = logging.getLogger(__name__)
warnings.filterwarnings("ignore", message="Module .* not importable in path", category=UserWarning)
jedi.settings.auto_import_modules = []  # jedi would import these (`gi`) for real

_KINDS = {"instance": "attribute", "statement": "attribute", "param": "attribute", "path": "attribute"}


@dataclass(frozen=True, slots=True)
class MemberFact:
    """A name that may stand at the cursor. `kind` as in core.api.Symbol (and `keyword` for the language's own)."""

    name: str
    kind: str
    full_name: str
    module: str


@dataclass(frozen=True, slots=True)
class KeywordFact:
    """A parameter that may be given by name; `default` is its source text, '' when it has none."""

    name: str
    default: str
    function: str


@dataclass(frozen=True, slots=True)
class DefinitionFact:
    """What a name refers to."""

    full_name: str
    kind: str
    module: str
    signature: str
    doc: str


class _ReadOnlyEnvironment(InterpreterEnvironment):
    """Our own interpreter, of which jedi sees the standard library only: it imports compiled modules that it finds
    here, and site-packages of ours may be the user's."""

    def get_sys_path(self) -> list[str]:
        return list(_standard_library())


def complete(
    source: str, line: int, column: int, path: Path | None, environment: Environment | None, roots: Sequence[Path] = ()
) -> list[MemberFact]:
    """Names at a place. `line` is 1-based, `column` counts characters from 0. Empty when jedi cannot tell."""
    script = _script(source, path, environment, roots)
    found = _ask("complete", lambda: script.complete(line, column)) or []
    before = split_lines(source)[line - 1][:column].split()
    if before and (before[0] == "import" or (before[0] == "from" and "import" not in before)):
        # Asking jedi what each of these is would read every module that could be imported.
        return [MemberFact(c.name, "module", "", "") for c in found]
    return [MemberFact(c.name, _KINDS.get(c.type, c.type), _full_name(c), c.module_name or "") for c in found]


def signature_keywords(
    source: str, line: int, column: int, path: Path | None, environment: Environment | None, roots: Sequence[Path] = ()
) -> list[KeywordFact]:
    """Keywords that the call around a place still takes."""
    script = _script(source, path, environment, roots)
    signatures = _ask("get_signatures", lambda: script.get_signatures(line, column)) or []
    names = _ask("complete", lambda: script.complete(line, column)) or []
    open_names = {c.name.rstrip("=") for c in names if c.type == "param"}
    found: dict[str, KeywordFact] = {}
    for signature in signatures:
        for parameter in signature.params:
            if parameter.name in open_names and parameter.name not in found:
                default = parameter.description.partition("=")[2].strip()
                found[parameter.name] = KeywordFact(parameter.name, default, _full_name(signature))
    return list(found.values())


def definition_name(
    source: str, line: int, column: int, path: Path | None, environment: Environment | None, roots: Sequence[Path] = ()
) -> DefinitionFact | None:
    """What the name at a place refers to, imports followed; None when jedi does not know."""
    script = _script(source, path, environment, roots)
    goto = lambda: script.goto(line, column, follow_imports=True, follow_builtin_imports=True)  # noqa: E731
    for name in _ask("goto", goto) or []:
        signatures = _ask("signatures", name.get_signatures) or []
        return DefinitionFact(
            _full_name(name),
            _KINDS.get(name.type, name.type),
            name.module_name or "",
            signatures[0].to_string() if signatures else "",
            _ask("docstring", lambda name=name: name.docstring(raw=True)) or "",
        )
    return None


def _script(source: str, path: Path | None, environment: Environment | None, roots: Sequence[Path]) -> jedi.Script:
    folders = [*(environment.site_packages if environment is not None else ()), *roots]
    if environment is not None:
        folders += added_folders(environment.site_packages)
    folders += [root / "src" for root in roots if (root / "src").is_dir()]
    project = jedi.Project(
        roots[0] if roots else (path.parent if path is not None else Path()),
        sys_path=[*dict.fromkeys(str(folder) for folder in folders), *_standard_library()],
        load_unsafe_extensions=False,
        smart_sys_path=False,
    )
    return jedi.Script(source, path=path, environment=_ReadOnlyEnvironment(), project=project)


@cache
def _standard_library() -> tuple[str, ...]:
    standard = sysconfig.get_path("stdlib")  # the base installation's, also when we run in a virtual environment
    return standard, str(Path(standard) / "lib-dynload")


def _full_name(name: Any) -> str:
    return _ask("full_name", lambda: name.full_name) or ""


def _ask(what: str, question: Callable[[], Any]) -> Any:
    """jedi raises whatever its guesses run into (AttributeError, RecursionError, ...): the answer is then unknown."""
    try:
        return question()
    except Exception as error:
        log.info("jedi cannot answer %s: %s: %s", what, type(error).__name__, error)
        return None
