"""Cheaper passes for the training loop: the same numbers as PEFT's and torch's own, with fewer trips through memory.

Autograd functions that know what is frozen: a linear layer with its LoRA in one piece (no gradient for the base weight,
no separate tensors for update, scaling and sum), the gated MLP's activation, RMS norm, and losses that turn logits into
their own gradient in place. Knows PEFT's plain LoRA layers and shapes of modules, no recipe.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from peft.tuners.lora import Linear as LoraLinear
from torch import nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn.functional import silu

_ROWS = 128  # positions whose logits exist at once: 128 x 49k x 4 bytes are 25 MB


@contextmanager
def fused(network: nn.Module) -> Iterator[int]:
    """Within the block `network`'s modules that are known here compute the cheaper way; gives how many do.

    What is not known (dropout, DoRA, a bias in LoRA, another activation, quantised weights) stays as it is.
    """
    replaced = []
    for module in network.modules():
        forward = _forward_of(module)
        if forward is not None:
            module.forward = forward
            replaced.append(module)
    try:
        yield len(replaced)
    finally:
        for module in replaced:
            del module.forward


def cross_entropy(states: torch.Tensor, head: nn.Linear, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Weighted mean cross-entropy in nats of `targets` [n] under `head(states)`, states [n, hidden], weights [n]."""
    return _CrossEntropy.apply(states, head.weight, targets, weights / weights.sum().clamp(min=1e-6))


def divergence(states: torch.Tensor, teacher: torch.Tensor, head: nn.Linear) -> torch.Tensor:
    """Mean KL(teacher || student) in nats over n positions, both given as last hidden states [n, hidden]."""
    return _Divergence.apply(states, teacher, head.weight)


def can_be_head(head: nn.Module) -> bool:
    """Whether the losses above can be taken under it: frozen, without bias, in full precision."""
    plain = type(head) is nn.Linear and head.bias is None
    return plain and not head.weight.requires_grad and head.weight.dtype == torch.float32


def _forward_of(module: nn.Module) -> Callable | None:
    if isinstance(module, LoraLinear) and _is_plain(module):
        return lambda x: _lora_forward(module, x)
    if _is_gated_mlp(module):
        return lambda x: module.down_proj(_Gated.apply(module.gate_proj(x), module.up_proj(x)))
    if _is_rms_norm(module):
        return lambda x: _RmsNorm.apply(x, module.weight, module.variance_epsilon)
    return None


def _is_plain(layer: LoraLinear) -> bool:
    base = layer.base_layer
    return (
        type(base) is nn.Linear
        and not base.weight.requires_grad
        and len(layer.active_adapters) == 1
        and not layer.lora_variant
        and not layer.merged
        and all(isinstance(dropout, nn.Identity) for dropout in layer.lora_dropout.values())
        and all(part.bias is None for part in (*layer.lora_A.values(), *layer.lora_B.values()))
        and all(part.weight.dtype == base.weight.dtype for part in layer.lora_A.values())
    )


def _is_gated_mlp(module: nn.Module) -> bool:
    """Llama's and its relatives': down(silu(gate(x)) * up(x)) and nothing else."""
    return (
        type(module).__name__.endswith("MLP")
        and {name for name, _ in module.named_children()} == {"gate_proj", "up_proj", "down_proj", "act_fn"}
        and (isinstance(module.act_fn, nn.SiLU) or type(module.act_fn).__name__ == "SiLUActivation")
    )


def _is_rms_norm(module: nn.Module) -> bool:
    return (
        type(module).__name__ in ("LlamaRMSNorm", "Qwen2RMSNorm", "Qwen3RMSNorm", "MistralRMSNorm")
        and not module.weight.requires_grad
        and module.weight.dtype == torch.float32
    )


def _lora_forward(layer: LoraLinear, x: torch.Tensor) -> torch.Tensor:
    if layer.disable_adapters:
        return layer.base_layer(x)
    name = layer.active_adapters[0]
    base = layer.base_layer
    return _Lora.apply(
        x, base.weight, base.bias, layer.lora_A[name].weight, layer.lora_B[name].weight, layer.scaling[name]
    )


class _Lora(Function):
    """y = x W' + b + s (x A') B'. W and b are frozen: only x, A and B get gradients."""

    @staticmethod
    def forward(ctx, x, weight, bias, a, b, scale):
        rows = x.reshape(-1, x.shape[-1])
        y = torch.mm(rows, weight.t()) if bias is None else torch.addmm(bias, rows, weight.t())
        inner = torch.mm(rows, a.t())
        y.addmm_(inner, b.t(), alpha=scale)
        ctx.save_for_backward(rows, weight, a, b, inner)
        ctx.scale, ctx.shape = scale, x.shape
        return y.view(*x.shape[:-1], -1)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        rows, weight, a, b, inner = ctx.saved_tensors
        grad = grad.reshape(-1, grad.shape[-1])
        grad_inner = torch.mm(grad, b).mul_(ctx.scale)
        grad_b = torch.mm(grad.t(), inner).mul_(ctx.scale)
        grad_a = torch.mm(grad_inner.t(), rows)
        grad_x = None
        if ctx.needs_input_grad[0]:
            grad_x = torch.mm(grad, weight).addmm_(grad_inner, a).view(*ctx.shape)
        return grad_x, None, None, grad_a, grad_b, None


class _Gated(Function):
    """silu(gate) * up."""

    @staticmethod
    def forward(ctx, gate, up):
        ctx.save_for_backward(gate, up)
        return silu(gate).mul_(up)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        gate, up = ctx.saved_tensors
        grad_up = silu(gate).mul_(grad)
        return torch.ops.aten.silu_backward(grad * up, gate), grad_up


class _RmsNorm(Function):
    """x / sqrt(mean(x^2) + eps) * w, w frozen."""

    @staticmethod
    def forward(ctx, x, weight, epsilon):
        norm = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
        factor = norm.square_().div_(x.shape[-1]).add_(epsilon).rsqrt_()
        ctx.save_for_backward(x, weight, factor)
        return (x * factor).mul_(weight)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        x, weight, factor = ctx.saved_tensors
        grad = grad * weight
        along = (grad * x).sum(-1, keepdim=True).mul_(factor.pow(3)).div_(-x.shape[-1])
        return grad.mul_(factor).addcmul_(x, along), None, None


class _CrossEntropy(Function):
    """The gradient is made with the loss: the logits of some positions at a time become softmax - one-hot in place."""

    @staticmethod
    def forward(ctx, states, head, targets, weights):
        total = states.new_zeros(())
        grads = torch.empty_like(states)
        for part in _parts(len(states)):
            logits = torch.mm(states[part], head.t())
            wanted, weight = targets[part, None], weights[part, None]
            gold = logits.gather(1, wanted)
            most = logits.amax(1, keepdim=True)
            mass = logits.sub_(most).exp_().sum(1, keepdim=True)
            total += ((mass.log() + most - gold) * weight).sum()
            logits.mul_(weight / mass)
            logits.scatter_add_(1, wanted, -weight)
            torch.mm(logits, head, out=grads[part])
        ctx.save_for_backward(grads)
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        (grads,) = ctx.saved_tensors
        return grads * grad, None, None, None


class _Divergence(Function):
    """KL(teacher || student); its gradient by the student's logits is student's softmax - teacher's."""

    @staticmethod
    def forward(ctx, states, teacher, head):
        total = states.new_zeros(())
        grads = torch.empty_like(states)
        for part in _parts(len(states)):
            wanted, logits = (_log_softmax(torch.mm(some[part], head.t())) for some in (teacher, states))
            share = wanted.exp()
            total += wanted.sub_(logits).mul_(share).sum()
            torch.mm(logits.exp_().sub_(share), head, out=grads[part])
        ctx.save_for_backward(grads.div_(len(states)))
        return total / len(states)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        (grads,) = ctx.saved_tensors
        return grads * grad, None, None


def _log_softmax(logits: torch.Tensor) -> torch.Tensor:
    return logits.sub_(logits.logsumexp(1, keepdim=True))


def _parts(rows: int) -> Iterator[slice]:
    for start in range(0, rows, _ROWS):
        yield slice(start, start + _ROWS)
