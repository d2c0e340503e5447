"""A library that was learned before the editor was opened: an adapter in the store, as the gate lets one go live.

Its weights are fresh LoRA weights, which change nothing: what an editor shows of an adapter is tested with it, what
learning does to suggestions is tests/eval's.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import orchard
import pytest
from farm import end_engine

from seal_lsp.cli.private_home import private_home, weights_in
from seal_lsp.store.adapters import AdapterStore
from seal_lsp.store.paths import Paths

GAIN = 0.42
SNIPPETS = {"orchard.Ladder.climb": 14, "orchard.Ladder.fold": 5, "orchard.Basket": 21}


@contextlib.contextmanager
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home with the user's weights, nothing else of theirs, and orchard-tools live; its engine ends with it."""
    paths = private_home(tmp_path_factory.mktemp("home"))
    install(paths, tmp_path_factory.mktemp("adapter"))
    try:
        yield paths.data.parent
    finally:
        end_engine(paths.runtime)


def install(paths: Paths, scratch: Path) -> str:
    """Make orchard-tools live; the adapter's digest."""
    from transformers import AutoConfig, AutoModelForCausalLM

    from seal_lsp.train import lora
    from seal_lsp.train.recipe import recipe_with

    base = weights_in(paths)
    network = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(base.path))
    digest = lora.save(lora.attach(network, recipe_with({"rank": 4}, seed=0)), scratch, base.id)
    manifest = {
        "adapter": digest,
        "library": str(orchard.LIBRARY),
        "base": {"digest": base.digest, "id": base.id},
        "created": "2026-11-26T04:00:00+00:00",
        "cycle": "prepared",
        "scale": 1.0,
        "self_edits": {"kept": 90},
        "gate": {"own": {"mean": GAIN, "low": 0.2, "high": 0.6, "n": 20}},
        "snippets_by_symbol": SNIPPETS,
    }
    (scratch / "manifest.json").write_text(json.dumps(manifest))
    store = AdapterStore(paths.adapters)
    store.promote(store.install(scratch))
    return digest
