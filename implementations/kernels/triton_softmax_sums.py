r"""The sums of :mod:`~unmask.implementations.kernels.softmax_sums` in Triton.

Forward, one program for each row that is read: its maximum and sums in one sweep, rescaled whenever the maximum grows,
and ``mixed`` in a second one, when the row is in the cache, since its odds depend on the first.  The maximum and the
sum of each row are kept.  Backward, one program for each row of the batch: it writes the gradient, or zeros.  Nothing
is written twice, no program waits for another, and so equal inputs give equal bits.  Rows and classes may lie at any
strides.
"""

# pyright: reportMissingImports=false

from __future__ import annotations

from typing import Any

import torch
import triton.language as tl
from torch import Tensor

from unmask.implementations.kernels.mixing import Mixing
from unmask.implementations.kernels.once import differentiable_once
from unmask.implementations.kernels.rows import accumulator
from unmask.implementations.kernels.triton_arithmetic import (
    clear,
    exp,
    jit,
    launch,
    log1p,
    on_device,
    places,
    vector,
)


class FusedSums(torch.autograd.Function):
    """``log_start``, ``log_here``, ``others`` and ``mixed``, ``[R]`` each, of logits ``flat [M, K]``.

    ``index [R]`` are the rows that are read (all without it), ``start`` and ``here`` class ids ``[R]``, ``without`` a
    class that has no probability.
    """

    @staticmethod
    def forward(
        ctx: Any,
        flat: Tensor,
        index: Tensor | None,
        start: Tensor,
        here: Tensor,
        without: tl.tensor | None,
        mixing: Mixing | None,
        inplace: bool,
    ) -> tuple[Tensor, ...]:
        """Of each row also its maximum, and the sum of ``e^(z - maximum)``, are kept."""
        rows = flat.shape[0] if index is None else index.shape[0]
        dtype = accumulator(flat.dtype)
        start, here = start.contiguous(), here.contiguous()
        log_start, log_here, others, top, total = flat.new_empty((5, rows), dtype=dtype).unbind()
        mixed = flat.new_zeros(rows, dtype=dtype)
        weights: tuple[Tensor | None, ...] = (None,) * 4
        if mixing is not None:
            per_row = (v.contiguous() for v in (mixing.numerator, mixing.away, mixing.stay))
            weights = vector(mixing.weight, top), *per_row
        ctx.modes = {
            "without": -1 if without is None else without,
            "CHOSEN": index is not None,
            "MIXED": mixing is not None,
            "EVEN": mixing is not None and not isinstance(mixing.weight, Tensor),
            **launch(flat),
        }
        if rows > 0:
            with on_device(flat):
                _forward[(rows,)](
                    *(flat, index, start, here, *weights, log_start, log_here, others, mixed, top, total),
                    *(flat.shape[1], *flat.stride()),
                    **ctx.modes,
                )
        ctx.inplace = inplace
        ctx.save_for_backward(flat, index, start, here, *weights, log_start, log_here, others, top, total)
        return log_start, log_here, others, mixed

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
            # Autograd does not see what kernels write: a second backward pass would take gradients for logits.
            torch.autograd.graph.increment_version(flat)
        return out, None, None, None, None, None, None


@jit
def _logits(
    flat: tl.tensor, k: tl.tensor, K: int, along: tl.tensor, without: tl.tensor, ACC: tl.constexpr
) -> tl.tensor:
    """Of one row, those of the classes ``k``, ``-inf`` where there is none."""
    z = tl.load(flat + k.to(tl.int64) * along, mask=k < K, other=float("-inf")).to(ACC)
    # Not in the mask of the load, which must not tell neighbors apart: they are read in one instruction.
    return tl.where(k == without, float("-inf"), z)


@jit
def _weights(weight: tl.tensor, k: tl.tensor, K: int, EVEN: tl.constexpr) -> tuple[tl.tensor, tl.tensor]:
    """``pi`` and ``1/pi``, both 0 for a class that is left out."""
    if EVEN:
        number = tl.load(weight)
        pi, inverse = tl.full(k.shape, number, number.dtype), tl.full(k.shape, 1.0 / number, number.dtype)
    else:
        pi = tl.load(weight + k, mask=k < K, other=0.0)
        inverse = tl.where(pi > 0.0, 1.0 / tl.where(pi > 0.0, pi, 1.0), 0.0)
    return pi, inverse


@jit
def _forward(
    flat: tl.tensor,
    index: tl.tensor,
    start: tl.tensor,
    here: tl.tensor,
    weight: tl.tensor,
    numerator: tl.tensor,
    away: tl.tensor,
    stay: tl.tensor,
    log_start: tl.tensor,
    log_here: tl.tensor,
    others: tl.tensor,
    mixed: tl.tensor,
    tops: tl.tensor,
    totals: tl.tensor,
    K: int,
    across: tl.tensor,
    along: tl.tensor,
    without: tl.tensor,
    CHOSEN: tl.constexpr,
    MIXED: tl.constexpr,
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
    z_start, z_here = _logits(flat, i, K, along, without, ACC), _logits(flat, h, K, along, without, ACC)
    top = tl.maximum(z_start, z_here)
    rest = tl.zeros((BLOCK,), ACC)
    for first in range(0, K, BLOCK):
        k = first + tl.arange(0, BLOCK)
        z = _logits(flat, k, K, along, without, ACC)
        new = tl.maximum(top, tl.max(z, 0))
        # While all have been -inf, no difference of two is a number.
        anchor = tl.where(new == float("-inf"), 0.0, new)
        e = tl.where((k == i) | (k == h), 0.0, exp(z - anchor, FAST))
        rest = rest * exp(top - anchor, FAST) + e
        top = new
    e_start, e_here = exp(z_start - top, FAST), exp(z_here - top, FAST)
    e_rest = tl.sum(rest, 0)
    total = e_rest + e_here + tl.where(i == h, 0.0, e_start)
    log_total = tl.log(total)
    tl.store(log_start + r, z_start - top - log_total)
    tl.store(log_here + r, z_here - top - log_total)
    unit = 1.0 / total
    tl.store(others + r, e_rest * unit)
    tl.store(tops + r, top)
    tl.store(totals + r, total)
    if MIXED:
        # Of e^(z - top), not of p.
        divisor = tl.load(away + r) * (e_rest + tl.where(i == h, 0.0, e_start)) + tl.load(stay + r) * e_here
        odds = tl.load(numerator + r) / (divisor * unit)
        sums = tl.zeros((BLOCK,), ACC)
        for first in range(0, K, BLOCK):
            k = first + tl.arange(0, BLOCK)
            p = exp(_logits(flat, k, K, along, without, ACC) - top, FAST) * unit
            pi, inverse = _weights(weight, k, K, EVEN)
            term = pi * log1p(p * inverse * odds)
            sums += tl.where((k == i) | (k == h) | (k >= K), 0.0, term)
        tl.store(mixed + r, tl.sum(sums, 0))


@jit
def _backward(
    flat: tl.tensor,
    out: tl.tensor,
    places: tl.tensor,
    start: tl.tensor,
    here: tl.tensor,
    weight: tl.tensor,
    numerator: tl.tensor,
    away: tl.tensor,
    stay: tl.tensor,
    log_start: tl.tensor,
    log_here: tl.tensor,
    others: tl.tensor,
    tops: tl.tensor,
    totals: tl.tensor,
    by_start: tl.tensor,
    by_here: tl.tensor,
    by_others: tl.tensor,
    by_mixed: tl.tensor,
    K: int,
    across: tl.tensor,
    along: tl.tensor,
    out_across: tl.tensor,
    out_along: tl.tensor,
    without: tl.tensor,
    CHOSEN: tl.constexpr,
    MIXED: tl.constexpr,
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
        top, unit = tl.load(tops + r), 1.0 / tl.load(totals + r)
        # The logits of the two classes are not read again: other threads may have written over them.
        p_here, rest = exp(tl.load(log_here + r), FAST), tl.load(others + r)
        p_start = tl.where(i == h, 0.0, exp(tl.load(log_start + r), FAST))
        g_start, g_here, g_rest = tl.load(by_start + r), tl.load(by_here + r), tl.load(by_others + r)
        # 1 - p of each class and 1 - rest are sums of what is left: subtraction would lose the digits.
        level = g_rest * (p_start + p_here)
        at_start = -g_rest * rest
        at_here = -g_rest * rest
        gain = tl.zeros((), ACC)
        odds = tl.zeros((), ACC)
        if MIXED:
            a, s = tl.load(away + r), tl.load(stay + r)
            divisor = a * (rest + p_start) + s * p_here
            odds = tl.load(numerator + r) / divisor
            sums = tl.zeros((BLOCK,), ACC)
            for first in range(0, K, BLOCK):
                k = first + tl.arange(0, BLOCK)
                p = exp(_logits(flat, k, K, along, without, ACC) - top, FAST) * unit
                pi, inverse = _weights(weight, k, K, EVEN)
                steep = p / (p * inverse * odds + 1.0)
                sums += tl.where((k == i) | (k == h) | (k >= K) | (pi == 0.0), 0.0, steep)
            by_odds = tl.load(by_mixed + r) * tl.sum(sums, 0)
            by_divisor = -by_odds * odds / divisor
            # Derivatives by p, from which their mean is subtracted.
            both = by_divisor * (a - s)
            level += both * p_here - by_odds * odds
            at_start += both * p_here - by_odds * odds
            at_here += -both * (rest + p_start) - by_odds * odds
            gain = tl.load(by_mixed + r) * odds
        level -= g_start + g_here
        at_start = p_start * (at_start - g_here) + g_start * (rest + p_here)
        if i == h:
            at_here = p_here * at_here + (g_start + g_here) * rest
        else:
            at_here = p_here * (at_here - g_start) + g_here * (rest + p_start)
        for first in range(0, K, BLOCK):
            k = first + tl.arange(0, BLOCK)
            p = exp(_logits(flat, k, K, along, without, ACC) - top, FAST) * unit
            grad = p * level
            if MIXED:
                pi, inverse = _weights(weight, k, K, EVEN)
                steep = tl.where(pi == 0.0, 0.0, gain / (p * inverse * odds + 1.0))
                grad = p * (level + steep)
            grad = tl.where(k == h, at_here, tl.where(k == i, at_start, grad))
            tl.store(out + k.to(tl.int64) * out_along, grad, mask=k < K)


__all__ = ["FusedSums"]
