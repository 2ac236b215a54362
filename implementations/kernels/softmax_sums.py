r"""What losses of a denoiser need of its softmax, row by row.

Every loss of the interpolating family is a function of a few numbers of each row: ``log p`` of the clean class and of
the noisy one, and two sums over the other classes, of ``p_k`` and of ``pi_k log(1 + odds p_k/pi_k)``.  They are found
in one visit of each row.  Another visit, with the derivatives by these numbers, writes the gradient of the logits, the
only tensor of their size.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from unmask.implementations.kernels.mixing import Mixing
from unmask.implementations.kernels.once import differentiable_once
from unmask.implementations.kernels.rows import Rows, accumulator, in_triton, ruled_out


class Sums(NamedTuple):
    """Of each row ``[R]``, in the accumulation dtype.

    ``log_start`` and ``log_here`` are ``log p`` of two classes, ``others`` is the sum of ``p`` over all but these, and
    ``mixed`` the sum of a :class:`Mixing` (0 without one).
    """

    log_start: Tensor
    log_here: Tensor
    others: Tensor
    mixed: Tensor


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
        for block in rows.blocks(flat):
            z = rows.read(flat, block, dtype, without)
            place = kept[block] if kept is not None and rows.index is None else None
            p, found = visit(z, start[block], here[block], mixing, block, place)
            log_start[block], log_here[block], others[block], mixed[block] = found
            if kept is not None and place is None:
                rows.write(kept, block, p)
        ctx.rows, ctx.without, ctx.mixing, ctx.inplace, ctx.kept = rows, without, mixing, inplace, kept
        ctx.save_for_backward(flat, start, here, others)
        return log_start, log_here, others, mixed

    @staticmethod
    @differentiable_once
    def backward(ctx: Any, *upstream: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        flat, start, here, others = ctx.saved_tensors
        rows, mixing, kept = ctx.rows, ctx.mixing, ctx.kept
        ctx.kept = None  # It becomes the gradient; for a second one it is computed anew.
        if kept is not None and mixing is None:
            _scale(kept, rows, start, here, others, upstream)
            return kept, None, None, None, None, None, None
        out = kept if kept is not None else flat.detach() if ctx.inplace else rows.blank(flat)
        for block in rows.blocks(flat):
            if kept is not None:
                p = rows.read(kept, block, others.dtype)
            else:
                p = torch.softmax(rows.read(flat, block, others.dtype, ctx.without), -1)
            ids = start[block], here[block]
            grad = gradient(p, *ids, others[block], [g[block] for g in upstream], mixing, block)
            if kept is None or rows.index is not None:
                rows.write(out, block, grad)
        if ctx.inplace:
            rows.clear_others(out)
        return out, None, None, None, None, None, None


def visit(
    z: Tensor, start: Tensor, here: Tensor, mixing: Mixing | None, block: slice, out: Tensor | None = None
) -> tuple[Tensor, Sums]:
    """Softmax ``[B, K]`` (in ``out``, if given) and sums ``[B]`` of a block of logits ``[B, K]``."""
    i, h = start.unsqueeze(-1), here.unsqueeze(-1)
    p = torch.softmax(z, -1) if out is None else torch.softmax(z, -1, out=out)
    ends = p.gather(-1, i), p.gather(-1, h)
    log_start, log_here = _log(ends[0], z, p, i), _log(ends[1], z, p, h)
    # A difference from 1 has no digits where p of one class is nearly 1.
    p.scatter_(-1, i, 0.0).scatter_(-1, h, 0.0)
    others = p.sum(-1)
    mixed = torch.zeros_like(others)
    if mixing is not None:
        odds, _ = mixing.odds(block, others, i != h, *ends)
        mixed = mixing.sum_of_logs(p, odds)
    p.scatter_(-1, i, ends[0]).scatter_(-1, h, ends[1])
    return p, Sums(log_start, log_here, others, mixed)


def _log(at: Tensor, z: Tensor, p: Tensor, index: Tensor) -> Tensor:
    """``log p`` of a class: ``[B, 1]``, logits and softmax ``[B, K]``, ids ``[B, 1]``, to ``[B]``."""
    found = at.log()
    # Where p leaves the normal numbers, from the logits.
    small = at < torch.finfo(at.dtype).tiny
    if bool(small.any()):
        log_total = z.amax(-1, keepdim=True) - p.amax(-1, keepdim=True).log()
        found = torch.where(small, z.gather(-1, index) - log_total, found)
    return found.squeeze(-1)


def _scale(kept: Tensor, rows: Rows, start: Tensor, here: Tensor, others: Tensor, upstream: Any) -> None:
    """Make the gradient of the softmax that is ``kept``, where no sum but that of ``p`` is asked for."""
    by_start, by_here, by_others, _ = upstream
    place = torch.arange(kept.shape[0], device=kept.device) if rows.index is None else rows.index
    ends = kept[place, start], kept[place, here]
    level = by_others - by_others * others - by_start - by_here
    every = level if rows.index is None else level.new_zeros(kept.shape[0]).index_put((place,), level)
    kept.mul_(every.unsqueeze(-1))
    first = by_start - torch.where(start == here, 0.0, by_others * ends[0])
    for ids, more in ((start, first), (here, by_here - by_others * ends[1])):
        kept.index_put_((place, ids), kept[place, ids] + more)


def gradient(
    p: Tensor, start: Tensor, here: Tensor, others: Tensor, upstream: Any, mixing: Mixing | None, block: slice
) -> Tensor:
    """The gradient of the logits ``[B, K]``, in the place of ``p``, from ids, the sum and derivatives ``[B]``."""
    by_start, by_here, by_rest, by_mixed = upstream
    i, h = start.unsqueeze(-1), here.unsqueeze(-1)
    ends = p.gather(-1, i), p.gather(-1, h)
    at_start, at_here = (end.squeeze(-1) for end in ends)
    # Derivatives by p of the two classes, before those by the logits.
    by_first, by_second = torch.zeros_like(by_start), torch.zeros_like(by_start)
    steep: Tensor | None = None
    mean = by_share = torch.zeros_like(by_start)
    if mixing is not None:
        odds, divisor = mixing.odds(block, others, i != h, *ends)
        steep = mixing.by_shares(p, odds).scatter_(-1, i, 0.0).scatter_(-1, h, 0.0)
        by_odds = by_mixed * steep.sum(-1)
        by_divisor = -by_odds * odds / divisor
        by_away = by_divisor * mixing.away[block]
        by_rest = by_rest + by_away
        by_first = torch.where(start == here, 0.0, by_away)
        by_second = by_divisor * mixing.stay[block]
        mean, by_share = by_odds * odds, by_mixed * odds
    mean = mean + by_rest * others + by_first * at_start + by_second * at_here
    grad = p.mul_((by_rest - mean - by_start - by_here).unsqueeze(-1))
    if steep is not None:
        grad.addcmul_(steep, by_share.unsqueeze(-1))
    # The two classes have no part in by_rest; where they are one, the second stands for both.
    first = torch.where(start == here, 0.0, (by_first - by_rest) * at_start)
    grad.scatter_add_(-1, i, (by_start + first).unsqueeze(-1))
    return grad.scatter_add_(-1, h, (by_here + (by_second - by_rest) * at_here).unsqueeze(-1))


def _formula(flat: Tensor, rows: Rows, start: Tensor, here: Tensor, without: int | None, mixing: Mixing | None) -> Sums:
    """The same of whole tensors, without a loop or a choice that depends on values."""
    i, h = start.unsqueeze(-1), here.unsqueeze(-1)
    z = (flat if rows.index is None else flat.index_select(0, rows.index)).to(accumulator(flat.dtype))
    log_p = (z if without is None else ruled_out(z, without)).log_softmax(-1)
    log_start, log_here = log_p.gather(-1, i).squeeze(-1), log_p.gather(-1, h).squeeze(-1)
    p = log_p.exp()
    ends = p.gather(-1, i), p.gather(-1, h)
    p = p.scatter(-1, i, 0.0).scatter(-1, h, 0.0)
    others = p.sum(-1)
    if mixing is None:
        return Sums(log_start, log_here, others, torch.zeros_like(others))
    odds, _ = mixing.odds(slice(None), others, i != h, *ends)
    return Sums(log_start, log_here, others, mixing.total((p * mixing.inverse() * odds.unsqueeze(-1)).log1p()))


__all__ = ["Sums", "gradient", "softmax_sums", "visit"]
