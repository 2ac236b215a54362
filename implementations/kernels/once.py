"""Gradients that have no gradients of their own, and say so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def differentiable_once(backward: Callable[..., Any]) -> Callable[..., Any]:
    """A backward pass whose results raise a ``RuntimeError`` where a second one reaches them.

    PyTorch's own ``once_differentiable`` lets them count as constants where what comes in is one, as the gradient of a
    sum is, although they depend on the logits: a penalty on gradients would be without effect, in silence.  What the
    gradient depends on has to be among the saved tensors.
    """

    def once(ctx: Any, *upstream: Tensor) -> Any:
        # What the gradient depends on: a second pass that looks for a way to any of these meets the error.
        anchors: tuple[Tensor, ...] = ()
        if torch.is_grad_enabled():
            parts = (*ctx.saved_tensors, *upstream)
            anchors = tuple(v for v in parts if isinstance(v, Tensor) and v.requires_grad)
        with torch.no_grad():
            found = backward(ctx, *upstream)
        if not anchors:
            return found
        return tuple(_Constant.apply(part, *anchors) if isinstance(part, Tensor) else part for part in found)  # type: ignore[no-untyped-call]

    return once


class _Constant(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, value: Tensor, *anchors: Tensor) -> Tensor:
        return value.view_as(value)

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        raise RuntimeError("the gradients of these losses can not be differentiated: they are written in closed form")


__all__ = ["differentiable_once"]
