"""The output of a network's last, linear layer, whose logits are never all in memory.

A loss reads them a block of rows at a time, and once more for its gradients, which go to the hidden states, the matrix
and the bias: of the order of a block and of these three, and not of ``[N, L, K]``.  Rows that the loss does not read,
such as visible tokens, are not multiplied either.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from unmask.implementations.kernels.mixing import Mixing
from unmask.implementations.kernels.rows import Rows, accumulator
from unmask.implementations.kernels.softmax_sums import Sums, gradient, softmax_sums, visit

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

    Without logits in memory there is nothing to overwrite, and ``inplace`` changes nothing.
    """
    if not isinstance(output, LinearOutput):
        flat = output.reshape(-1, output.shape[-1])
        return softmax_sums(flat, rows, start, here, without=without, mixing=mixing, inplace=inplace)
    hidden = output.hidden.reshape(-1, output.hidden.shape[-1])
    layer = output.weight, output.bias
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
        dtype = accumulator(hidden.dtype)
        sums = tuple(torch.zeros(rows.count(hidden), dtype=dtype, device=hidden.device) for _ in range(4))
        for block in _blocks(rows, hidden):
            z = _logits(rows.read(hidden, block, hidden.dtype), weight, bias, without)
            _, found = visit(z, start[block], here[block], mixing, block)
            for total, part in zip(sums, found, strict=True):
                total[block] = part
        ctx.rows, ctx.without, ctx.mixing = rows, without, mixing
        ctx.save_for_backward(hidden, weight, bias, start, here, sums[2])
        return sums

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *upstream: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        hidden, weight, bias, start, here, others = ctx.saved_tensors
        rows, needed = ctx.rows, ctx.needs_input_grad
        by_hidden = rows.blank(hidden) if needed[0] else None
        # Sums over all rows: in half precision they would lose what comes last.
        by_weight = torch.zeros_like(weight, dtype=others.dtype) if needed[1] else None
        by_bias = torch.zeros_like(bias, dtype=others.dtype) if needed[2] else None
        for block in _blocks(rows, hidden):
            h = rows.read(hidden, block, hidden.dtype)
            p = torch.softmax(_logits(h, weight, bias, ctx.without), -1)
            given = [g[block] for g in upstream]
            grad = gradient(p, start[block], here[block], others[block], given, ctx.mixing, block)
            if by_bias is not None:
                by_bias += grad.sum(0)
            grad = grad.to(hidden.dtype)
            if by_hidden is not None:
                rows.write(by_hidden, block, grad @ weight)
            if by_weight is not None:
                _add_product(by_weight, grad.T, h)
        by_weight = None if by_weight is None else by_weight.to(weight.dtype)
        by_bias = None if by_bias is None else by_bias.to(weight.dtype)
        return by_hidden, by_weight, by_bias, None, None, None, None, None


def _add_product(total: Tensor, a: Tensor, b: Tensor) -> None:
    if total.dtype == a.dtype:
        total.addmm_(a, b)
    else:
        total += a @ b


def _blocks(rows: Rows, hidden: Tensor) -> Iterator[slice]:
    step = TOGETHER if hidden.device.type == "cpu" else TOGETHER_ON_DEVICE
    count = rows.count(hidden)
    return (slice(first, min(first + step, count)) for first in range(0, count, step))


def _logits(h: Tensor, weight: Tensor, bias: Tensor | None, without: int | None) -> Tensor:
    """``[B, K]`` in the accumulation dtype."""
    z = F.linear(h, weight, bias).to(accumulator(h.dtype))
    if without is not None:
        z[:, without] = -torch.inf
    return z


__all__ = ["LinearOutput", "output_sums"]
