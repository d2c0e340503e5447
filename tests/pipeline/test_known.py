"""Does the base know the library: its name must make the API's names cheaper, by enough, over enough names."""

from __future__ import annotations

import pytest

from seal_lsp.core.api import ApiSurface
from seal_lsp.core.lm import SpanScore
from seal_lsp.lm.scripted import ScriptedLanguageModel
from seal_lsp.pipeline.known import KNOWN_GAIN, knowledge, knowledge_of

NAMES = ("press", "climb", "forecast", "plant_row", "ripeness_of", "lay_down")


class Reader(ScriptedLanguageModel):
    """A base that has read about one library: after code that names it, a name costs `known` bits a byte, else 4."""

    def __init__(self, library: str, known: float) -> None:
        super().__init__()
        self.library, self.known = library, known

    def score(self, pairs, *, adapter=None, cancel=None):
        bits = [self.known if self.library in context else 4.0 for context, _ in pairs]
        return [SpanScore(-b * 0.6931471805599453 * len(n), 1, len(n)) for b, (_, n) in zip(bits, pairs, strict=True)]


@pytest.mark.parametrize(
    ("library", "bits", "names", "gain", "known"),
    [
        ("orchard", 1.0, NAMES, 3.0, True),
        ("orchard", 4.0 - KNOWN_GAIN / 2, NAMES, KNOWN_GAIN / 2, False),
        ("elsewhere", 1.0, NAMES, 0.0, False),
        ("orchard", 1.0, NAMES[:3], 3.0, False),  # too few to say so
        ("orchard", 1.0, (), 0.0, False),
    ],
)
def test_what_counts_as_known(library, bits, names, gain, known):
    pairs = [("from orchard.tools import", f" {name}") for name in names]
    found = knowledge_of(pairs, Reader(library, bits))
    assert found.gain == pytest.approx(gain)
    assert (found.known, found.asked) == (known, len(names))


def test_the_name_is_replaced_wherever_the_context_has_it():
    pairs = [("from orchard import Orchard\n\norchard = Orchard()\norchard", f".{name}") for name in NAMES]
    assert knowledge_of(pairs, Reader("orchard", 1.0)).gain == pytest.approx(3.0)


def test_a_library_without_an_api_is_not_known():
    surface = ApiSurface.__new__(ApiSurface)
    object.__setattr__(surface, "symbols", {})
    assert knowledge(surface, Reader("orchard", 1.0)).asked == 0
