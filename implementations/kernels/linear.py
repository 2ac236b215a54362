"""The output of a network's last, linear layer, whose logits are never all in memory.

A loss reads them a block of rows at a time, and once more for its gradients, which go to the hidden states, the matrix
and the bias: memory is of the order of a block and of these three, and not of ``[N, L, K]``.  Rows that the loss does
not read, such as visible tokens, are not multiplied either.

Losses of examples, ``[N]``, take four products of matrices: logits, the same again in the backward pass, when it is
known what each loss is multiplied with, and two for the gradients.  Of their sum (:func:`linear_sum`) the gradients are
formed at once, with three.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from unmask.implementations.kernels.mixing import Mixing
from unmask.implementations.kernels.once import differentiable_once
from unmask.implementations.kernels.rows import Rows, accumulator
from unmask.implementations.kernels.softmax_sums import (
    Slopes,
    Sums,
    Visited,
    gradient,
    per_block,
    rest_of_softmax,
    softmax_sums,
    visit,
)

#: Rows whose logits are there at the same time: enough for products of matrices at full speed.
TOGETHER = 256
TOGETHER_ON_DEVICE = 2048


@dataclass(frozen=True)
class LinearOutput:
    """``hidden @ weight.T + bias``, in place of the logits ``[N, L, K]`` that a loss of a denoiser takes.

    ``hidden`` is ``[N, L, H]``, ``weight`` ``[K, H]`` and ``bias`` ``[K]`` or ``None``, all of one dtype; gradients
    flow to each that requires one.
    """

    hidden: Tensor
    weight: Tensor
    bias: Tensor | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the logits, ``(N, L, K)``."""
        return (*self.hidden.shape[:-1], self.weight.shape[0])

    @property
    def dtype(self) -> torch.dtype:
        """That of the logits."""
        return self.hidden.dtype

    @property
    def device(self) -> torch.device:
        """Where they would be."""
        return self.hidden.device


def output_sums(
    output: Tensor | LinearOutput,
    rows: Rows,
    start: Tensor,
    here: Tensor,
    *,
    without: int | None = None,
    mixing: Mixing | None = None,
    inplace: bool = False,
) -> Sums:
    """:func:`~unmask.implementations.kernels.softmax_sums.softmax_sums` of an output ``[N, L, K]`` of either kind.

    Without logits in memory there is nothing to overwrite, and ``inplace`` changes nothing.  Under ``torch.compile``
    the logits of the rows are a plain formula, and memory is the compiler's.
    """
    if not isinstance(output, LinearOutput):
        flat = output.reshape(-1, output.shape[-1])
        return softmax_sums(flat, rows, start, here, without=without, mixing=mixing, inplace=inplace)
    hidden = output.hidden.reshape(-1, output.hidden.shape[-1])
    layer = output.weight, output.bias
    if torch.compiler.is_compiling():
        logits = F.linear(hidden if rows.index is None else hidden[rows.index], *layer)
        return softmax_sums(logits, Rows(None), start, here, without=without, mixing=mixing)
    return Sums(*_LinearSums.apply(hidden, *layer, rows, start, here, without, mixing))  # type: ignore[no-untyped-call]


class _LinearSums(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        rows: Rows,
        start: Tensor,
        here: Tensor,
        without: int | None,
        mixing: Mixing | None,
    ) -> tuple[Tensor, ...]:
        ids, found = torch.stack((start, here), -1), []
        for block, pair, odds in zip(_blocks(rows, hidden), *per_block(ids, mixing, _step(hidden)), strict=False):
            z = _logits(rows.read(hidden, block, hidden.dtype), weight, bias, without)
            found.append(visit(z, pair, mixing, odds)[1])
        every = Visited.of(found, torch.zeros((), dtype=accumulator(hidden.dtype), device=hidden.device))
        ctx.rows, ctx.without, ctx.mixing, ctx.autocast = rows, without, mixing, _autocast(hidden)
        ctx.save_for_backward(hidden, weight, bias, ids, *every)
        return every.sums()

    @staticmethod
    @differentiable_once
    def backward(ctx: Any, *upstream: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        hidden, weight, bias, ids, *found = ctx.saved_tensors
        slopes = Slopes.of(Visited(*found), ids, upstream, ctx.mixing)
        gradients = _Gradients(hidden, weight, bias, ctx.rows, ctx.needs_input_grad)
        parts = torch.split(ids, _step(hidden)), slopes.split(_step(hidden))
        with ctx.autocast():
            for block, pair, part in zip(_blocks(ctx.rows, hidden), *parts, strict=False):
                h = ctx.rows.read(hidden, block, hidden.dtype)
                p = rest_of_softmax(_logits(h, weight, bias, ctx.without), pair)
                gradients.add(block, h, gradient(p, pair, part, ctx.mixing))
        return *gradients.times(None), None, None, None, None, None


def linear_sum(output: LinearOutput, rows: Rows, loss: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """``sum_r loss(logits_r)`` over the rows: one number, in the accumulation dtype, differentiable once.

    ``loss`` takes logits ``[B, K]`` in the accumulation dtype and the places ``[B]`` of their rows among all ``N L``;
    it returns losses ``[B]``, each of its own row, and may write gradients over the logits.

    Gradients are formed in the forward pass, where some are asked for, and multiplied with what comes in the backward
    pass: they are the same, with one product of matrices fewer, and wait in memory from the one to the other.  In
    float16 they are rounded before they are multiplied, so that a scaled loss does not save small ones.
    """
    parts = output.hidden, output.weight, output.bias
    total: Tensor = _LinearSum.apply(*parts, rows, loss, torch.is_grad_enabled())  # type: ignore[no-untyped-call]
    return total


class _LinearSum(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        rows: Rows,
        loss: Callable[[Tensor, Tensor], Tensor],
        formed: bool,
    ) -> Tensor:
        needed = ctx.needs_input_grad if formed else (False,) * 3
        total, ctx.formed = _form(hidden, weight, bias, rows, loss, needed)
        ctx.rows, ctx.loss, ctx.autocast = rows, loss, _autocast(hidden)
        ctx.save_for_backward(hidden, weight, bias)
        return total

    @staticmethod
    @differentiable_once
    def backward(ctx: Any, *upstream: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        formed = ctx.formed
        ctx.formed = None  # They become what is asked for; for a second time they are formed anew.
        if formed is None:
            hidden, weight, bias = ctx.saved_tensors
            with ctx.autocast():
                _, formed = _form(hidden, weight, bias, ctx.rows, ctx.loss, ctx.needs_input_grad)
        return *formed.times(upstream[0]), None, None, None


def _form(
    hidden: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    rows: Rows,
    loss: Callable[[Tensor, Tensor], Tensor],
    needed: Sequence[bool],
) -> tuple[Tensor, _Gradients]:
    """The sum of the losses, and its gradients, in one visit of each block."""
    total = torch.zeros((), dtype=accumulator(hidden.dtype), device=hidden.device)
    gradients = _Gradients(hidden, weight, bias, rows, needed)
    flat = hidden.reshape(-1, hidden.shape[-1])
    for block in _blocks(rows, flat):
        h = rows.read(flat, block, hidden.dtype)
        logits = _logits(h, weight, bias, None).detach()
        if not any(needed[:3]):
            total += loss(logits, rows.places(block, flat)).sum()
            continue
        with torch.enable_grad():
            part = loss(logits.requires_grad_(), rows.places(block, flat)).sum()
            [grad] = torch.autograd.grad(part, logits)
        total += part.detach()
        gradients.add(block, h, grad)
    return total, gradients


class _Gradients:
    """Those of hidden states ``[..., H]``, matrix and bias, as far as they are ``needed``."""

    def __init__(self, hidden: Tensor, weight: Tensor, bias: Tensor | None, rows: Rows, needed: Sequence[bool]) -> None:
        self._rows, self._matrix, self._shape = rows, weight, hidden.shape
        self._hidden = rows.blank(hidden.reshape(-1, hidden.shape[-1])) if needed[0] else None
        # Sums over all rows: in half precision they would lose what comes last.
        dtype = accumulator(weight.dtype)
        self._weight = torch.zeros_like(weight, dtype=dtype) if needed[1] else None
        self._bias = torch.zeros_like(bias, dtype=dtype) if needed[2] and bias is not None else None

    def add(self, block: slice, h: Tensor, grad: Tensor) -> None:
        """Hidden states ``[B, H]`` of a block and the gradient of its logits, ``[B, K]``."""
        if self._bias is not None:
            self._bias += grad.sum(0)
        grad = grad.to(h.dtype)
        if self._hidden is not None:
            self._rows.write(self._hidden, block, grad @ self._matrix)
        if self._weight is not None:
            _add_product(self._weight, grad.T, h)

    def times(self, factor: Tensor | None) -> tuple[Tensor | None, ...]:
        """All three times a number, if there is one, in their own dtype.  Only once: they are not copied."""
        hidden, dtype = self._hidden, self._matrix.dtype
        # Of a sum it is 1, and to look is quick where nothing has to wait for it.
        if factor is not None and (factor.device.type != "cpu" or float(factor) != 1):
            for part in (hidden, self._weight, self._bias):
                if part is not None:
                    part.mul_(factor)
        sums = (None if part is None else part.to(dtype) for part in (self._weight, self._bias))
        return None if hidden is None else hidden.reshape(self._shape), *sums


def _autocast(hidden: Tensor) -> Callable[[], AbstractContextManager[Any]]:
    """The state of autocast, which the backward pass, where it is another, has to have for the same logits."""
    kind = hidden.device.type
    if kind not in ("cpu", "cuda"):
        return nullcontext
    return partial(
        torch.autocast, kind, dtype=torch.get_autocast_dtype(kind), enabled=torch.is_autocast_enabled(kind)
    )


def _add_product(total: Tensor, a: Tensor, b: Tensor) -> None:
    if total.dtype == a.dtype:
        total.addmm_(a, b)
    else:
        total += a @ b


def _step(hidden: Tensor) -> int:
    return TOGETHER if hidden.device.type == "cpu" else TOGETHER_ON_DEVICE


def _blocks(rows: Rows, hidden: Tensor) -> Iterator[slice]:
    return rows.blocks(hidden, _step(hidden))


def _logits(h: Tensor, weight: Tensor, bias: Tensor | None, without: int | None) -> Tensor:
    """``[B, K]`` in the accumulation dtype."""
    z = F.linear(h, weight, bias).to(accumulator(h.dtype))
    if without is not None:
        z[:, without] = -torch.inf
    return z


__all__ = ["LinearOutput", "linear_sum", "output_sums"]
