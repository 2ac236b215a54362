r"""The sums of :mod:`~unmask.implementations.kernels.entropy_sums` in Triton.

Forward, one program for each row that is read, in one sweep.  Backward, one program for each row of the batch: it
writes the gradient, or zeros.  With ``d = log s - log r`` a class adds ``r (e^d - 1 - d)``: near 0 a series of ``d``,
elsewhere ``s - r - r d``, which is finite as long as ``s`` is.  Rows and classes may lie at any strides.
"""

# pyright: reportMissingImports=false

from __future__ import annotations

from typing import Any

import torch
import triton.language as tl
from torch import Tensor

from unmask.implementations.kernels.once import differentiable_once
from unmask.implementations.kernels.ratios import Ratios
from unmask.implementations.kernels.rows import accumulator
from unmask.implementations.kernels.triton_arithmetic import (
    clear,
    excess,
    exp,
    jit,
    launch,
    on_device,
    places,
    vector,
)


class FusedEntropySums(torch.autograd.Function):
    """The log score at ``start`` and the sum over the other classes, ``[R]`` each, of log scores ``flat [M, K]``.

    ``index [R]`` are the rows that are read (all without it), ``start`` and ``here`` class ids ``[R]``; ``ratios`` are
    ``None`` where all of them are 0.
    """

    @staticmethod
    def forward(
        ctx: Any,
        flat: Tensor,
        index: Tensor | None,
        start: Tensor,
        here: Tensor,
        ratios: Ratios | None,
        inplace: bool,
    ) -> tuple[Tensor, Tensor]:
        """Nothing is kept but the arguments."""
        rows = flat.shape[0] if index is None else index.shape[0]
        dtype = accumulator(flat.dtype)
        start, here = start.contiguous(), here.contiguous()
        at_start, others = flat.new_empty((2, rows), dtype=dtype).unbind()
        weights: tuple[Tensor | None, ...] = (None,) * 3
        if ratios is not None:
            weight = vector(ratios.weight, at_start)
            weights = weight, weight.log(), ratios.level.contiguous()
        ctx.modes = {
            "CHOSEN": index is not None,
            "RATIOS": ratios is not None,
            "EVEN": ratios is not None and not isinstance(ratios.weight, Tensor),
            **launch(flat),
        }
        if rows > 0:
            with on_device(flat):
                _forward[(rows,)](
                    *(flat, index, start, here, *weights, at_start, others, flat.shape[1], *flat.stride()), **ctx.modes
                )
        ctx.inplace = inplace
        ctx.save_for_backward(flat, index, start, here, *weights)
        return at_start, others

    @staticmethod
    @differentiable_once
    def backward(ctx: Any, *upstream: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The gradient of ``flat``, written over it with ``inplace``."""
        flat, index, *others = ctx.saved_tensors
        out = flat.detach() if ctx.inplace else torch.empty_like(flat)
        if flat.shape[0] > 0:
            with on_device(flat):
                _backward[(flat.shape[0],)](
                    *(flat, out, places(index, flat), *others, *(v.contiguous() for v in upstream)),
                    *(flat.shape[1], *flat.stride(), *out.stride()),
                    **ctx.modes,
                )
        if ctx.inplace:
            # Autograd does not see what kernels write: a second backward pass would take gradients for scores.
            torch.autograd.graph.increment_version(flat)
        return out, None, None, None, None, None


@jit
def _scores(flat: tl.tensor, k: tl.tensor, K: int, along: tl.tensor, ACC: tl.constexpr) -> tl.tensor:
    """Of one row, the log scores of the classes ``k``."""
    return tl.load(flat + k.to(tl.int64) * along, mask=k < K, other=0.0).to(ACC)


@jit
def _gaps(
    z: tl.tensor,
    weight: tl.tensor,
    log_weight: tl.tensor,
    level: tl.tensor,
    log_level: tl.tensor,
    k: tl.tensor,
    K: int,
    EVEN: tl.constexpr,
) -> tuple[tl.tensor, tl.tensor]:
    """Ratios ``r``, and ``log s - log r`` where ``r`` is positive, else 0."""
    if EVEN:
        ratio = tl.full(k.shape, level * tl.load(weight), level.dtype)
        log_ratio = log_level + tl.load(log_weight)
    else:
        ratio = level * tl.load(weight + k, mask=k < K, other=0.0)
        log_ratio = log_level + tl.load(log_weight + k, mask=k < K, other=0.0)
    return ratio, tl.where(ratio > 0.0, z - log_ratio, 0.0)


@jit
def _forward(
    flat: tl.tensor,
    index: tl.tensor,
    start: tl.tensor,
    here: tl.tensor,
    weight: tl.tensor,
    log_weight: tl.tensor,
    levels: tl.tensor,
    at_start: tl.tensor,
    others: tl.tensor,
    K: int,
    across: tl.tensor,
    along: tl.tensor,
    CHOSEN: tl.constexpr,
    RATIOS: tl.constexpr,
    EVEN: tl.constexpr,
    ACC: tl.constexpr,
    BLOCK: tl.constexpr,
    FAST: tl.constexpr,
) -> None:
    r = tl.program_id(0).to(tl.int64)
    row = r
    if CHOSEN:
        row = tl.load(index + r)
    flat += row * across
    i, h = tl.load(start + r), tl.load(here + r)
    level = tl.zeros((), ACC)
    log_level = tl.zeros((), ACC)
    if RATIOS:
        level = tl.load(levels + r)
        log_level = tl.log(level)
    total = tl.zeros((BLOCK,), ACC)
    for first in range(0, K, BLOCK):
        k = first + tl.arange(0, BLOCK)
        z = _scores(flat, k, K, along, ACC)
        term = exp(z, FAST)
        if RATIOS:
            ratio, gap = _gaps(z, weight, log_weight, level, log_level, k, K, EVEN)
            near = (ratio > 0.0) & (tl.abs(gap) <= 1.0)
            term = tl.where(near, ratio * excess(tl.where(near, gap, 0.0)), term - ratio - ratio * gap)
        total += tl.where((k == i) | (k == h) | (k >= K), 0.0, term)
    tl.store(at_start + r, _scores(flat, i, K, along, ACC))
    tl.store(others + r, tl.sum(total, 0))


@jit
def _backward(
    flat: tl.tensor,
    out: tl.tensor,
    places: tl.tensor,
    start: tl.tensor,
    here: tl.tensor,
    weight: tl.tensor,
    log_weight: tl.tensor,
    levels: tl.tensor,
    by_start: tl.tensor,
    by_others: tl.tensor,
    K: int,
    across: tl.tensor,
    along: tl.tensor,
    out_across: tl.tensor,
    out_along: tl.tensor,
    CHOSEN: tl.constexpr,
    RATIOS: tl.constexpr,
    EVEN: tl.constexpr,
    ACC: tl.constexpr,
    BLOCK: tl.constexpr,
    FAST: tl.constexpr,
) -> None:
    row = tl.program_id(0).to(tl.int64)
    r = row
    if CHOSEN:
        r = tl.load(places + row)
    flat += row * across
    out += row * out_across
    if r < 0:
        clear(out, K, out_along, ACC, BLOCK)
    else:
        i, h = tl.load(start + r), tl.load(here + r)
        g_start, g = tl.load(by_start + r), tl.load(by_others + r)
        level = tl.zeros((), ACC)
        log_level = tl.zeros((), ACC)
        if RATIOS:
            level = tl.load(levels + r)
            log_level = tl.log(level)
        for first in range(0, K, BLOCK):
            k = first + tl.arange(0, BLOCK)
            z = _scores(flat, k, K, along, ACC)
            steep = exp(z, FAST)
            if RATIOS:
                ratio, gap = _gaps(z, weight, log_weight, level, log_level, k, K, EVEN)
                near = (ratio > 0.0) & (tl.abs(gap) <= 1.0)
                small = tl.where(near, gap, 0.0)
                steep = tl.where(near, ratio * (small + excess(small)), steep - ratio)
            # An infinite score that nothing depends on has no gradient.
            grad = tl.where(g == 0.0, 0.0, steep * g)
            grad = tl.where(k == h, 0.0, tl.where(k == i, g_start, grad))
            tl.store(out + k.to(tl.int64) * out_along, grad, mask=k < K)


__all__ = ["FusedEntropySums"]
