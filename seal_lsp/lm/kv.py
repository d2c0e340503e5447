"""Key/value caches of prefixes that were seen lately, each under the digest of the adapter that computed it.

An entry is only ever found under its own adapter, so a swap of weights cannot leak text through it. What holds the keys
and values is the runtime's own (`KeysValues`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, Self

from transformers import DynamicCache


class KeysValues(Protocol):
    """Keys and values of one or more rows of tokens, grown by the network's passes."""

    def get_seq_length(self) -> int: ...

    def cut(self, length: int) -> None:
        """Forget everything after the first `length` tokens."""
        ...

    def select(self, rows: Sequence[int]) -> None:
        """Keep some rows of a batch."""
        ...

    def stacked(self, caches: Sequence[Self]) -> Self:
        """A cache with one row for each of these, all ending together: copies, padded on the left with zeros, which the
        caller masks."""
        ...


class TorchKeysValues(DynamicCache):
    """Without a config: every layer keeps all keys, so it can be cut anywhere."""

    def cut(self, length: int) -> None:
        for layer in self.layers:
            if layer.is_initialized and layer.keys.shape[-2] > length:
                layer.keys = layer.keys[..., :length, :]
                layer.values = layer.values[..., :length, :]

    def select(self, rows: Sequence[int]) -> None:
        for layer in self.layers:
            if layer.is_initialized:
                layer.keys, layer.values = layer.keys[rows], layer.values[rows]

    def stacked(self, caches: Sequence[TorchKeysValues]) -> TorchKeysValues:
        lengths = [cache.get_seq_length() for cache in caches]
        longest, batch = max(lengths), TorchKeysValues()
        if not longest:
            return batch
        like = caches[lengths.index(longest)]
        for number, layer in enumerate(like.layers):
            size = (len(caches), *layer.keys.shape[1:])
            keys, values = layer.keys.new_zeros(size), layer.values.new_zeros(size)
            for row, (cache, length) in enumerate(zip(caches, lengths, strict=True)):
                if length:
                    keys[row, :, longest - length :] = cache.layers[number].keys[0]
                    values[row, :, longest - length :] = cache.layers[number].values[0]
            batch.update(keys, values, number)
        return batch


class Prefix:
    """One cached token sequence. `ids` and the cache always have the same length."""

    def __init__(self, adapter: str | None, cache: KeysValues) -> None:
        self.adapter = adapter
        self.ids: list[int] = []
        self.cache = cache

    def cut(self, length: int) -> None:
        """Forget everything after the first `length` tokens."""
        self.cache.cut(length)
        del self.ids[length:]

    def common(self, ids: Sequence[int]) -> int:
        n = 0
        for a, b in zip(self.ids, ids, strict=False):
            if a != b:
                break
            n += 1
        return n


class PrefixCaches:
    """The most recent prefixes, at most `limit` of them and `tokens` tokens in all. `new_cache` makes an empty cache
    under the adapter that is active."""

    def __init__(self, new_cache: Callable[[], KeysValues], *, limit: int = 4, tokens: int = 16_384) -> None:
        self._new_cache = new_cache
        self._limit, self._tokens = limit, tokens
        self._entries: list[Prefix] = []  # most recent last

    def take(self, adapter: str | None, ids: Sequence[int]) -> Prefix:
        """The entry that shares most of `ids`, cut to what it shares, or an empty one. Give it back with `put`.

        At least the last token is left to compute: its hidden state is not kept.
        """
        mine = [e for e in self._entries if e.adapter == adapter]
        best = max(mine, key=lambda e: e.common(ids), default=None)
        if best is None or best.common(ids) < min(8, len(ids) - 1):
            return Prefix(adapter, self._new_cache())
        self._entries.remove(best)
        best.cut(min(best.common(ids), len(ids) - 1))
        return best

    def put(self, entry: Prefix) -> None:
        self._entries.append(entry)
        while len(self._entries) > 1 and (
            len(self._entries) > self._limit or sum(len(e.ids) for e in self._entries) > self._tokens
        ):
            self._entries.pop(0)

    def drop(self, adapter: str | None) -> None:
        self._entries = [e for e in self._entries if e.adapter != adapter]

    def clear(self) -> None:
        self._entries.clear()
