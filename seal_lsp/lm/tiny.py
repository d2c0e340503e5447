"""A tiny model with a real tokenizer, made in about a second: the real code paths for tests, without real weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from seal_lsp.core.progress import Progress, silent
from seal_lsp.lm.convert import quiet_transformers
from seal_lsp.lm.registry import ModelFolder, ModelRegistry
from seal_lsp.lm.sources import Fetched, folder_digest

_ENDS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


class TinySource:
    """A WeightSource that makes a seeded random Llama and trains a byte-level BPE tokenizer on `text`."""

    def __init__(
        self, name: str, text: str, *, hidden: int, layers: int, vocabulary: int, seed: int, special: Sequence[str]
    ) -> None:
        self.id = name
        self.spec = f"tiny:{name}"
        self._text, self._hidden, self._layers, self._vocabulary, self._seed = text, hidden, layers, vocabulary, seed
        self._special = [*_ENDS, *special]

    def fetch(self, into: Path, progress: Progress) -> Fetched:
        with quiet_transformers():
            tokenizer = self._tokenizer()
            tokenizer.save_pretrained(into)
            config = LlamaConfig(
                vocab_size=len(tokenizer),
                hidden_size=self._hidden,
                intermediate_size=2 * self._hidden,
                num_hidden_layers=self._layers,
                num_attention_heads=4,
                num_key_value_heads=2,
                max_position_embeddings=1024,
                tie_word_embeddings=True,
                initializer_range=0.3,  # wide: a random model must prefer something, or every argmax is a tie
                bos_token_id=1,
                eos_token_id=2,
                pad_token_id=0,
            )
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(self._seed)
                network = LlamaForCausalLM(config)
            network.save_pretrained(into)
        return Fetched(folder_digest(into), "CC0-1.0", "made here")

    def _tokenizer(self) -> PreTrainedTokenizerFast:
        backend = Tokenizer(models.BPE())
        backend.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        )
        backend.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=self._vocabulary,
            special_tokens=self._special,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        backend.train_from_iterator(self._text.splitlines(keepends=True), trainer)
        return PreTrainedTokenizerFast(
            tokenizer_object=backend, pad_token=_ENDS[0], bos_token=_ENDS[1], eos_token=_ENDS[2]
        )


def make_tiny(
    folder: Path,
    text: str,
    *,
    hidden: int = 32,
    layers: int = 2,
    vocabulary: int = 512,
    seed: int = 0,
    special: Sequence[str] = (),
) -> ModelFolder:
    """Make the model `folder`, whose parent is what a registry over it calls `models`. The same inputs give the same
    weights; it becomes the registry's current model when it is the only one. `special` are further special tokens."""
    folder = Path(folder)
    source = TinySource(
        folder.name, text, hidden=hidden, layers=layers, vocabulary=vocabulary, seed=seed, special=special
    )
    return ModelRegistry(SimpleNamespace(models=folder.parent)).pull_from(source, silent)
