"""CodeUpdateArena (Liu et al. 2024, arXiv 2407.06249): synthetic updates of known functions, and tasks whose unit tests
only an answer that uses the update passes.

What may be learned of an update is what its documentation says: description, signature, docstring. The same text is the
`doc` arm's. All tasks are held out. A task's prompt is the head of its reference solution (imports and signature, as
the tests call it) with scenario and problem as docstring; the reference to score is the body.
"""

from __future__ import annotations

import ast
import io
import json
import re
import textwrap
import tokenize
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from seal_lsp.core.api import ApiSurface
from seal_lsp.core.errors import UsageError
from seal_lsp.core.language import LanguageSupport
from seal_lsp.core.learning import digest_of
from seal_lsp.core.library import Environment, LibraryId
from seal_lsp.measure.suites.stub_library import Documented, documented, install
from seal_lsp.measure.suites.tasks import Arm, Task

FILE = "arena.jsonl"
STANDARD = ("math", "re", "itertools")
ARMS = (
    Arm("base", "plain", False),
    Arm("base+doc", "doc", False),
    Arm("adapter", "plain", True),
    Arm("adapter+doc", "doc", True),
)
PAIRS = (("base+doc", "base"), ("adapter", "base"), ("adapter+doc", "base"), ("adapter", "base+doc"),
         ("adapter+doc", "base+doc"))  # fmt: skip
TESTS = "test"
_WIDTH = 100


@dataclass(frozen=True)
class Update:
    """`path` is the dotted name that the update gives (`math.sine` where it renames); `install` is a program that puts
    the updated function into its module, once: run again, the old function would be the new one."""

    id: str
    path: str
    package: str
    description: str
    described: Documented
    signature: str
    install: str
    tasks: tuple[dict, ...]

    @property
    def module(self) -> str:
        return self.path.rpartition(".")[0]

    @property
    def preload(self) -> tuple[str, ...]:
        """Packages that load libraries of their own in ways that the sandbox refuses later."""
        return () if self.package in STANDARD else (self.package,)

    @property
    def library(self) -> LibraryId:
        return LibraryId(f"{self.package}-updated", digest_of(self.id)[:8])

    @property
    def text(self) -> str:
        """The documentation, as comments."""
        lines = [self.description, self.signature, *self.described.doc.split("\n")[1:]]
        wrapped = (textwrap.wrap(line, _WIDTH) or [""] for line in lines)
        return "\n".join(f"# {line}".rstrip() for some in wrapped for line in some) + "\n"


def load(folder: Path, *, packages: Sequence[str] | None = STANDARD) -> list[Update]:
    """Updates of `packages`, of all with None. Raises UsageError when the data is missing or not what it should be."""
    path = folder / FILE
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        chosen = [row for row in rows if packages is None or row["update"]["package"] in packages]
        return [_update(row) for row in chosen]
    except OSError as error:
        hint = "give --data the folder with CodeUpdateArena's arena.jsonl; nothing is downloaded"
        raise UsageError(f"cannot read {path}: {error.strerror or error}", hint=hint) from error
    except (ValueError, KeyError, TypeError, SyntaxError) as error:
        raise UsageError(f"{path} is not CodeUpdateArena's: {error!r}", hint="take its early arena.jsonl") from error


def sample(updates: Sequence[Update], count: int, *, seed: int) -> list[Update]:
    """`count` updates by seed and id alone, in their order."""
    chosen = {u.id for u in sorted(updates, key=lambda u: digest_of([seed, u.id]))[:count]}
    return [update for update in updates if update.id in chosen]


def write_stub(update: Update, site: Path) -> Environment:
    """The update as an installed library, from its documentation alone."""
    return install(site, update.library, {update.module: [update.described]})


def held_out(update: Update) -> tuple[str, ...]:
    """Texts of the tasks: nothing that shares 13 words with them may train."""
    keys = ("scenario", "problem", "ref_solution", "unit_tests")
    return tuple(example[key] for example in update.tasks for key in keys)


def tasks_of(update: Update, surface: ApiSurface, language: LanguageSupport) -> list[Task]:
    return [_task(update, example, surface, language) for example in update.tasks]


def without_update(example: dict) -> str:
    """The reference with its tests on the module as it is."""
    return f"{example['ref_solution']}\n\n{example['unit_tests']}\n"


def _update(row: dict) -> Update:
    update = row["update"]
    implemented = [node for node in ast.parse(update["implementation"]).body if isinstance(node, ast.FunctionDef)]
    function = implemented[-1]
    module = update["function_path"].rpartition(".")[0]
    doc = f"{update['description'].strip()}\n\n{update['docstring'].strip()}"
    described = documented(update["signature"], doc)
    if described is None or described.name != function.name:  # `islice(iterable, start, stop[, step])`
        described = Documented(function.name, ast.unparse(function.args), "", doc)
    owner = f"__import__('importlib').import_module({module!r})" if _is_module(module) else module
    patch = f"\nimport {update['package']}\nsetattr({owner}, {function.name!r}, {function.name})\n"
    return Update(
        id=update["update_id"],
        path=f"{module}.{function.name}",
        package=update["package"],
        description=update["description"].strip(),
        described=described,
        signature=update["signature"].strip(),
        install=f"{update['imports']}\n{update['implementation']}\n{patch}",
        tasks=tuple(row["prog_syn_examples"]),
    )


def _is_module(path: str) -> bool:
    """Classes begin with a capital letter (`torch.Tensor`); importing to look is not done here."""
    return not path.rpartition(".")[2][:1].isupper()


def _task(update: Update, example: dict, surface: ApiSurface, language: LanguageSupport) -> Task:
    head, body = split_solution(
        example["ref_solution"], f"{example['scenario']}\n\n{example['problem']}", update.package
    )
    uses = language.uses(head + body, [surface])
    spans = {
        (use.start - len(head), use.end - len(head))
        for use in uses
        if use.start >= len(head) and use.qualname.rpartition(".")[2] == update.described.name
    }
    program = _program(update.install, head, example["unit_tests"])
    prompts = {"plain": head, "doc": f"{update.text}\n{head}"}
    names = tuple(sorted(spans))
    return Task(example["prog_syn_id"], update.id, prompts, body, names, program, TESTS, update.preload)


def _program(setup: str, head: str, tests: str) -> Callable[[str], str]:
    return lambda answer: f"{setup}\n{head}{answer}\n\n{tests}\n"


def split_solution(source: str, description: str, package: str) -> tuple[str, str]:
    """(imports, signature and `description` as docstring; the body) of a solution that is one function."""
    tree = ast.parse(source)
    function = next(node for node in tree.body if isinstance(node, ast.FunctionDef))
    if function.body[0].lineno == function.lineno:  # `def f(x): return x` has no line of its own for its body
        return split_solution(ast.unparse(tree), description, package)
    imports = [ast.unparse(node) for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    if not any(re.search(rf"\b{package}\b", line) for line in imports):  # the tests' own import made it known
        imports.append(f"import {package}")
    lines = source.split("\n")
    signature_end = body_start = _end_of_signature(source, function.lineno)
    first = function.body[0]
    if ast.get_docstring(function) is not None and len(function.body) > 1:
        body_start = first.end_lineno or first.lineno
    paragraphs = (textwrap.fill(part.strip(), _WIDTH) for part in description.split("\n\n") if part.strip())
    doc = "\n\n".join(paragraphs).replace("\\", "\\\\").replace('"""', "'''").rstrip('"')
    docstring = textwrap.indent(f'"""{doc}\n"""', " " * first.col_offset)
    head = "\n".join([*imports, "", "", *lines[function.lineno - 1 : signature_end], docstring]) + "\n"
    return head, "\n".join(lines[body_start : function.end_lineno]).rstrip() + "\n"


def _end_of_signature(source: str, line: int) -> int:
    """1-based line on which the signature that begins on `line` ends."""
    depth = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.start[0] < line or token.type != tokenize.OP:
            continue
        depth += (token.string in "([{") - (token.string in ")]}")
        if token.string == ":" and depth == 0:
            return token.start[0]
    return line
