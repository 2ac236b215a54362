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
from torch.autograd.function import once_differentiable

from unmask.implementations.kernels.rows import Rows, accumulator, in_triton


class Ratios(NamedTuple):
    """``r_k = level pi_k``, not negative, in the accumulation dtype.

    ``weight`` is ``pi``, a number where all classes have the same one, else ``[K]``; ``level`` is ``[R]``.
    """

    weight: float | Tensor
    level: Tensor


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
        found = _Sums.apply(flat, rows, start, here, ratios, inplace)  # type: ignore[no-untyped-call]
    return EntropySums(*found)


class _Sums(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, flat: Tensor, rows: Rows, start: Tensor, here: Tensor, ratios: Ratios | None, inplace: bool
    ) -> tuple[Tensor, ...]:
        dtype = accumulator(flat.dtype)
        at_start, others = (torch.zeros(rows.count(flat), dtype=dtype, device=flat.device) for _ in range(2))
        waits = ctx.needs_input_grad[0] and not inplace and flat.dtype == dtype
        kept = rows.blank(flat) if waits else None
        for block in rows.blocks(flat):
            z = rows.read(flat, block, dtype)
            at_start[block] = z.gather(-1, start[block, None]).squeeze(-1)
            steep, others[block] = _visit(z, start[block, None], here[block, None], ratios, block)
            if kept is not None:
                rows.write(kept, block, steep)
        ctx.rows, ctx.ratios, ctx.inplace, ctx.kept = rows, ratios, inplace, kept
        ctx.save_for_backward(flat, start, here)
        return at_start, others

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *upstream: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        by_start, by_others = upstream
        flat, start, here = ctx.saved_tensors
        rows, kept = ctx.rows, ctx.kept
        ctx.kept = None  # It becomes the gradient; for a second one it is computed anew.
        out = kept if kept is not None else flat.detach() if ctx.inplace else rows.blank(flat)
        for block in rows.blocks(flat):
            i, h = start[block, None], here[block, None]
            if kept is not None:
                steep = rows.read(kept, block, by_start.dtype)
            else:
                steep, _ = _visit(rows.read(flat, block, by_start.dtype), i, h, ctx.ratios, block)
            g = by_others[block, None]
            grad = steep.mul_(g)
            # An infinite score that nothing depends on.
            unused = (g == 0).squeeze(-1)
            grad = grad.masked_fill_(unused.unsqueeze(-1), 0.0) if bool(unused.any()) else grad
            grad.scatter_add_(-1, i, by_start[block, None]).scatter_(-1, h, 0.0)
            if kept is None or rows.index is not None:
                rows.write(out, block, grad)
        if ctx.inplace:
            rows.clear_others(out)
        return out, None, None, None, None, None


def _visit(z: Tensor, i: Tensor, h: Tensor, ratios: Ratios | None, block: slice) -> tuple[Tensor, Tensor]:
    """Of a block, the derivatives ``[B, K]`` of the sum over all classes but two, 0 at those, and the sum ``[B]``."""
    if ratios is None:
        return _scores(z, i, h)
    level = ratios.level[block, None]
    steep, total, most = _gaps(z, i, h, ratios.weight, level)
    zero = (level == 0).flatten().nonzero().squeeze(-1)
    if zero.numel() > 0:
        steep[zero], total[zero] = _scores(z[zero], i[zero], h[zero])
    # e^d may leave the range of float32 where the score r e^d does not.
    large = ((most > math.log(torch.finfo(z.dtype).max)) & (level.squeeze(-1) > 0)).nonzero().squeeze(-1)
    if large.numel() > 0:
        weight = ratios.weight.double() if isinstance(ratios.weight, Tensor) else ratios.weight
        exact = _gaps(z[large].double(), i[large], h[large], weight, level[large].double())
        steep[large], total[large] = exact[0].to(z.dtype), exact[1].to(z.dtype)
    return steep, total


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


def _scores(z: Tensor, i: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
    steep = z.exp().scatter_(-1, i, 0.0).scatter_(-1, h, 0.0)
    return steep, steep.sum(-1)


def _gaps(z: Tensor, i: Tensor, h: Tensor, weight: float | Tensor, level: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """``r (e^d - 1)``, the sum of ``r (e^d - 1 - d)``, and the largest ``d``, with nothing at the two classes."""
    if not isinstance(weight, Tensor):
        ratio = level * weight
        gap = (z - ratio.log()).scatter_(-1, i, 0.0).scatter_(-1, h, 0.0)
        most, steep = gap.amax(-1), torch.expm1(gap)
        total = ratio.squeeze(-1) * torch.sub(steep, gap, out=gap).sum(-1)
        return steep.mul_(ratio), total, most
    none = weight == 0
    safe = torch.where(none, 1.0, weight)
    gap = (z - (level.log() + safe.log())).scatter_(-1, i, 0.0).scatter_(-1, h, 0.0).masked_fill_(none, 0.0)
    most, steep = gap.amax(-1), torch.expm1(gap)
    total = level.squeeze(-1) * (torch.sub(steep, gap, out=gap) @ weight)
    steep.mul_(level * weight)
    if bool(none.any()):
        scores = _scores(z, i, h)[0].masked_fill_(~none, 0.0)
        steep, total = steep.add_(scores), total + scores.sum(-1)
    return steep, total, most


__all__ = ["EntropySums", "Ratios", "entropy_sums"]
