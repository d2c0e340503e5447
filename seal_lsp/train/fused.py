"""Cheaper passes for the training loop: the same numbers as PEFT's and torch's own, with fewer trips through memory.

Autograd functions that know what is frozen: a decoder's block in one piece (train/fused_block.py); where that is not
known, a linear layer with its LoRA (no gradient for the base weight, no separate tensors for update, scaling and sum);
and losses that turn logits into their own gradient in place. Knows PEFT's plain LoRA layers, no recipe.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from peft.tuners.lora import Linear as LoraLinear
from torch import nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from seal_lsp.train import fused_block

_ROWS = 256  # positions whose logits exist at once: with fewer the products are slower
_FULL = 64  # of these in fp32 at once: 64 x 49k are 13 MB, which are read again before they have left the caches


@contextmanager
def fused(network: nn.Module) -> Iterator[int]:
    """Within the block `network`'s modules that are known here compute the cheaper way; gives how many do.

    What is not known (dropout, DoRA, a bias in LoRA, quantised weights) stays as it is.
    """
    replaced = []
    for module in network.modules():
        forward = fused_block.forward_of(module) or _forward_of(module)
        if forward is not None:
            module.forward = forward
            replaced.append(module)
    try:
        yield len(replaced)
    finally:
        for module in replaced:
            del module.forward


def cross_entropy(states: torch.Tensor, head: nn.Linear, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Weighted mean cross-entropy in nats of `targets` [n] under `head(states)`, states [n, hidden], weights [n]. From
    the logits on all is fp32."""
    return _CrossEntropy.apply(states, head.weight, targets, weights / weights.sum().clamp(min=1e-6))


def divergence(states: torch.Tensor, teacher: torch.Tensor, head: nn.Linear) -> torch.Tensor:
    """Mean KL(teacher || student) in nats over n positions, both given as last hidden states [n, hidden]."""
    return _Divergence.apply(states, teacher, head.weight)


def can_be_head(head: nn.Module) -> bool:
    """Whether the losses above can be taken under it: frozen, without bias, on the CPU or in full precision."""
    plain = type(head) is nn.Linear and head.bias is None and not head.weight.requires_grad
    return plain and (head.weight.device.type == "cpu" or head.weight.dtype == torch.float32)


def _forward_of(module: nn.Module) -> Callable | None:
    if isinstance(module, LoraLinear) and fused_block.is_plain(module):
        return lambda x: _lora_forward(module, x)
    return None


def _lora_forward(layer: LoraLinear, x: torch.Tensor) -> torch.Tensor:
    if layer.disable_adapters:
        return layer.base_layer(x)
    product = fused_block.Product(layer.base_layer.weight, layer.base_layer.bias, (layer.out_features,))
    return _Lora.apply(x, product, fused_block.scale_of(layer), *fused_block.lora_of(layer))


class _Lora(Function):
    """y = x W' + b + s (x A') B'. W and b are frozen: only x, A and B get gradients."""

    @staticmethod
    def forward(ctx, x, product, scale, a, b):
        rows = x.reshape(-1, x.shape[-1])
        ctx.product, ctx.update = product, fused_block.Update(product.outs, [(a, b, scale)], x.dtype)
        ctx.save_for_backward(rows)
        ctx.shape = x.shape
        return fused_block.linear(rows, ctx.product, ctx.update).view(*x.shape[:-1], -1)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        (rows,) = ctx.saved_tensors
        grad = grad.reshape(-1, grad.shape[-1])
        of_x = fused_block.linear_back(grad, rows, ctx.product, ctx.update, through=ctx.needs_input_grad[0])
        return None if of_x is None else of_x.view(ctx.shape), None, None, *ctx.update.grads


class _CrossEntropy(Function):
    """The gradient is made with the loss: the logits of some positions at a time become softmax - one-hot in place."""

    @staticmethod
    def forward(ctx, states, head, targets, weights):
        total = weights.new_zeros(())
        grads = torch.empty_like(states)
        for part in _parts(len(states), _ROWS):
            products = _products(states[part], head, "student")
            for some in _parts(len(products), _FULL):
                logits = _in_full(products[some], "student")
                wanted, weight = targets[part][some, None], weights[part][some, None]
                gold = logits.gather(1, wanted)
                norm = logits.exp_().sum(1, keepdim=True)
                total += ((norm.log() - gold) * weight).sum()
                _put(logits.mul_(weight / norm).scatter_add_(1, wanted, -weight), products[some])
            torch.mm(products, head, out=grads[part])
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
        total = states.new_zeros((), dtype=torch.float32)
        grads = torch.empty_like(states)
        for part in _parts(len(states), _ROWS):
            given, products = _products(teacher[part], head, "teacher"), _products(states[part], head, "student")
            for some in _parts(len(products), _FULL):
                wanted, logits = _in_full(given[some], "teacher"), _in_full(products[some], "student")
                share = torch.exp(wanted, out=_scratch("share", wanted.shape, wanted, _FULL))
                teachers = share.sum(1, keepdim=True)
                share.div_(teachers)
                total += wanted.sub_(logits).mul_(share).sum()
                students = logits.exp_().sum(1, keepdim=True)
                total += (students.log() - teachers.log()).sum()
                _put(logits.div_(students).sub_(share), products[some])
            torch.mm(products, head, out=grads[part])
        ctx.save_for_backward(grads.div_(len(states)))
        return total / len(states)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        (grads,) = ctx.saved_tensors
        return grads * grad, None, None


def _products(states: torch.Tensor, head: torch.Tensor, name: str) -> torch.Tensor:
    """[rows, vocabulary] in the head's precision, in memory that the next call of that name writes over."""
    return torch.mm(states, head.t(), out=_scratch(name, (len(states), len(head)), head, _ROWS))


def _in_full(products: torch.Tensor, name: str) -> torch.Tensor:
    """Logits in fp32, the largest of each row 0: in the same memory where it is fp32."""
    if products.dtype != torch.float32:
        products = _scratch(f"{name} in full", products.shape, products, _FULL, torch.float32).copy_(products)
    return products.sub_(products.amax(1, keepdim=True))


def _put(logits: torch.Tensor, products: torch.Tensor) -> None:
    """Back into the memory that `_in_full` took them from."""
    if products.dtype != torch.float32:
        products.copy_(logits)


_kept: dict[tuple, torch.Tensor] = {}


def _scratch(
    name: str, shape: Sequence[int], like: torch.Tensor, most: int, dtype: torch.dtype | None = None
) -> torch.Tensor:
    """[rows, columns] of memory for at most `most` rows, that is kept: asking the system anew for 50 MB at each loss
    cost more than what is computed in them."""
    rows, columns = shape
    key = (name, columns, like.device, dtype or like.dtype)
    if key not in _kept:
        _kept[key] = torch.empty(most, columns, device=like.device, dtype=key[-1])
    return _kept[key][:rows]


def _parts(rows: int, of: int) -> Iterator[slice]:
    for start in range(0, rows, of):
        yield slice(start, start + of)
