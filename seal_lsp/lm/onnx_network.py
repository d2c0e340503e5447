"""A network that ONNX Runtime runs on the CPU, called as transformers' networks are: the fast way to serve on a laptop.

Also what belongs to it: caches in buffers that grow in place, and adapters as inputs of the graph. Knows graphs as
onnx_graph.py writes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnxruntime
import torch

from seal_lsp.core.errors import StoreDamaged
from seal_lsp.lm.lora import RELEARN, read_adapter
from seal_lsp.lm.onnx_fold import Folding, Served
from seal_lsp.lm.onnx_graph import FUSED, Shape

_ROOM = 256  # caches grow by so many tokens
_MASKED = -1e9  # finite: a row of padding, which sees nothing, must not become NaN


class OnnxNetwork:
    """`config` and `generation_config` are transformers'. Not thread-safe: one call at a time."""

    dtype = torch.float32
    device = torch.device("cpu")

    def __init__(self, path: Path, config, generation_config, threads: int | None) -> None:
        self._path, self._threads = path, threads
        self.config, self.generation_config = config, generation_config
        self.shape = Shape.of(config)
        self.vocabulary = config.vocab_size
        self.bare = Served((self.session_with({}), _no_adapter(self.shape)))
        self.active = self.bare

    def session_with(self, constants: Mapping[str, np.ndarray]) -> onnxruntime.InferenceSession:
        """The graph with these constants instead of its own; they are copied."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads or 0
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Waiting in a loop after a pass, its threads would hold the cores that the next sums, or an editor, need.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        if constants:
            values = [onnxruntime.OrtValue.ortvalue_from_numpy(values) for values in constants.values()]
            options.add_external_initializers(list(constants), values)
        return onnxruntime.InferenceSession(self._path, options, providers=["CPUExecutionProvider"])

    def new_cache(self) -> OnnxKeysValues:
        """An empty cache for one row, under the adapter that is active now and stays the cache's."""
        return OnnxKeysValues(self, 1, self.active)

    def __call__(self, *given, **named):
        return self.forward(*given, **named)

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        position_ids: torch.Tensor | None = None,
        past_key_values: OnnxKeysValues | None = None,
        use_cache: bool = False,
        logits_to_keep: int = 0,
    ) -> SimpleNamespace:
        """As a transformers network: `logits` [rows, kept, vocabulary]. `attention_mask` is [rows, total] of 0 and 1,
        or additive [rows or 1, 1, new, total]."""
        ids = np.ascontiguousarray(input_ids.numpy(), dtype=np.int64)
        rows, new = ids.shape
        cache = OnnxKeysValues(self, rows, self.active) if past_key_values is None else past_key_values
        past = cache.get_seq_length()
        slots = np.broadcast_to(np.arange(past, past + new), ids.shape)
        padded_only = past_key_values is None and attention_mask is not None and attention_mask.dim() == 2
        # Rotary positions are relative: padding before a row that nothing reads on from may count.
        positions = slots if position_ids is None or padded_only else np.broadcast_to(position_ids.numpy(), ids.shape)
        bias = _bias(attention_mask, rows, new, past + new)
        kept = min(logits_to_keep, new) if logits_to_keep else new
        cache.reserve(past + new)
        # GroupQueryAttention takes the positions for slots where nothing is cached yet: the first token goes alone.
        alone = 1 if not past and not np.array_equal(positions, slots) else 0
        parts = [
            self._read(
                cache, ids[:, part], positions[:, part], bias[:, :, part, : past + part.stop], kept - new + part.stop
            )
            for part in (slice(0, alone), slice(alone, new))
            if part.stop > part.start
        ]
        return SimpleNamespace(logits=torch.from_numpy(np.concatenate(parts, axis=1) if alone else parts[0]))

    def _read(
        self, cache: OnnxKeysValues, ids: np.ndarray, positions: np.ndarray, bias: np.ndarray, kept: int
    ) -> np.ndarray:
        """Logits of the last `kept` of these tokens, which the cache holds afterwards."""
        rows, new = ids.shape
        asked = np.arange(new - min(max(kept, 0), new), new, dtype=np.int64)
        if rows > 1 and new > 1 and cache.length:  # it reads on from a cache one row at a time
            each = [
                (cache.row(n), slice(n, n + 1), slice(n, n + 1) if len(bias) > 1 else slice(None)) for n in range(rows)
            ]
            logits = np.concatenate([self._run(row, ids[at], positions[at], bias[own], asked) for row, at, own in each])
        else:
            logits = self._run(cache, ids, positions, bias, asked)
        cache.length += new
        return logits

    def _run(
        self, cache: OnnxKeysValues, ids: np.ndarray, positions: np.ndarray, bias: np.ndarray, asked: np.ndarray
    ) -> np.ndarray:
        total = bias.shape[-1]
        logits = np.empty((len(ids), len(asked), self.vocabulary), np.float32)
        binding = cache.binding
        for name, value in {
            "input_ids": np.ascontiguousarray(ids),
            "position_ids": np.ascontiguousarray(positions),
            "last": asked,
            "total": np.array(total, np.int32),
            "seqlens_k": np.full(len(ids), total - 1, np.int32),
            "bias": np.ascontiguousarray(bias),
        }.items():
            binding.bind_cpu_input(name, value)
        _bind(binding.bind_output, "logits", logits)
        cache.session.run_with_iobinding(binding)
        return logits


class OnnxKeysValues:
    """Keys and values of `rows` rows: for each layer two arrays [rows, kv heads, room, head size], of which `length`
    tokens count. Belongs to one adapter."""

    def __init__(
        self,
        network: OnnxNetwork,
        rows: int,
        adapter: Served,
        arrays: Sequence[np.ndarray] = (),
        length: int = 0,
    ) -> None:
        self._network, self._rows, self._adapter, self.length = network, rows, adapter, length
        adapter.caches.add(self)
        self._hold(list(arrays) or [np.zeros(self._size(0), np.float32) for _ in range(2 * network.shape.layers)])

    def get_seq_length(self) -> int:
        return self.length

    def cut(self, length: int) -> None:
        self.length = min(self.length, length)

    def reserve(self, length: int) -> None:
        """Room for so many tokens."""
        if length > self._arrays[0].shape[2]:
            room = -(-length // _ROOM) * _ROOM
            self._hold([self._copied(held, np.zeros(self._size(room), np.float32)) for held in self._arrays])

    def select(self, rows: Sequence[int]) -> None:
        self._rows = len(rows)
        self._hold([held[list(rows)] for held in self._arrays])

    def stacked(self, caches: Sequence[OnnxKeysValues]) -> OnnxKeysValues:
        batch = OnnxKeysValues(self._network, len(caches), self._adapter)
        longest = max(cache.length for cache in caches)
        batch.reserve(longest)
        batch.length = longest
        for number, target in enumerate(batch._arrays):
            for row, cache in enumerate(caches):
                start = batch.length - cache.length
                target[row, :, start : batch.length] = cache._arrays[number][0, :, : cache.length]
        return batch

    def row(self, number: int) -> OnnxKeysValues:
        """One row, in the same memory."""
        arrays = [held[number : number + 1] for held in self._arrays]
        return OnnxKeysValues(self._network, 1, self._adapter, arrays, self.length)

    def _size(self, room: int) -> tuple[int, int, int, int]:
        return self._rows, self._network.shape.kv_heads, room, self._network.shape.head

    def _copied(self, held: np.ndarray, target: np.ndarray) -> np.ndarray:
        target[:, :, : self.length] = held[:, :, : self.length]
        return target

    def _hold(self, arrays: list[np.ndarray]) -> None:
        self._arrays = arrays
        self.bind()

    def bind(self) -> None:
        """To what its adapter is run by now."""
        self.session, inputs = self._adapter.how
        self.binding = self.session.io_binding()
        for name, values in inputs.items():
            _bind(self.binding.bind_input, name, values)
        for number, values in enumerate(self._arrays):
            name = f"l{number // 2}.{'values' if number % 2 else 'keys'}"
            _bind(self.binding.bind_input, name, values)
            _bind(self.binding.bind_output, f"{name}.out", values)


class OnnxAdapters:
    """The adapters of one OnnxNetwork, by digest: as lm/lora.py's, as arrays that a run is given, or as `folding` has
    made of them."""

    def __init__(self, network: OnnxNetwork, folding: Folding | None = None) -> None:
        self._network, self._folding = network, folding
        self._trained: dict[str, dict[str, np.ndarray]] = {}
        self._served: dict[str, Served] = {}
        self._scales: dict[str, float] = {}

    def names(self) -> tuple[str, ...]:
        return tuple(self._trained)

    def load(self, folder: Path, digest: str) -> None:
        if digest not in self._trained:
            config, tensors = read_adapter(folder, digest)
            self._trained[digest] = fused_adapter(config, tensors, self._network.shape, folder)
            self._serve(digest, 1.0)

    def unload(self, digest: str) -> None:
        self._require(digest)
        self._let_go(digest)
        for held in (self._trained, self._served, self._scales):
            held.pop(digest)

    def activate(self, digest: str | None) -> None:
        if digest is None:
            self._network.active = self._network.bare
            return
        self._require(digest)
        self._network.active = self._served[digest]
        if self._folding is not None:
            self._folding.asked(self._served[digest])

    def set_scale(self, digest: str, scale: float) -> bool:
        self._require(digest)
        if self._scales[digest] == scale:
            return False
        self._let_go(digest)
        self._serve(digest, scale)
        return True

    def settle(self) -> None:
        if self._folding is not None:
            self._folding.settle()

    def _serve(self, digest: str, scale: float) -> None:
        inputs = {
            name: values * np.float32(scale) if scale != 1 and name.endswith(".B") else values
            for name, values in self._trained[digest].items()
        }
        self._served[digest], self._scales[digest] = Served((self._network.bare.how[0], inputs)), scale

    def _let_go(self, digest: str) -> None:
        if self._folding is not None:
            self._folding.forget(self._served[digest])

    def _require(self, digest: str) -> None:
        if digest not in self._trained:
            raise StoreDamaged(f"adapter {digest[:12]} is not loaded", hint="load it first; it may have been forgotten")


def fused_adapter(config, tensors: Mapping[str, torch.Tensor], shape: Shape, folder: Path) -> dict[str, np.ndarray]:
    """A PEFT adapter as the graph's inputs: of the linear layers in one product the As stand side by side, the Bs along
    a diagonal. Raises StoreDamaged when it is not made for this network, or a tensor of it is missing or left over."""
    targets, layers = config.target_modules, config.layers_to_transform
    known = {part.rpartition(".")[2] for parts in FUSED.values() for part in parts}
    if isinstance(targets, str) or not known.issuperset(targets) or config.rank_pattern or config.alpha_pattern:
        raise StoreDamaged(f"adapter in {folder} does not fit the model: of {targets}", hint=RELEARN)
    factor = np.float32(config.lora_alpha / (config.r**0.5 if config.use_rslora else config.r))
    rest = {name: tensor.float().numpy() for name, tensor in tensors.items()}
    found, missing = {}, []
    for number in range(shape.layers):
        for kind, parts in FUSED.items():
            inward, outs = shape.product(kind)
            downs, ups = [], []
            for part, out in zip(parts, outs, strict=True):
                wanted = part.rpartition(".")[2] in targets and (not layers or number in layers)
                rank = config.r if wanted else 0
                pair = [np.zeros((0, inward), np.float32), np.zeros((out, 0), np.float32)]
                for at, side in enumerate("AB" if wanted else ""):
                    name = f"base_model.model.model.layers.{number}.{part}.lora_{side}.weight"
                    missing += [name] if name not in rest else []
                    pair[at] = rest.pop(name, np.zeros(((rank, inward), (out, rank))[at], np.float32))
                if pair[0].shape != (rank, inward) or pair[1].shape != (out, rank):
                    raise StoreDamaged(f"adapter in {folder} does not fit the model: {name}", hint=RELEARN)
                downs.append(pair[0].T)
                ups.append(pair[1].T * factor)
            found[f"l{number}.{kind}.A"] = np.ascontiguousarray(np.concatenate(downs, axis=1))
            found[f"l{number}.{kind}.B"] = _diagonal(ups)
    stray = sorted([*rest, *missing])
    if stray or not tensors:
        raise StoreDamaged(
            f"adapter in {folder} does not bind: {len(stray)} tensors, such as {stray[:1]}", hint=RELEARN
        )
    return found


def _diagonal(blocks: Sequence[np.ndarray]) -> np.ndarray:
    whole = np.zeros((sum(b.shape[0] for b in blocks), sum(b.shape[1] for b in blocks)), np.float32)
    row = column = 0
    for block in blocks:
        whole[row : row + block.shape[0], column : column + block.shape[1]] = block
        row, column = row + block.shape[0], column + block.shape[1]
    return whole


def _no_adapter(shape: Shape) -> dict[str, np.ndarray]:
    found = {}
    for kind in FUSED:
        inward, outs = shape.product(kind)
        for number in range(shape.layers):
            found[f"l{number}.{kind}.A"] = np.zeros((inward, 0), np.float32)
            found[f"l{number}.{kind}.B"] = np.zeros((0, sum(outs)), np.float32)
    return found


def _bias(mask: torch.Tensor | None, rows: int, new: int, total: int) -> np.ndarray:
    if mask is None:
        return np.zeros((1, 1, new, total), np.float32)
    if mask.dim() == 4:
        return np.maximum(mask.float().numpy(), np.float32(_MASKED))
    hidden = (mask.numpy() == 0).astype(np.float32) * np.float32(_MASKED)
    return np.broadcast_to(hidden[:, None, None, :], (rows, 1, new, total))


def _bind(bind, name: str, values: np.ndarray) -> None:
    """Hand an array over without copying it; whoever holds the binding holds the array too."""
    bind(name, "cpu", 0, np.float32, values.shape, values.ctypes.data)
