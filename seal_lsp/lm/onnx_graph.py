"""A decoder's weights as an ONNX graph for ONNX Runtime: quantised linear layers, LoRA as inputs, caches handed in.

Written by hand with `onnx.helper`: exporters trace a graph in which adapters cannot be switched and a cache is copied
at every token. Operators are ONNX Runtime's own (com.microsoft): MatMulNBits (block-wise weights, activations rounded
to 8 bits while they are multiplied), GroupQueryAttention (rotary embedding, a cache that grows in place, an additive
mask). Layers that read the same input are one product, and so are their adapters. Knows no files but the one it writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 18
SUPPORTED = ("llama", "mistral", "qwen2")
PRECISIONS = ("int8", "float32")
_ROPE = ("default", "linear", "llama3", "yarn")
_BLOCK = 32  # weights that share a scale
_HEAD = 16  # GroupQueryAttention rotates heads of such sizes only
_OWN = "com.microsoft"

FUSED: Mapping[str, tuple[str, ...]] = {
    "qkv": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "o": ("self_attn.o_proj",),
    "gu": ("mlp.gate_proj", "mlp.up_proj"),
    "d": ("mlp.down_proj",),
}
"""The products of a layer, by what they read, and the linear layers in each, in the order of their outputs."""


def unsupported(config) -> str:
    """Why there is no graph for a transformers configuration; '' when there is one."""
    if config.model_type not in SUPPORTED:
        return f"no ONNX graph for {config.model_type}"
    rope = (getattr(config, "rope_parameters", None) or {}).get("rope_type", "default")
    if rope not in _ROPE:
        return f"no ONNX graph for rotary embeddings of kind {rope}"
    if getattr(config, "hidden_act", "silu") != "silu":
        return f"no ONNX graph for the activation {config.hidden_act}"
    if (head := Shape.of(config).head) % _HEAD:
        return f"heads of {head} are not a multiple of {_HEAD}"
    return ""


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a decoder that the graph and its caches need."""

    layers: int
    heads: int
    kv_heads: int
    head: int
    hidden: int
    inner: int

    @classmethod
    def of(cls, config) -> Shape:
        heads = config.num_attention_heads
        head = getattr(config, "head_dim", None) or config.hidden_size // heads
        return cls(
            config.num_hidden_layers,
            heads,
            config.num_key_value_heads,
            head,
            config.hidden_size,
            config.intermediate_size,
        )

    def product(self, name: str) -> tuple[int, tuple[int, ...]]:
        """(input size, output sizes of its linear layers) of one of FUSED."""
        queries, keys = self.heads * self.head, self.kv_heads * self.head
        return {
            "qkv": (self.hidden, (queries, keys, keys)),
            "o": (queries, (self.hidden,)),
            "gu": (self.hidden, (self.inner, self.inner)),
            "d": (self.inner, (self.hidden,)),
        }[name]


def write_graph(
    weights: Mapping[str, np.ndarray], config, rotary: tuple[np.ndarray, np.ndarray], path: Path, precision: str
) -> None:
    """`path` and, beside it, its weights.

    `weights` by transformers' names, float32; `rotary` (cosines, sines), each [positions, head size / 2].
    Inputs of the graph: input_ids and position_ids [rows, new], last [n] (which of the new positions are asked), total
    (scalar int32: cached and new tokens), seqlens_k [rows] int32 (total - 1), bias [rows or 1, 1, new, total], for each
    layer N lN.keys and lN.values [rows, kv heads, room, head size], which it grows in place, and lN.P.A [in, r],
    lN.P.B [r, out] for each product P of FUSED. Outputs: logits [rows, n, vocabulary], lN.keys.out, lN.values.out.
    """
    shape = Shape.of(config)
    graph = _Graph(precision)
    for name, kind, size in (
        ("input_ids", TensorProto.INT64, ["rows", "new"]),
        ("position_ids", TensorProto.INT64, ["rows", "new"]),
        ("last", TensorProto.INT64, ["asked"]),
        ("total", TensorProto.INT32, []),
        ("seqlens_k", TensorProto.INT32, ["rows"]),
        ("bias", TensorProto.FLOAT, ["bias rows", 1, "new", "total"]),
    ):
        graph.input(name, size, kind)
    graph.constant("cos", rotary[0].astype(np.float32))
    graph.constant("sin", rotary[1].astype(np.float32))
    embedding = weights["model.embed_tokens.weight"]
    kept = graph.constant("embedding", embedding if precision == "float32" else embedding.astype(np.float16))
    found = graph.node("Gather", [kept, "input_ids"], ["embedded"])
    stream = graph.node("Cast", [found], ["stream"], to=TensorProto.FLOAT)
    added = ""
    for number in range(shape.layers):
        stream, added = _layer(graph, weights, config, shape, number, stream, added)
    gain = graph.constant("norm.gain", weights["model.norm.weight"])
    normed, _ = graph.norm("norm", stream, added, gain, config.rms_norm_eps)
    asked = graph.node("Gather", [normed, "last"], ["asked"], axis=1)
    head = weights.get("lm_head.weight", embedding)
    graph.linear("logits", asked, head, None)
    graph.output("logits", ["rows", "asked", head.shape[0]])
    graph.save(path)


def _layer(
    graph: _Graph, weights: Mapping[str, np.ndarray], config, shape: Shape, number: int, stream: str, added: str
) -> tuple[str, str]:
    """One decoder layer; (residual stream, what is still to be added to it)."""
    name, where, eps = f"l{number}", f"model.layers.{number}.", config.rms_norm_eps

    def product(kind: str, read: str) -> str:
        parts = FUSED[kind]
        matrix = np.concatenate([weights[f"{where}{part}.weight"] for part in parts])
        offsets = [weights.get(f"{where}{part}.bias") for part in parts]
        offset = None if offsets[0] is None else np.concatenate(offsets)
        plain = graph.linear(f"{name}.{kind}", read, matrix, offset)
        return graph.adapted(f"{name}.{kind}", read, plain, *matrix.shape)

    gain = graph.constant(f"{name}.gain1", weights[where + "input_layernorm.weight"])
    normed, stream = graph.norm(f"{name}.norm1", stream, added, gain, eps)
    mixed = product("qkv", normed)
    rooms = ["rows", shape.kv_heads, "room", shape.head]
    for part in ("keys", "values"):
        graph.input(f"{name}.{part}", rooms)
        graph.output(f"{name}.{part}.out", rooms)
    attended = graph.node(
        "GroupQueryAttention",
        [mixed, "", "", f"{name}.keys", f"{name}.values", "seqlens_k", "total", "cos", "sin", "position_ids", "bias"],
        [f"{name}.attended", f"{name}.keys.out", f"{name}.values.out"],
        _OWN,
        num_heads=shape.heads,
        kv_num_heads=shape.kv_heads,
        do_rotary=1,
    )
    gain = graph.constant(f"{name}.gain2", weights[where + "post_attention_layernorm.weight"])
    normed, stream = graph.norm(f"{name}.norm2", stream, product("o", attended), gain, eps)
    gate, up = f"{name}.gate", f"{name}.up"
    graph.node("Split", [product("gu", normed)], [gate, up], axis=-1, num_outputs=2)
    gated = graph.node("QuickGelu", [gate], [f"{name}.gated"], _OWN, alpha=1.0)  # x * sigmoid(x)
    inner = graph.node("Mul", [gated, up], [f"{name}.inner"])
    return stream, product("d", inner)


@dataclass
class _Graph:
    precision: str
    nodes: list = field(default_factory=list)
    inputs: list = field(default_factory=list)
    outputs: list = field(default_factory=list)
    constants: list = field(default_factory=list)

    def input(self, name: str, size: list, kind: int = TensorProto.FLOAT) -> None:
        self.inputs.append(helper.make_tensor_value_info(name, kind, size))

    def output(self, name: str, size: list) -> None:
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, size))

    def constant(self, name: str, values: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(self, operator: str, read: list[str], written: list[str], domain: str = "", **attributes: object) -> str:
        self.nodes.append(helper.make_node(operator, read, written, name=written[0], domain=domain, **attributes))
        return written[0]

    def linear(self, name: str, read: str, matrix: np.ndarray, offset: np.ndarray | None) -> str:
        """read @ matrix.T + offset; `matrix` is [out, in]."""
        kept = [self.constant(*one) for one in product_weights(name, matrix, self.precision).items()]
        written = [name if offset is None else f"{name}.product"]
        if self.precision == "float32":
            product = self.node("MatMul", [read, *kept], written)
        else:
            options = {"K": matrix.shape[1], "N": matrix.shape[0], "bits": 8, "block_size": _BLOCK}
            product = self.node("MatMulNBits", [read, *kept], written, _OWN, **options, accuracy_level=4)
        if offset is None:
            return product
        return self.node("Add", [product, self.constant(f"{name}.offset", offset)], [name])

    def adapted(self, name: str, read: str, plain: str, out: int, inward: int) -> str:
        """plain + read @ A @ B, A and B inputs of any rank, 0 too."""
        self.input(f"{name}.A", [inward, f"{name}.rank"])
        self.input(f"{name}.B", [f"{name}.rank", out])
        down = self.node("MatMul", [read, f"{name}.A"], [f"{name}.down"])
        up = self.node("MatMul", [down, f"{name}.B"], [f"{name}.up"])
        return self.node("Add", [plain, up], [f"{name}.adapted"])

    def norm(self, name: str, stream: str, added: str, gain: str, epsilon: float) -> tuple[str, str]:
        """(RMS norm of stream + added, stream + added)."""
        if not added:
            options = {"axis": -1, "epsilon": epsilon}
            return self.node("SimplifiedLayerNormalization", [stream, gain], [name], **options), stream
        written = [name, "", "", f"{name}.stream"]
        self.node("SkipSimplifiedLayerNormalization", [stream, added, gain], written, _OWN, epsilon=epsilon)
        return name, written[-1]

    def save(self, path: Path) -> None:
        graph = helper.make_graph(self.nodes, "decoder", self.inputs, self.outputs, self.constants)
        sets = [helper.make_opsetid("", OPSET), helper.make_opsetid(_OWN, 1)]
        model = helper.make_model(graph, opset_imports=sets, ir_version=10)
        onnx.save(model, path, save_as_external_data=True, location=f"{path.name}.data")


def product_weights(name: str, matrix: np.ndarray, precision: str) -> dict[str, np.ndarray]:
    """What the graph keeps of the product `name` with `matrix` [out, in], by the names of its constants."""
    if precision == "float32":
        return {f"{name}.weight": np.ascontiguousarray(matrix.T)}
    packed, scales = quantised(matrix)
    return {f"{name}.weight": packed, f"{name}.scales": scales}


def quantised(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """MatMulNBits's 8-bit form of [out, in]: (uint8 [out, blocks, 32] with 128 for zero, scales [out * blocks]),
    rounded to nearest; a block's greatest value is exact."""
    out, inward = matrix.shape
    blocks = -(-inward // _BLOCK)
    padded = np.zeros((out, blocks * _BLOCK), np.float32)
    padded[:, :inward] = matrix
    padded = padded.reshape(out, blocks, _BLOCK)
    scales = np.abs(padded).max(-1, keepdims=True) / 127
    scales[scales == 0] = 1
    packed = np.clip(np.round(padded / scales) + 128, 0, 255).astype(np.uint8)
    return packed, scales.astype(np.float32).reshape(-1)
