"""A decoder block with its LoRA layers as one autograd function, on the CPU: few products, few passes over memory.

torch's own attention takes three times as long as the products it consists of, LoRA's As are quicker together where
they read the same input, and between autograd's nodes memory is read and written that one pass need not touch. Knows
the blocks of _KNOWN (RMS norm, rotary embedding, grouped queries, SwiGLU) under plain LoRA, and what any linear layer
with its LoRA computes; tests hold losses and gradients against PEFT's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from peft.tuners.lora import Linear as LoraLinear
from torch import nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn.functional import silu
from transformers.activations import SiLUActivation

_KNOWN = ("LlamaDecoderLayer", "MistralDecoderLayer", "Qwen2DecoderLayer")
_LONGEST = 512  # tokens of a sequence: the shares of attention are kept for the way back, and grow with its square


def forward_of(block: nn.Module) -> Callable | None:
    """What `block` may compute instead of its own forward; None for one that is not known here. The frozen weights of
    linear layers that read the same input become views of one tensor: the same numbers, in another place."""
    if type(block).__name__ not in _KNOWN:
        return None
    attention, mlp = block.self_attn, block.mlp
    read_alike = (
        (attention.q_proj, attention.k_proj, attention.v_proj),
        (attention.o_proj,),
        (mlp.gate_proj, mlp.up_proj),
        (mlp.down_proj,),
    )
    linears = [linear for some in read_alike for linear in some]
    if (
        not all(is_plain(one) if isinstance(one, LoraLinear) else _is_frozen(one) for one in linears)
        or not isinstance(mlp.act_fn, SiLUActivation)
        or attention.attention_dropout
        or block.input_layernorm.weight.device.type != "cpu"
    ):
        return None
    own = block.forward
    fixed = _Fixed(
        tuple(_merged([_base(one) for one in some]) for some in read_alike),
        (block.input_layernorm.weight, block.post_attention_layernorm.weight),
        block.input_layernorm.variance_epsilon,
        attention.head_dim,
        attention.q_proj.out_features // attention.head_dim,
        attention.scaling,
    )

    def forward(x, attention_mask=None, position_embeddings=None, **rest):
        if attention_mask is not None or x.shape[1] > _LONGEST or rest.get("cache") is not None:
            return own(x, attention_mask=attention_mask, position_embeddings=position_embeddings, **rest)
        scales = tuple(tuple(scale_of(one) for one in some) for some in read_alike)
        return _Block.apply(x, *position_embeddings, fixed, scales, *(w for one in linears for w in lora_of(one)))

    return forward


def is_plain(layer: LoraLinear) -> bool:
    """Whether `linear` below computes what it does: nothing but LoRA over frozen weights, on the CPU or in full
    precision."""
    base = layer.base_layer
    return (
        type(base) is nn.Linear
        and not base.weight.requires_grad
        and len(layer.active_adapters) == 1
        and not layer.lora_variant
        and not layer.merged
        and all(isinstance(dropout, nn.Identity) for dropout in layer.lora_dropout.values())
        and all(part.bias is None for part in (*layer.lora_A.values(), *layer.lora_B.values()))
        and (base.weight.device.type == "cpu" or base.weight.dtype == torch.float32)
    )


def _is_frozen(linear: nn.Module) -> bool:
    return type(linear) is nn.Linear and not linear.weight.requires_grad


def _base(linear: nn.Module) -> nn.Linear:
    return linear.base_layer if isinstance(linear, LoraLinear) else linear


def scale_of(linear: nn.Module) -> float:
    return linear.scaling[linear.active_adapters[0]] if isinstance(linear, LoraLinear) else 0.0


def lora_of(linear: nn.Module) -> tuple[torch.Tensor | None, torch.Tensor | None]:
    """(A, B) in the precision they are kept in."""
    if not isinstance(linear, LoraLinear) or linear.disable_adapters:
        return None, None
    name = linear.active_adapters[0]
    return linear.lora_A[name].weight, linear.lora_B[name].weight


@dataclass(frozen=True, slots=True)
class Product:
    """What is frozen of the linear layers that read one input: weight [outs, in], their outs one after the other."""

    weight: torch.Tensor
    bias: torch.Tensor | None
    outs: tuple[int, ...]


def _merged(linears: Sequence[nn.Linear]) -> Product:
    outs = tuple(one.out_features for one in linears)
    if len(linears) == 1:
        return Product(linears[0].weight, linears[0].bias, outs)
    whole = torch.cat([one.weight.detach() for one in linears])
    for one, part in zip(linears, whole.split(outs), strict=True):
        one.weight.data = part
    biases = [one.bias for one in linears]
    return Product(whole, None if biases[0] is None else torch.cat([one.detach() for one in biases]), outs)


@dataclass(frozen=True, slots=True)
class _Fixed:
    """A block without what is trained: products for qkv, o, gate and up, down; both norms' gains."""

    products: tuple[Product, ...]
    gains: tuple[torch.Tensor, torch.Tensor]
    epsilon: float
    head: int
    heads: int
    scaling: float


class _Block(Function):
    """x [rows, length, hidden] -> the same shape. cos, sin [1 or rows, length, head]; `scales` of each product's LoRAs;
    `lora` are A and B of each linear layer, or None."""

    @staticmethod
    def forward(ctx, x, cos, sin, fixed, scales, *lora):
        rows, length, hidden = x.shape
        heads, flat = fixed.heads, x.reshape(-1, hidden)
        weights = iter(zip(lora[::2], lora[1::2], strict=True))
        updates = [
            Update(product.outs, [(*next(weights), scale) for scale in some], x.dtype)
            for product, some in zip(fixed.products, scales, strict=True)
        ]
        qkv_, o_, gu_, down_ = zip(fixed.products, updates, strict=True)

        normed, inverse = _norm(flat, fixed.gains[0], fixed.epsilon)
        qkv = linear(normed, *qkv_).view(rows, length, -1, fixed.head).transpose(1, 2)
        turned_heads = heads + (qkv.shape[1] - heads) // 2
        turned = torch.empty(rows, turned_heads, length, fixed.head, dtype=x.dtype)
        _turn(qkv[:, :turned_heads], cos, sin, turned)
        q, k, v = turned[:, :heads].contiguous(), turned[:, heads:].contiguous(), qkv[:, turned_heads:].contiguous()
        mixed, shares = _attend(q, k, v, fixed.scaling)
        middle = linear(mixed, *o_).add_(flat)

        normed2, inverse2 = _norm(middle, fixed.gains[1], fixed.epsilon)
        gate_up = linear(normed2, *gu_)
        gate, up = gate_up.tensor_split(2, dim=1)
        opened = silu(gate)
        inner = opened * up
        out = linear(inner, *down_).add_(middle)

        ctx.fixed, ctx.updates = fixed, updates
        ctx.save_for_backward(
            flat, normed, inverse, q, k, v, mixed, shares, middle, normed2, inverse2, gate_up, opened, inner, cos, sin
        )
        return out.view(rows, length, hidden)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        fixed, updates = ctx.fixed, ctx.updates
        (flat, normed, inverse, q, k, v, mixed, shares, middle, normed2, inverse2, gate_up, opened, inner, cos, sin) = (
            ctx.saved_tensors
        )
        qkv_, o_, gu_, down_ = zip(fixed.products, updates, strict=True)
        shape, grad = grad.shape, grad.reshape(-1, grad.shape[-1])

        gate, up = gate_up.tensor_split(2, dim=1)
        of_inner = linear_back(grad, inner, *down_)
        of_gate_up = torch.empty_like(gate_up)
        of_gate, of_up = of_gate_up.tensor_split(2, dim=1)
        torch.mul(of_inner, opened, out=of_up)
        torch.ops.aten.silu_backward.grad_input(of_inner.mul_(up), gate, grad_input=of_gate)
        of_normed2 = linear_back(of_gate_up, normed2, *gu_)
        of_middle = _norm_back(of_normed2, middle, fixed.gains[1], inverse2).add_(grad)

        of_mixed = linear_back(of_middle, mixed, *o_)
        of_q, of_k, of_v = _attend_back(of_mixed, q, k, v, shares, fixed.scaling)
        of_qkv = torch.empty(q.shape[0], q.shape[2], sum(qkv_[0].outs) // fixed.head, fixed.head, dtype=q.dtype)
        turned, straight = of_qkv.transpose(1, 2).split([q.shape[1] + k.shape[1], v.shape[1]], dim=1)
        _turn(torch.cat([of_q, of_k], dim=1), cos, -sin, turned)
        straight.copy_(of_v)
        of_normed = linear_back(of_qkv.view(len(flat), -1), normed, *qkv_, through=ctx.needs_input_grad[0])

        of_x = None
        if of_normed is not None:
            of_x = _norm_back(of_normed, flat, fixed.gains[0], inverse).add_(of_middle).view(shape)
        return of_x, None, None, None, None, *(grad for one in updates for grad in one.grads)


class Update:
    """The LoRAs of one product: their As below each other are one tensor [ranks, in], each B adds to its own columns of
    the output. `grads` are those of each A and B, in their own precision."""

    def __init__(self, outs: Sequence[int], lora: Sequence[tuple], dtype: torch.dtype) -> None:
        self.grads: list[torch.Tensor | None] = [None] * (2 * len(lora))
        self.parts: list[tuple[int, slice, slice, torch.Tensor, float]] = []
        self.inner: torch.Tensor | None = None
        at = rank = 0
        for number, (out, (a, b, scale)) in enumerate(zip(outs, lora, strict=True)):
            if a is not None:
                self.parts.append((number, slice(at, at + out), slice(rank, rank + len(a)), b.to(dtype), scale))
                rank += len(a)
            at += out
        if self.parts:
            self.kept_in = lora[self.parts[0][0]][0].dtype
            self.a = torch.cat([lora[number][0] for number, *_ in self.parts]).to(dtype)


def linear(x: torch.Tensor, frozen: Product, update: Update) -> torch.Tensor:
    """x W' + b + s (x A') B'. x A' is kept in `update`."""
    weight = frozen.weight.t()
    y = torch.mm(x, weight) if frozen.bias is None else torch.addmm(frozen.bias, x, weight)
    if update.parts:
        update.inner = torch.mm(x, update.a.t())
    for _, columns, ranks, b, scale in update.parts:
        y[:, columns].addmm_(update.inner[:, ranks], b.t(), alpha=scale)
    return y


def linear_back(
    grad: torch.Tensor, x: torch.Tensor, frozen: Product, update: Update, *, through: bool = True
) -> torch.Tensor | None:
    """The gradient by x, None unless it is wanted `through`; those by A and B are left in `update`."""
    found = torch.mm(grad, frozen.weight) if through else None
    if not update.parts:
        return found
    of_inner = torch.empty_like(update.inner)
    for number, columns, ranks, b, scale in update.parts:
        torch.mm(grad[:, columns], b, out=of_inner[:, ranks])
        of_b = torch.mm(update.inner[:, ranks].t(), grad[:, columns])  # faster than its transpose
        whole = of_b.t().to(update.kept_in, copy=True, memory_format=torch.contiguous_format)
        update.grads[2 * number + 1] = whole.mul_(scale)
        of_inner[:, ranks] *= scale
    of_a = torch.mm(of_inner.t(), x).to(update.kept_in)
    for number, _, ranks, *_ in update.parts:
        update.grads[2 * number] = of_a[ranks]
    return found.addmm_(of_inner, update.a) if through else None


def _norm(x: torch.Tensor, gain: torch.Tensor, epsilon: float) -> tuple[torch.Tensor, torch.Tensor]:
    """(x / rms(x) * gain, 1 / rms(x) [n, 1] in fp32)."""
    full = x.float()
    inverse = torch.linalg.vector_norm(full, dim=-1, keepdim=True).square_().div_(x.shape[-1]).add_(epsilon).rsqrt_()
    return (full * inverse).to(x.dtype).mul_(gain), inverse


def _norm_back(grad: torch.Tensor, x: torch.Tensor, gain: torch.Tensor, inverse: torch.Tensor) -> torch.Tensor:
    full = x.float()
    wanted = (grad * gain).float()
    along = (wanted * full).sum(-1, keepdim=True).mul_(inverse.square()).div_(-x.shape[-1])
    return wanted.addcmul_(full, along).mul_(inverse).to(x.dtype)


def _turn(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor, out: torch.Tensor) -> None:
    """Rotary embedding of [rows, heads, length, head], the first half of a head with the second as transformers has it.
    With -sin it is undone, and gradients take their way back."""
    half = x.shape[-1] // 2
    cos, sin = cos.unsqueeze(1), sin.unsqueeze(1)
    torch.mul(x, cos, out=out)
    out[..., :half].addcmul_(x[..., half:], sin[..., :half], value=-1)
    out[..., half:].addcmul_(x[..., :half], sin[..., half:])


def _attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scaling: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Causal attention of [rows, heads, length, head] to [rows, kv heads, length, head]: (what is read
    [rows * length, heads * head], the share of each token [rows * kv heads, group * length, length]). Heads that share
    keys are one product."""
    rows, heads, length, head = q.shape
    scores = torch.bmm(_grouped(q, k), k.view(-1, length, head).transpose(1, 2)).mul_(scaling)
    scores.view(-1, length, length).add_(_later(length, q.dtype))
    shares = torch.softmax(scores, -1)
    read = torch.bmm(shares, v.view(-1, length, head)).view(rows, heads, length, head)
    return read.transpose(1, 2).reshape(rows * length, -1), shares


def _attend_back(
    grad: torch.Tensor, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, shares: torch.Tensor, scaling: float
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    rows, heads, length, head = q.shape
    grad = _grouped(grad.view(rows, length, heads, head).transpose(1, 2).contiguous(), k)
    of_v = torch.bmm(shares.transpose(1, 2), grad)
    of_shares = torch.bmm(grad, v.view(-1, length, head).transpose(1, 2))
    of_scores = torch.ops.aten._softmax_backward_data(of_shares, shares, -1, shares.dtype).mul_(scaling)
    of_q = torch.bmm(of_scores, k.view(-1, length, head))
    of_k = torch.bmm(of_scores.transpose(1, 2), _grouped(q, k))
    return of_q.view(q.shape), of_k.view(k.shape), of_v.view(v.shape)


def _grouped(of_queries: torch.Tensor, k: torch.Tensor) -> torch.Tensor:
    """[rows, heads, length, head] as [rows * kv heads, group * length, head]."""
    return of_queries.view(k.shape[0] * k.shape[1], -1, k.shape[-1])


def _later(length: int, dtype: torch.dtype) -> torch.Tensor:
    """[length, length]: minus infinity for what comes later."""
    return torch.full((length, length), float("-inf"), dtype=dtype).triu_(1)
