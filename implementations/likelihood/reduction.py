"""One number of the losses of a batch, and what that spares a linear output.

Where it is known beforehand what the losses of a batch add up to, their gradients need not wait for the backward pass:
see :func:`~unmask.implementations.kernels.linear.linear_sum`.
"""

from __future__ import annotations

from typing import Literal, Protocol, get_args

import torch
from torch import Tensor

from unmask.implementations.kernels.linear import LinearOutput, linear_sum
from unmask.implementations.kernels.rows import Rows

Reduction = Literal["none", "sum", "mean"]


class Loss(Protocol):
    """Losses ``[N]`` of an output ``[N, L, K]``, which reads the positions ``rows`` of all ``N L`` and no others.

    With ``inplace`` the backward pass writes the gradient over the output.
    """

    def __call__(
        self, output: Tensor | LinearOutput, x0: Tensor, xt: Tensor, t: Tensor, rows: Rows, inplace: bool
    ) -> Tensor:
        """Losses ``[N]``: each a sum over positions."""
        ...


def check_reduction(reduction: str) -> None:
    """``ValueError`` unless it is a :data:`Reduction`."""
    if reduction not in get_args(Reduction):
        raise ValueError(f"reduction must be one of {get_args(Reduction)}, got {reduction!r}")


def reduced(
    loss: Loss,
    output: Tensor | LinearOutput,
    x0: Tensor,
    xt: Tensor,
    t: Tensor,
    rows: Rows,
    *,
    inplace: bool,
    reduction: Reduction,
) -> Tensor:
    """The losses ``[N]``, their sum or their mean; the latter two of a linear output with three products of matrices.

    A loss is a sum over positions, and each position of ``rows`` is a batch of its own then, of one position.
    """
    if reduction == "none" or not isinstance(output, LinearOutput) or torch.compiler.is_compiling():
        losses = loss(output, x0, xt, t, rows, inplace)
        return losses if reduction == "none" else losses.sum() if reduction == "sum" else losses.mean()
    N, L = xt.shape
    clean, noisy, times = x0.reshape(-1, 1), xt.reshape(-1, 1), t.repeat_interleave(L)

    def of_rows(logits: Tensor, places: Tensor) -> Tensor:
        return loss(logits.unsqueeze(1), clean[places], noisy[places], times[places], Rows(None), True)

    total = linear_sum(output, rows, of_rows)
    return total if reduction == "sum" else total / N


__all__ = ["Loss", "Reduction", "check_reduction", "reduced"]
