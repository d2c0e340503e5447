"""Secrets never become training data: what detect-secrets finds in a literal, a comment or a docstring is replaced by
a placeholder; what cannot be replaced (a name, a private key's block) rejects the snippet.

Uses detect-secrets' plugins and its heuristics against false alarms, without the one that obeys an allow-list comment:
evidence has no say in its own review.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from seal_lsp.core.learning import SelfEdit
from seal_lsp.vet.check import EachAlone
from seal_lsp.vet.snippet import Snippet

PLACEHOLDER = "your-secret-here"
_HEURISTICS = (
    "is_sequential_string",
    "is_potential_uuid",
    "is_templated_secret",
    "is_prefixed_with_dollar_sign",
    "is_not_alphanumeric_string",
)
_UNUSED_PLUGINS = frozenset({"IPPublicDetector"})  # an address is no secret
_KEYWORD = "Secret Keyword"  # any string behind a name like `password`: believed only where the value looks made up
_KEYWORD_SHORTEST = 8


@dataclass(frozen=True, slots=True)
class Secret:
    """`start`/`end` are character offsets of the value."""

    kind: str
    value: str
    start: int
    end: int


class Secrets(EachAlone):
    name = "secrets"

    def __call__(self, snippet: Snippet) -> str:
        found = self.find(snippet.text)
        return f"holds a secret that cannot be replaced: {found[0].kind}" if found else ""

    def redact(self, edit: SelfEdit) -> tuple[SelfEdit, str]:
        """The edit with secrets replaced where that leaves names alone, and what was replaced ('' for nothing)."""
        split = len(edit.prompt)
        prompt, completion, kinds = edit.prompt, edit.completion, []
        names = _name_spans(edit.text)
        for secret in sorted(self.find(edit.text), key=lambda s: -s.start):
            if secret.kind == "Private Key" or any(secret.start < end and start < secret.end for start, end in names):
                continue
            if secret.end <= split:
                prompt = prompt[: secret.start] + PLACEHOLDER + prompt[secret.end :]
            elif secret.start >= split:
                completion = completion[: secret.start - split] + PLACEHOLDER + completion[secret.end - split :]
            else:
                continue
            kinds.append(secret.kind)
        if not kinds:
            return edit, ""
        return replace(edit, prompt=prompt, completion=completion), f"replaced: {', '.join(dict.fromkeys(kinds[::-1]))}"

    def find(self, text: str) -> list[Secret]:
        """Every place of every secret, in order; overlapping finds count once, the longest."""
        found: list[Secret] = []
        offset = 0
        for number, line in enumerate(text.split("\n"), 1):
            for value, kind in self._in_line(line, number).items():
                start = line.find(value)
                while start >= 0:
                    found.append(Secret(kind, value, offset + start, offset + start + len(value)))
                    start = line.find(value, start + len(value))
            offset += len(line) + 1
        kept: list[Secret] = []
        for secret in sorted(found, key=lambda s: (s.start - s.end, s.start)):
            if all(secret.end <= other.start or secret.start >= other.end for other in kept):
                kept.append(secret)
        return sorted(kept, key=lambda s: s.start)

    def _in_line(self, line: str, number: int) -> dict[str, str]:
        values: dict[str, str] = {}
        for plugin in self._plugins:
            # The keyword plugin stops at its first hit: arguments are shown to it one by one.
            for part in line.split(",") if plugin.secret_type == _KEYWORD else (line,):
                for secret in plugin.analyze_line(filename="snippet.py", line=part, line_number=number):
                    value = _whole(secret.secret_value or "", plugin, part)
                    if value and PLACEHOLDER not in value and not self._harmless(value, secret.type):
                        values.setdefault(value, secret.type)
        return values

    def _harmless(self, value: str, kind: str) -> bool:
        if kind == _KEYWORD and (len(value) < _KEYWORD_SHORTEST or not re.search(r"\d", value) or " " in value):
            return True
        return any(heuristic(value) for heuristic in self._heuristics)

    @cached_property
    def _plugins(self) -> Sequence:
        from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class

        classes = get_mapping_from_secret_type_to_class().values()
        chosen = sorted((c for c in classes if c.__name__ not in _UNUSED_PLUGINS), key=lambda c: c.__name__)
        return [c() for c in chosen]

    @cached_property
    def _heuristics(self) -> Sequence:
        from detect_secrets.filters import heuristic

        return [getattr(heuristic, name) for name in _HEURISTICS]


def _whole(found: str, plugin: object, line: str) -> str:
    """Some plugins report only how a token begins (`ghp` of GitHub's), a group of their expression: then all that
    matched. A password in an address is a group too, and whole."""
    for expression in getattr(plugin, "denylist", ()) if len(found) < 8 else ():
        for match in expression.finditer(line):
            if found and match[0].startswith(found) and found != match[0] and found in match.groups():
                return match[0]
    return found


def _name_spans(source: str) -> list[tuple[int, int]]:
    """Where identifiers and numbers stand: what must not be rewritten. Empty where the source is no Python."""
    starts = [0]
    for line in source.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError):
        return []
    return [
        (starts[t.start[0] - 1] + t.start[1], starts[t.end[0] - 1] + t.end[1])
        for t in tokens
        if t.type in (tokenize.NAME, tokenize.NUMBER)
    ]
