"""Gradients that have no gradients of their own, and say so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def differentiable_once(backward: Callable[..., Any]) -> Callable[..., Any]:
    """A backward pass whose results raise a ``RuntimeError`` where a second one reaches them.

    PyTorch's own ``once_differentiable`` lets them count as constants where what comes in is one, as the gradient of a
    sum is, although they depend on the logits: a penalty on gradients would be without effect, in silence.
    """

    def once(ctx: Any, *upstream: Tensor) -> Any:
        with torch.no_grad():
            found = backward(ctx, *upstream)
        if not torch.is_grad_enabled():
            return found
        anchor = torch.zeros((), requires_grad=True)
        return tuple(_Constant.apply(anchor, part) if isinstance(part, Tensor) else part for part in found)  # type: ignore[no-untyped-call]

    return once


class _Constant(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, anchor: Tensor, value: Tensor) -> Tensor:
        return value.view_as(value)

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        raise RuntimeError("the gradients of these losses can not be differentiated: they are written in closed form")


__all__ = ["differentiable_once"]
