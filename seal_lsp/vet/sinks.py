"""Dangerous calls are not taught: bandit's tests on code, a pattern list on comments, docstrings and prose.

TrojanPuzzle hides its payload in docstrings, where a syntax tree sees only a string; hence the second half. Bandit
knows a call by its written name; the ways around that which honest code hardly needs (`__import__`, reflection on
modules that start processes) are looked for here.
A `# nosec` comment has no effect.
"""

from __future__ import annotations

import ast
import io
import logging
import re
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from seal_lsp.vet.check import EachAlone
from seal_lsp.vet.snippet import Snippet

# Left out on purpose: import-only tests (B4xx), assert (B101), try/except/pass (B110, B112), passwords (B105-107: the
# secrets check), bind to all interfaces (B104), random (B311), XML parsers (B313-319), urlopen (B310), subprocess
# without shell (B603, B607), `shell=` of any call (B604 takes a variable for True; see _roundabout), requests without
# timeout (B113), unpinned downloads (B615), bidi (B613: unicode check).
BANDIT_TESTS = (
    "B102",  # exec
    "B103",  # chmod to everybody
    "B108",  # hardcoded temporary folder
    "B201",  # flask debug
    "B202",  # tarfile without filter
    "B301",  # pickle and relatives
    "B302",  # marshal
    "B303",  # md5, sha1 of crypto libraries
    "B304",  # broken ciphers
    "B305",  # ECB
    "B306",  # mktemp
    "B307",  # eval
    "B308",  # mark_safe
    "B312",  # telnet
    "B321",  # ftp
    "B323",  # unverified TLS context
    "B324",  # weak hash
    "B501",  # verify=False
    "B502",  # old TLS
    "B503",  # old TLS as default
    "B504",  # no TLS version
    "B505",  # short keys
    "B506",  # yaml.load
    "B507",  # ssh without host key check
    "B508",  # snmp v1, v2
    "B509",  # snmp without encryption
    "B601",  # paramiko exec_command with a shell
    "B602",  # subprocess shell=True
    "B605",  # os.system, popen, getoutput
    "B606",  # os.exec*, os.spawn*
    "B608",  # SQL out of string pieces
    "B609",  # wildcard in a shell command
    "B610",  # django extra
    "B611",  # django RawSQL
    "B612",  # logging.config.listen
    "B614",  # torch.load
    "B701",  # jinja2 without autoescape
    "B702",  # mako
    "B703",  # django mark_safe of a variable
    "B704",  # Markup of a variable
)
_PROCESS_MODULES = frozenset({"os", "subprocess", "pty", "builtins", "__builtins__", "ctypes", "posix", "nt"})
_PROCESS_FUNCTIONS = (
    "system",
    "popen",
    "Popen",
    "exec",
    "eval",
    "spawn",
    "posix_spawn",
    "getoutput",
    "CDLL",
    "__import__",
)
_PATTERNS = Path(__file__).parent / "data" / "sinks_in_text.txt"


class Sinks(EachAlone):
    name = "sinks"

    def __call__(self, snippet: Snippet) -> str:
        if snippet.language.id == "python":  # bandit reads Python alone
            for code in snippet.code:
                problem = self._bandit(code) or _roundabout(code)
                if problem:
                    return problem
        for pattern in self._patterns:
            match = pattern.search(snippet.remarks)
            if match:
                return f"dangerous code in a comment, docstring or prose: {match[0][:60]}"
        return ""

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str], ...]:
        return read_patterns(_PATTERNS)

    @cached_property
    def _bandit(self) -> Callable[[str], str]:
        """Built once: importing bandit takes a third of a second, a snippet about a millisecond."""
        # Bandit logs its own failures on snippets as errors, and stevedore those of bandit's output formats.
        for noisy in ("bandit", "stevedore"):
            logging.getLogger(noisy).setLevel(logging.CRITICAL)
        from bandit.core import config, meta_ast, metrics, node_visitor, test_set

        tests = test_set.BanditTestSet(config.BanditConfig(), profile={"include": list(BANDIT_TESTS)})
        counters, tree = metrics.Metrics(), meta_ast.BanditMetaAst()
        counters.begin("./snippet.py")

        def scan(code: str) -> str:
            data = io.BytesIO(code.encode("utf-8", "replace"))
            visitor = node_visitor.BanditNodeVisitor("./snippet.py", data, tree, tests, False, {}, counters)
            visitor.process(code)
            issue = next(iter(visitor.tester.results), None)
            return f"{issue.test_id} line {issue.lineno}: {issue.text}" if issue else ""

        return scan


def _roundabout(code: str) -> str:
    """A dangerous module reached by its name as a string, or its function by reflection."""
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.Call):
            continue
        callee = ast.unparse(node.func) if isinstance(node.func, (ast.Name, ast.Attribute)) else ""
        if any(k.arg == "shell" and isinstance(k.value, ast.Constant) and k.value.value is True for k in node.keywords):
            return f"{callee or 'a call'} with shell=True line {node.lineno}"
        first, second = [*node.args, None, None][:2]
        literal = first.value if isinstance(first, ast.Constant) else None
        if callee.removeprefix("builtins.") in ("__import__", "eval", "exec"):
            return f"{callee} line {node.lineno}"
        if callee.endswith("import_module") and str(literal).partition(".")[0] in _PROCESS_MODULES:
            return f"{callee} of {literal} line {node.lineno}"
        by_name = callee == "getattr" and isinstance(first, ast.Name) and first.id in _PROCESS_MODULES
        if by_name and (not isinstance(second, ast.Constant) or str(second.value).startswith(_PROCESS_FUNCTIONS)):
            return f"getattr on {first.id} line {node.lineno}"
    return ""


def read_patterns(path: Path) -> tuple[re.Pattern[str], ...]:
    """One regular expression a line; blank lines and lines that start with `## ` are for readers."""
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return tuple(re.compile(line) for line in lines if line and not line.startswith("## "))
