r"""What the score entropy needs of log scores, row by row.

Away from the clean and the noisy class, the true ratios of the interpolating family are ``r_k = level pi_k``, and each
class adds ``s_k - r_k - r_k log(s_k/r_k) = r_k (e^d - 1 - d)`` with ``d = log s_k - log r_k``.  Where a ratio is 0, as
all of them are under absorbing noise, the class adds ``s_k``.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor

from unmask.implementations.kernels.once import differentiable_once
from unmask.implementations.kernels.one_by_one import exp, one_by_one
from unmask.implementations.kernels.ratios import Ratios
from unmask.implementations.kernels.rows import TWO, Rows, accumulator, in_triton


class EntropySums(NamedTuple):
    """Of each row ``[R]``, in the accumulation dtype: the log score at the clean class, and the other classes' part."""

    at_start: Tensor
    others: Tensor


def entropy_sums(
    flat: Tensor, rows: Rows, start: Tensor, here: Tensor, ratios: Ratios | None, *, inplace: bool = False
) -> EntropySums:
    """The :class:`EntropySums` of log scores ``flat [M, K]``, differentiable once.

    ``start`` and ``here`` are class ids ``[R]``; ``ratios`` is ``None`` where they are 0.  The backward pass writes the
    gradient over ``flat`` with ``inplace``.  Rows with an upstream gradient of 0 have the gradient 0.

    Under ``torch.compile`` it is a plain formula, which the compiler turns into kernels of its own; ``inplace`` changes
    nothing then, and where a score is infinite, the gradient of its row is not a number.
    """
    if torch.compiler.is_compiling():
        return _formula(flat, rows, start, here, ratios)
    if in_triton(flat):
        from unmask.implementations.kernels.triton_entropy_sums import FusedEntropySums

        found = FusedEntropySums.apply(flat, rows.index, start, here, ratios, inplace)  # type: ignore[no-untyped-call]
    else:
        waits = not inplace and torch.is_grad_enabled()
        found = _Sums.apply(flat, rows, start, here, ratios, inplace, waits)  # type: ignore[no-untyped-call]
    return EntropySums(*found)


class _Sums(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        flat: Tensor,
        rows: Rows,
        start: Tensor,
        here: Tensor,
        ratios: Ratios | None,
        inplace: bool,
        waits: bool,
    ) -> tuple[Tensor, ...]:
        dtype = accumulator(flat.dtype)
        # Where the dtype allows it, the derivatives wait in the tensor that they become the gradient of.
        waits = waits and ctx.needs_input_grad[0] and flat.dtype == dtype
        kept = rows.blank(flat) if waits else None
        if ratios is None and rows.apart(flat):
            at_start = flat[rows.index, start].to(dtype)
            _, others = one_by_one(exp, flat, rows, torch.stack((start, here), -1), kept, dtype)
            scale = torch.ones_like(others)
        else:
            at_start, others, scale = _visit_blocks(flat, rows, start, here, ratios, kept, dtype)
        ctx.rows, ctx.ratios, ctx.inplace, ctx.kept = rows, ratios, inplace, kept
        ctx.save_for_backward(flat, start, here, scale)
        return at_start, others

    @staticmethod
    @differentiable_once
    def backward(ctx: Any, *upstream: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        by_start, by_others = upstream
        flat, start, here, scale = ctx.saved_tensors
        rows, kept = ctx.rows, ctx.kept
        ctx.kept = None  # It becomes the gradient; for a second one it is computed anew.
        by_start = torch.where(start == here, 0.0, by_start)
        if kept is not None:
            rows.scale(kept, by_others * scale)
            place = torch.arange(len(kept), device=kept.device) if rows.index is None else rows.index
            # An infinite score that nothing depends on.
            unused = place[by_others == 0]
            if unused.numel() > 0:
                kept[unused] = 0.0
            kept.index_put_((place, start), by_start)
            return kept, *[None] * 6
        out = flat.detach() if ctx.inplace else rows.blank(flat)
        for block in rows.blocks(flat, rows.step(flat, 1 if ctx.ratios is None else TWO)):
            i, h = start[block, None], here[block, None]
            z = rows.read(flat, block, scale.dtype)
            grad = _visit(z, i, h, ctx.ratios, block, None)[0].mul_((by_others * scale)[block, None])
            unused = by_others[block] == 0
            if bool(unused.any()):
                grad[unused] = 0.0
            rows.write(out, block, grad.scatter_(-1, i, by_start[block, None]))
        if ctx.inplace:
            rows.clear_others(out)
        return out, *[None] * 6


def _visit_blocks(
    flat: Tensor,
    rows: Rows,
    start: Tensor,
    here: Tensor,
    ratios: Ratios | None,
    kept: Tensor | None,
    dtype: torch.dtype,
) -> tuple[Tensor, Tensor, Tensor]:
    """All rows that are read, a block at a time; their derivatives are left in ``kept``, if given.

    Of each row ``[R]``: the log score at the clean class, the sum over the others, and a factor of its derivatives.
    """
    at_start, others, scale = (torch.zeros(rows.count(flat), dtype=dtype, device=flat.device) for _ in range(3))
    for block in rows.blocks(flat, rows.step(flat, 1 if ratios is None else TWO)):
        z = rows.read(flat, block, dtype)
        at_start[block] = z.gather(-1, start[block, None]).squeeze(-1)
        place = rows.place(kept, block) if kept is not None else None
        steep, scale[block], others[block] = _visit(z, start[block, None], here[block, None], ratios, block, place)
        if kept is not None and place is None:
            rows.write(kept, block, steep)
    return at_start, others, scale


def _formula(flat: Tensor, rows: Rows, start: Tensor, here: Tensor, ratios: Ratios | None) -> EntropySums:
    """The same of whole tensors, without a loop or a choice that depends on values."""
    i, h = start.unsqueeze(-1), here.unsqueeze(-1)
    z = (flat if rows.index is None else flat.index_select(0, rows.index)).to(accumulator(flat.dtype))
    at_start = z.gather(-1, i).squeeze(-1)
    at_start = torch.where(start == here, at_start.detach(), at_start)
    score = z.exp()
    if ratios is None:
        terms = score
    else:
        ratio = ratios.level.unsqueeze(-1) * ratios.weight
        positive = ratio > 0
        gap = z - torch.where(positive, ratio, 1.0).log()
        near = positive & (gap <= 1)
        small = torch.where(near, gap, 0.0)
        # e^d may leave the range of float32 where the score r e^d does not.
        far = score - ratio - ratio * torch.where(near | ~positive, 0.0, gap)
        terms = torch.where(near, ratio * (torch.expm1(small) - small), far)
    return EntropySums(at_start, terms.scatter(-1, i, 0.0).scatter(-1, h, 0.0).sum(-1))


def _visit(
    z: Tensor, i: Tensor, h: Tensor, ratios: Ratios | None, block: slice, out: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Of a block, the derivatives ``[B, K]`` of the sum over all classes but two, 0 at those, what they are to be
    multiplied with, ``[B]``, and the sum ``[B]``.  With ``out`` the derivatives are written there.
    """
    if ratios is None:
        steep = _scores(z, i, h, out)
        total = steep.sum(-1)
        return steep, torch.ones_like(total), total
    level = ratios.level[block, None]
    steep, scale, total = _gaps(z, i, h, ratios.weight, level, out)
    # One look at a number where there is nothing to find.
    if math.isfinite(float(total.sum())):
        return steep, scale, total
    zero = (level == 0).squeeze(-1)
    if bool(zero.any()):
        scores = _scores(z[zero], i[zero], h[zero], None)
        steep[zero], scale[zero], total[zero] = scores, torch.ones_like(scale[zero]), scores.sum(-1)
    # e^d may leave the range of float32 where the score r e^d does not.
    large = ~total.isfinite() & ~zero
    if bool(large.any()):
        weight = ratios.weight.double() if isinstance(ratios.weight, Tensor) else ratios.weight
        exact = _gaps(z[large].double(), i[large], h[large], weight, level[large].double(), None)
        steep[large] = (exact[0] * exact[1].unsqueeze(-1)).to(z.dtype)
        scale[large], total[large] = torch.ones_like(scale[large]), exact[2].to(z.dtype)
    return steep, scale, total


def _scores(z: Tensor, i: Tensor, h: Tensor, out: Tensor | None) -> Tensor:
    return torch.exp(z, out=out).scatter_(-1, i, 0.0).scatter_(-1, h, 0.0)


def _gaps(
    z: Tensor, i: Tensor, h: Tensor, weight: float | Tensor, level: Tensor, out: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """``e^d - 1``, times ``pi`` where that is no number, a factor of each row, and the sum of ``r (e^d - 1 - d)``, with
    nothing at the two classes.
    """
    if not isinstance(weight, Tensor):
        ratio = level * weight
        gap = (z - ratio.log()).scatter_(-1, i, 0.0).scatter_(-1, h, 0.0)
        steep, ratio = torch.expm1(gap, out=out), ratio.squeeze(-1)
        return steep, ratio, ratio * torch.sub(steep, gap, out=gap).sum(-1)
    none = weight == 0
    safe = torch.where(none, 1.0, weight)
    gap = (z - (level.log() + safe.log())).scatter_(-1, i, 0.0).scatter_(-1, h, 0.0).masked_fill_(none, 0.0)
    steep = torch.expm1(gap, out=out)
    total, scale = level.squeeze(-1) * (torch.sub(steep, gap, out=gap) @ weight), level.squeeze(-1)
    steep.mul_(weight)
    if bool(none.any()):
        # Their scores are not in units of the level.
        scores = _scores(z, i, h, None).masked_fill_(~none, 0.0)
        steep, scale, total = steep.mul_(level).add_(scores), torch.ones_like(scale), total + scores.sum(-1)
    return steep, scale, total


__all__ = ["EntropySums", "entropy_sums"]
