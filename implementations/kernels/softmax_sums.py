r"""What losses of a denoiser need of its softmax, row by row.

Every loss of the interpolating family is a function of a few numbers of each row: ``log p`` of the clean class and of
the noisy one, and two sums over the other classes, of ``p_k`` and of ``pi_k log(1 + odds p_k/pi_k)``.  They are found
in one visit of each row.  Another visit, with the derivatives by these numbers, writes the gradient of the logits, the
only tensor of their size.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from unmask.implementations.kernels.rows import Rows, accumulator, in_triton


class Sums(NamedTuple):
    """Of each row ``[R]``, in the accumulation dtype.

    ``log_start`` and ``log_here`` are ``log p`` of two classes, ``others`` is the sum of ``p`` over all but these, and
    ``mixed`` the sum of a :class:`Mixing` (0 without one).
    """

    log_start: Tensor
    log_here: Tensor
    others: Tensor
    mixed: Tensor


class Mixing(NamedTuple):
    """``sum_k pi_k log(1 + odds p_k/pi_k)`` over all classes but two, those of ``start`` and ``here``.

    The odds of a row are ``numerator / (away (1 - p_here) + stay p_here)``.

    ``weight`` is ``pi``: a number where all classes have the same one, else ``[K]``, where 0 leaves a class out.
    ``numerator``, ``away`` and ``stay`` are ``[R]``; all in the accumulation dtype.
    """

    weight: float | Tensor
    numerator: Tensor
    away: Tensor
    stay: Tensor

    def inverse(self) -> float | Tensor:
        """``1/pi``, and 0 for a class that is left out."""
        if not isinstance(self.weight, Tensor):
            return 1 / self.weight
        counted = self.weight > 0
        return torch.where(counted, 1 / torch.where(counted, self.weight, 1.0), 0.0)

    def total(self, terms: Tensor) -> Tensor:
        """``sum_k pi_k terms_k``: ``[B, K]`` to ``[B]``."""
        return terms @ self.weight if isinstance(self.weight, Tensor) else terms.sum(-1) * self.weight


def softmax_sums(
    flat: Tensor,
    rows: Rows,
    start: Tensor,
    here: Tensor,
    *,
    without: int | None = None,
    mixing: Mixing | None = None,
    inplace: bool = False,
) -> Sums:
    """The :class:`Sums` of logits ``flat [M, K]``, differentiable once.

    ``start`` and ``here`` are class ids ``[R]``, ``without`` is a class that has no probability.  With ``inplace`` the
    backward pass writes the gradient over ``flat``.  Under ``torch.compile`` it is a plain formula, which the compiler
    turns into kernels of its own, and ``inplace`` changes nothing.
    """
    if torch.compiler.is_compiling():
        return _formula(flat, rows, start, here, without, mixing)
    if in_triton(flat):
        from unmask.implementations.kernels.triton_softmax_sums import FusedSums

        found = FusedSums.apply(flat, rows.index, start, here, without, mixing, inplace)  # type: ignore[no-untyped-call]
    else:
        found = _Sums.apply(flat, rows, start, here, without, mixing, inplace)  # type: ignore[no-untyped-call]
    return Sums(*found)


class _Sums(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        flat: Tensor,
        rows: Rows,
        start: Tensor,
        here: Tensor,
        without: int | None,
        mixing: Mixing | None,
        inplace: bool,
    ) -> tuple[Tensor, ...]:
        dtype = accumulator(flat.dtype)
        count = rows.count(flat)
        log_start, log_here, others, mixed = (torch.zeros(count, dtype=dtype, device=flat.device) for _ in range(4))
        # Where the dtype allows it, the softmax waits in the tensor whose gradient it becomes.
        waits = ctx.needs_input_grad[0] and not inplace and flat.dtype == dtype
        kept = rows.blank(flat) if waits else None
        inverse = 0.0 if mixing is None else mixing.inverse()
        for block in rows.blocks(flat):
            z = rows.read(flat, block, dtype)
            i, h = start[block, None], here[block, None]
            place = kept[block] if kept is not None and rows.index is None else None
            z, p = _softmax(z, without, place)
            log_total = z.amax(-1, keepdim=True) - p.amax(-1, keepdim=True).log()
            log_start[block] = (z.gather(-1, i) - log_total).squeeze(-1)
            log_here[block] = (z.gather(-1, h) - log_total).squeeze(-1)
            if kept is not None and place is None:
                rows.write(kept, block, p)
            ends = p.gather(-1, i), p.gather(-1, h)
            p.scatter_(-1, i, 0.0).scatter_(-1, h, 0.0)
            others[block] = p.sum(-1)
            if mixing is not None:
                odds, _ = _odds(mixing, block, others[block], i != h, *ends)
                mixed[block] = mixing.total((p * inverse).mul_(odds.unsqueeze(-1)).log1p_())
            if place is not None:
                p.scatter_(-1, i, ends[0]).scatter_(-1, h, ends[1])
        ctx.rows, ctx.without, ctx.mixing, ctx.inplace, ctx.kept = rows, without, mixing, inplace, kept
        ctx.save_for_backward(flat, start, here, others)
        return log_start, log_here, others, mixed

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *upstream: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        by_start, by_here, by_others, by_mixed = upstream
        flat, start, here, others = ctx.saved_tensors
        rows, mixing, kept = ctx.rows, ctx.mixing, ctx.kept
        ctx.kept = None  # It becomes the gradient; for a second one it is computed anew.
        out = kept if kept is not None else flat.detach() if ctx.inplace else rows.blank(flat)
        inverse = 0.0 if mixing is None else mixing.inverse()
        for block in rows.blocks(flat):
            i, h = start[block, None], here[block, None]
            if kept is not None:
                p = rows.read(kept, block, by_start.dtype)
            else:
                p = _softmax(rows.read(flat, block, by_start.dtype), ctx.without, None)[1]
            ends = p.gather(-1, i), p.gather(-1, h)
            # Derivatives by p of the two classes, and of the others, before those by the logits.
            by_ends = torch.zeros_like(by_start[block]), torch.zeros_like(by_start[block])
            by_rest = by_others[block]
            if mixing is None:
                mean = by_rest * others[block]
                grad = p.mul_((by_rest - mean - by_start[block] - by_here[block]).unsqueeze(-1))
            else:
                odds, divisor = _odds(mixing, block, others[block], i != h, *ends)
                steep = (p * inverse).mul_(odds.unsqueeze(-1)).add_(1).reciprocal_()
                steep.scatter_(-1, i, 0.0).scatter_(-1, h, 0.0)
                if isinstance(mixing.weight, Tensor):
                    steep *= mixing.weight > 0
                by_odds = by_mixed[block] * torch.linalg.vecdot(p, steep)
                by_divisor = -by_odds * odds / divisor
                by_away = by_divisor * mixing.away[block]
                by_rest = by_rest + by_away
                by_ends = torch.where(start[block] == here[block], 0.0, by_away), by_divisor * mixing.stay[block]
                mean = by_odds * odds + by_rest * others[block]
                mean = mean + sum(g * end.squeeze(-1) for g, end in zip(by_ends, ends, strict=True))
                level = by_rest - mean - by_start[block] - by_here[block]
                grad = steep.mul_((by_mixed[block] * odds).unsqueeze(-1)).add_(level.unsqueeze(-1)).mul_(p)
            # The two classes have no part in by_rest; where they are one, the second stands for both.
            own = by_ends[0] - by_rest, by_ends[1] - by_rest
            first = torch.where(start[block] == here[block], 0.0, own[0]) * ends[0].squeeze(-1)
            grad.scatter_add_(-1, i, (by_start[block] + first).unsqueeze(-1))
            grad.scatter_add_(-1, h, (by_here[block] + own[1] * ends[1].squeeze(-1)).unsqueeze(-1))
            if kept is None or rows.index is not None or mixing is not None:
                rows.write(out, block, grad)
        if ctx.inplace:
            rows.clear_others(out)
        return out, None, None, None, None, None, None


def _formula(
    flat: Tensor, rows: Rows, start: Tensor, here: Tensor, without: int | None, mixing: Mixing | None
) -> Sums:
    """The same of whole tensors, without a loop or a choice that depends on values."""
    i, h = start.unsqueeze(-1), here.unsqueeze(-1)
    z = (flat if rows.index is None else flat.index_select(0, rows.index)).to(accumulator(flat.dtype))
    log_p = (z if without is None else _ruled_out(z, without)).log_softmax(-1)
    log_start, log_here = log_p.gather(-1, i).squeeze(-1), log_p.gather(-1, h).squeeze(-1)
    p = log_p.exp()
    ends = p.gather(-1, i), p.gather(-1, h)
    p = p.scatter(-1, i, 0.0).scatter(-1, h, 0.0)
    others = p.sum(-1)
    if mixing is None:
        return Sums(log_start, log_here, others, torch.zeros_like(others))
    odds, _ = _odds(mixing, slice(None), others, i != h, *ends)
    return Sums(log_start, log_here, others, mixing.total((p * mixing.inverse() * odds.unsqueeze(-1)).log1p()))


def _softmax(z: Tensor, without: int | None, out: Tensor | None) -> tuple[Tensor, Tensor]:
    """Logits without a class, and their softmax."""
    z = z if without is None else _ruled_out(z, without)
    return z, torch.softmax(z, -1) if out is None else torch.softmax(z, -1, out=out)


def _ruled_out(z: Tensor, without: int) -> Tensor:
    return z.index_fill(-1, torch.full((1,), without, device=z.device), -math.inf)


def _odds(
    mixing: Mixing, block: slice, others: Tensor, moved: Tensor, at_start: Tensor, at_here: Tensor
) -> tuple[Tensor, Tensor]:
    """Odds ``[B]``, and what they are divided by."""
    away = others + torch.where(moved, at_start, 0.0).squeeze(-1)
    divisor = mixing.away[block] * away + mixing.stay[block] * at_here.squeeze(-1)
    return mixing.numerator[block] / divisor, divisor


__all__ = ["Mixing", "Sums", "softmax_sums"]
