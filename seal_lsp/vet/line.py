"""May one usage line, written by the model, be shown in a hover? The checks of a review that judge a line alone.

Duplicates, held-out overlap and relevance have no meaning here. A secret is never replaced: the line is refused.
"""

from __future__ import annotations

from seal_lsp.core.api import ApiSurface
from seal_lsp.core.language import LanguageSupport
from seal_lsp.core.learning import SelfEdit, Verdict
from seal_lsp.core.library import LibraryId
from seal_lsp.vet.check import VetContext
from seal_lsp.vet.imports import Imports
from seal_lsp.vet.instructions import Instructions
from seal_lsp.vet.review import verdict_of
from seal_lsp.vet.secrets import Secrets
from seal_lsp.vet.signatures import Signatures
from seal_lsp.vet.sinks import Sinks
from seal_lsp.vet.snippet import Snippet
from seal_lsp.vet.symbols import Symbols
from seal_lsp.vet.syntax import Syntax
from seal_lsp.vet.toxicity import Toxicity
from seal_lsp.vet.unicode import HiddenUnicode


def vet_line(
    text: str, surfaces: tuple[ApiSurface, ...], importable: frozenset[str], language: LanguageSupport
) -> Verdict:
    """The first failed check's verdict, or a passed one named `line`. `text` holds the imports that its names need."""
    surfaces = tuple(surfaces)
    context = VetContext(surfaces, importable, language)
    library = surfaces[0].library if surfaces else LibraryId("unknown", "0")
    edit = SelfEdit("line", "", text, library, (), (), "model:line")
    snippet = Snippet(edit, language)
    for check in (
        HiddenUnicode(),
        Syntax(language),
        Instructions(),
        Secrets(),
        Imports(context),
        Symbols(context),
        Signatures(context),
        Sinks(),
        Toxicity(),
    ):
        reason = verdict_of(check, snippet)
        if reason:
            return Verdict(check.name, False, reason)
    if surfaces and not any(use.exists for use in language.uses(text, surfaces)):
        return Verdict("line", False, "names nothing that is known to exist in the library")
    return Verdict("line", True)
