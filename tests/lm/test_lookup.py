"""Drafts from earlier in the text: found after the same words, never changing what is written, saving passes."""

from __future__ import annotations

import pytest

from seal_lsp.lm import decode
from seal_lsp.lm.lookup import Lookup


@pytest.mark.parametrize(
    ("ids", "drafted"),
    [
        ([], []),
        ([1, 2, 3], []),
        ([1, 2, 3, 4], []),
        ([1, 2, 9, 8, 7, 1, 2], []),  # two tokens stand together by chance
        ([1, 2, 3, 9, 8, 7, 1, 2, 3], [9, 8]),
        ([1, 2, 3, 9, 5, 1, 2, 3, 8, 6, 1, 2, 3], [8, 6]),  # the latest place
        ([0, 1, 2, 3, 9, 5, 4, 1, 2, 3, 8, 6, 0, 1, 2, 3], [9, 5]),  # the longer match
        ([1, 2, 3, 1, 2, 3], [1, 2]),
        ([7, 7, 7, 7], [7]),
    ],
)
def test_draft(ids, drafted):
    assert Lookup().draft(ids) == drafted


def test_what_is_appended_is_found_too():
    look, ids = Lookup(), [1, 2, 3, 4]
    assert look.draft(ids) == []
    ids += [5, 6, 2, 3, 4]
    assert look.draft(ids) == [5, 6]


def test_drafts_grow_while_they_hold_and_shrink_when_they_fail():
    look, ids = Lookup(), [1, 2, 3, *range(10, 30), 1, 2, 3]
    sizes = []
    for right in (2, 4, 6, 6, 1, 0, 1):
        drafted = look.draft(ids)
        sizes.append(len(drafted))
        look.held(min(right, len(drafted)), len(drafted))
    assert sizes == [2, 4, 6, 6, 6, 2, 1]


class Silent(Lookup):
    def draft(self, ids):
        return []


def test_the_text_is_the_same_in_fewer_passes(shared_model, monkeypatch):
    prompt = "store.get(key)\nstore.set(key)\n" * 8
    network = shared_model.network
    written, passes = [], []
    for kind in (Silent, Lookup):
        counted = Counting(network)
        with monkeypatch.context() as patch:
            patch.setattr(decode, "Lookup", kind)
            patch.setattr(shared_model, "network", counted)
            written += shared_model.generate([prompt], max_tokens=48)
        passes.append(counted.calls)
    without, drafted = written
    assert (drafted.text, drafted.tokens, drafted.finish) == (without.text, without.tokens, without.finish)
    assert drafted.logprob == pytest.approx(without.logprob, abs=1e-4)
    assert passes[1] < passes[0]


class Counting:
    """A network that counts its passes."""

    def __init__(self, network) -> None:
        self._network, self.calls = network, 0

    def __getattr__(self, name):
        return getattr(self._network, name)

    def __call__(self, *args, **kwargs):
        self.calls += 1
        return self._network(*args, **kwargs)
