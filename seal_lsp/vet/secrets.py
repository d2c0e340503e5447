"""Secrets never become training data: what detect-secrets finds inside a string literal is replaced by a placeholder;
what stands elsewhere rejects the snippet.

Uses detect-secrets' plugins and its heuristics against false alarms, without the one that obeys an allow-list comment:
evidence has no say in its own review.
"""

from __future__ import annotations

import re
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
# Addresses are no secrets, and a keyword before any string is no evidence for one.
_UNUSED_PLUGINS = frozenset({"IPPublicDetector", "KeywordDetector"})


@dataclass(frozen=True, slots=True)
class Secret:
    kind: str
    value: str


class Secrets(EachAlone):
    name = "secrets"

    def __call__(self, snippet: Snippet) -> str:
        found = self.find(snippet.text)
        return f"holds a secret outside a string literal: {found[0].kind}" if found else ""

    def redact(self, edit: SelfEdit) -> tuple[SelfEdit, str]:
        """The edit with every secret literal replaced, and what was replaced ('' if nothing was)."""
        found = self.find(edit.text)
        if not found:
            return edit, ""
        prompt, completion = edit.prompt, edit.completion
        for secret in sorted(found, key=lambda s: -len(s.value)):
            literal = re.compile(r"(?<=[\"'])([^\"'\n]*)" + re.escape(secret.value) + r"(?=[^\"'\n]*[\"'])")
            prompt = literal.sub(rf"\g<1>{PLACEHOLDER}", prompt)
            completion = literal.sub(rf"\g<1>{PLACEHOLDER}", completion)
        if (prompt, completion) == (edit.prompt, edit.completion):
            return edit, ""
        kinds = ", ".join(dict.fromkeys(s.kind for s in found))
        return replace(edit, prompt=prompt, completion=completion), f"replaced literal: {kinds}"

    def find(self, text: str) -> list[Secret]:
        """Distinct secrets in order of appearance."""
        found: dict[str, Secret] = {}
        for line in text.splitlines():
            for plugin in self._plugins:
                for value in plugin.analyze_string(line):
                    if value and value not in found and PLACEHOLDER not in value and not self._harmless(value):
                        found[value] = Secret(plugin.secret_type, value)
        return list(found.values())

    def _harmless(self, value: str) -> bool:
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
