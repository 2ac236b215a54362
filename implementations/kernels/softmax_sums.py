r"""What losses of a denoiser need of its softmax, row by row.

Every loss of the interpolating family is a function of a few numbers of each row: ``log p`` of the clean class and of
the noisy one, and two sums over the other classes, of ``p_k`` and of ``pi_k log(1 + odds p_k/pi_k)``.  They are found
in one visit of each row.  Another visit, with the derivatives by these numbers, writes the gradient of the logits, the
only tensor of their size.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import Any, NamedTuple

import torch
from torch import Tensor

from unmask.implementations.kernels.mixing import Mixing, Odds
from unmask.implementations.kernels.once import differentiable_once
from unmask.implementations.kernels.one_by_one import one_by_one, softmax
from unmask.implementations.kernels.rows import TWO, Rows, accumulator, in_triton, ruled_out

#: What has to remain of a softmax without a class, to be divided by: less has lost small numbers.
LEFT = 2.0**-10


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
        waits = not inplace and torch.is_grad_enabled()
        found = _Sums.apply(flat, rows, start, here, without, mixing, inplace, waits)  # type: ignore[no-untyped-call]
    return Sums(*found)


class Visited(NamedTuple):
    """What is found in a visit of rows: ``log p`` and ``p`` of two classes, ``[R, 2]``, and two sums, ``[R]``."""

    logs: Tensor
    ends: Tensor
    others: Tensor
    mixed: Tensor

    @classmethod
    def of(cls, blocks: Iterable[Visited], like: Tensor) -> Visited:
        """Of all blocks together, in the dtype and on the device of ``like``."""
        pair, one = like.new_zeros(0, 2), like.new_zeros(0)
        return cls(*map(torch.cat, zip((pair, pair, one, one), *blocks, strict=True)))

    def sums(self) -> Sums:
        """What is told of them."""
        return Sums(self.logs[:, 0].clone(), self.logs[:, 1].clone(), self.others, self.mixed)


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
        waits: bool,
    ) -> tuple[Tensor, ...]:
        dtype, ids = accumulator(flat.dtype), torch.stack((start, here), -1)
        # Where the dtype allows it, the softmax waits in the tensor whose gradient it becomes.
        waits = waits and ctx.needs_input_grad[0] and flat.dtype == dtype
        kept = rows.blank(flat) if waits else None
        if mixing is None and rows.apart(flat):
            every, ctx.divisor = _visit_apart(flat, rows, ids, without, kept, dtype)
        else:
            every, ctx.divisor = _visit_blocks(flat, rows, ids, without, mixing, kept, dtype), None
        ctx.rows, ctx.without, ctx.mixing, ctx.inplace, ctx.kept = rows, without, mixing, inplace, kept
        ctx.save_for_backward(flat, ids, *every)
        return every.sums()

    @staticmethod
    @differentiable_once
    def backward(ctx: Any, *upstream: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        flat, ids, *found = ctx.saved_tensors
        rows, kept = ctx.rows, ctx.kept
        ctx.kept = None  # It becomes the gradient; for a second one it is computed anew.
        slopes = Slopes.of(Visited(*found), ids, upstream, ctx.mixing)
        if kept is not None and ctx.mixing is None:
            _scale(kept, rows, ids, slopes.fixed, ctx.divisor)
            return kept, *[None] * 7
        out = kept if kept is not None else flat.detach() if ctx.inplace else rows.blank(flat)
        step = rows.step(flat, 1 if ctx.mixing is None else TWO)
        for block, pair, part in zip(rows.blocks(flat, step), torch.split(ids, step), slopes.split(step), strict=False):
            if kept is not None:
                p = rows.read(kept, block, kept.dtype)
            else:
                p = rest_of_softmax(rows.read(flat, block, slopes.fixed.dtype, ctx.without), pair)
            grad = gradient(p, pair, part, ctx.mixing)
            if kept is None or rows.place(kept, block) is None:
                rows.write(out, block, grad)
        if ctx.inplace:
            rows.clear_others(out)
        return out, *[None] * 7


def _visit_blocks(
    flat: Tensor,
    rows: Rows,
    ids: Tensor,
    without: int | None,
    mixing: Mixing | None,
    kept: Tensor | None,
    dtype: torch.dtype,
) -> Visited:
    """All rows that are read, a block at a time; their softmax is left in ``kept``, if given."""
    found, step = [], rows.step(flat, 1 if mixing is None else TWO)
    for block, pair, odds in zip(rows.blocks(flat, step), *per_block(ids, mixing, step), strict=False):
        z = rows.read(flat, block, dtype, without)
        place = rows.place(kept, block) if kept is not None else None
        p, part = visit(z, pair, mixing, odds, place)
        found.append(part)
        if kept is not None and place is None:
            rows.write(kept, block, p)
    return Visited.of(found, torch.zeros((), dtype=dtype, device=flat.device))


def _visit_apart(
    flat: Tensor, rows: Rows, ids: Tensor, without: int | None, kept: Tensor | None, dtype: torch.dtype
) -> tuple[Visited, Tensor | None]:
    """The same where no logarithms are summed, row by row, and what ``kept`` has yet to be divided by, ``[R]``.

    A class is left out after the softmax, since a copy of each row would take as long: what remains is divided by its
    sum.  Where that is next to nothing, or a number of a row leaves the normal ones, the row is visited again.
    """
    counted, divisor = torch.ones_like(ids, dtype=torch.bool), None
    if without is None:
        ends, others = one_by_one(softmax, flat, rows, ids, kept, dtype)
    else:
        three = torch.cat((ids, torch.full_like(ids[:, :1], without)), -1)
        ends, others = one_by_one(softmax, flat, rows, three, kept, dtype)
        counted = ids != without
        ends = torch.where(counted, ends[:, :2], 0.0)
        # The second class may be the first one.
        divisor = others + ends[:, 0] + torch.where(ids[:, 0] == ids[:, 1], 0.0, ends[:, 1])
        ends, others = ends / divisor.unsqueeze(-1), others / divisor
    every = Visited(ends.log(), ends, others, torch.zeros_like(others))
    again = (counted & ~(ends >= torch.finfo(dtype).tiny)).any(-1)
    if divisor is not None:
        again |= ~(divisor >= LEFT)
    for place in again.nonzero().squeeze(-1).tolist():
        block = slice(place, place + 1)
        z = rows.read(flat, block, dtype, without)
        _, part = visit(z, ids[block], None, None, rows.place(kept, block) if kept is not None else None)
        for whole, one in zip(every, part, strict=True):
            whole[block] = one
        if divisor is not None:
            divisor[block] = 1.0
    return every, divisor


def per_block(ids: Tensor, mixing: Mixing | None, step: int) -> tuple[Iterable[Tensor], Iterable[Odds | None]]:
    """Of blocks of so many rows: two classes of each, ``[B, 2]``, and what their odds are made of."""
    return torch.split(ids, step), repeat(None) if mixing is None else mixing.odds(ids[:, 0] == ids[:, 1]).split(step)


def visit(
    z: Tensor, ids: Tensor, mixing: Mixing | None, odds: Odds | None, out: Tensor | None = None
) -> tuple[Tensor, Visited]:
    """Softmax ``[B, K]`` (in ``out``, if given) of a block of logits ``[B, K]``; 0 at the classes ``ids [B, 2]``."""
    p = torch.softmax(z, -1) if out is None else torch.softmax(z, -1, out=out)
    ends = p.gather(-1, ids)
    logs = ends.log()
    # Where p leaves the normal numbers, from the logits.
    small = ends < torch.finfo(ends.dtype).tiny
    # On other devices a look would synchronize.
    if not small.is_cpu or bool(small.any()):
        log_total = z.amax(-1, keepdim=True) - p.amax(-1, keepdim=True).log()
        logs = torch.where(small, z.gather(-1, ids) - log_total, logs)
    # A difference from 1 has no digits where p of one class is nearly 1.
    p.scatter_(-1, ids, 0.0)
    others = p.sum(-1)
    if mixing is None or odds is None:
        return p, Visited(logs, ends, others, torch.zeros_like(others))
    return p, Visited(logs, ends, others, mixing.sum_of_logs(p, odds.of(others, ends)[0]))


def rest_of_softmax(z: Tensor, ids: Tensor) -> Tensor:
    """Softmax of logits ``[B, K]``, with 0 at the classes ``ids [B, 2]``."""
    return torch.softmax(z, -1).scatter_(-1, ids, 0.0)


class Slopes(NamedTuple):
    """What makes gradients of a softmax.

    ``fixed [R, 3]`` is what ``p`` of most classes is multiplied with, and the gradients of two; where logarithms are
    summed, ``by_steep [R, 3]`` times the sum of ``p_k / (1 + odds p_k/pi_k)`` is added to them, and each of these terms
    times ``by_share`` to the gradient of its class, ``[R]`` as ``odds``.
    """

    fixed: Tensor
    by_steep: Tensor | None = None
    odds: Tensor | None = None
    by_share: Tensor | None = None

    @classmethod
    def of(cls, found: Visited, ids: Tensor, upstream: Sequence[Tensor], mixing: Mixing | None) -> Slopes:
        """From what was found, and derivatives by the :class:`Sums`: ``[R]`` each."""
        by_start, by_here, by_rest, by_mixed = upstream
        others, at_here, same = found.others, found.ends[:, 1], ids[:, 0] == ids[:, 1]
        at_start = torch.where(same, 0.0, found.ends[:, 0])
        # All p add up to 1: from sums of the others, since a difference from 1 would lose the digits.
        level = by_rest * (at_start + at_here) - by_start - by_here
        start = by_start * (others + at_here) - at_start * (by_rest * others + by_here)
        here = by_here * (others + at_start) - at_here * (by_rest * others + by_start)
        one = (by_start + by_here) * others - at_here * by_rest * others
        fixed = torch.stack((level, torch.where(same, one, start), torch.where(same, one, here)), -1)
        if mixing is None:
            return cls(fixed)
        odds, divisor = mixing.odds(same).of(others, found.ends)
        by_share = by_mixed * odds
        # Near the end of time, what the sum of next to nothing is multiplied with leaves the range of float32.
        by_share_over = by_share.double() / divisor
        by_away, by_stay = -by_share_over * mixing.away, -by_share_over * mixing.stay
        at_here, at_start = at_here * by_stay, at_start.double()
        by_steep = torch.stack((by_away, torch.where(same, at_here, at_start * by_away), at_here), -1)
        return cls(fixed, by_steep, odds, by_share)

    def split(self, step: int) -> Iterator[Slopes]:
        """Of blocks of so many rows."""
        return map(Slopes, *(torch.split(part, step) for part in self if part is not None))


def gradient(p: Tensor, ids: Tensor, slopes: Slopes, mixing: Mixing | None) -> Tensor:
    """The gradient of the logits ``[B, K]``, in the place of a softmax ``p`` with 0 at the classes ``ids [B, 2]``."""
    fixed, by_steep, odds, by_share = slopes
    if mixing is None or by_steep is None or odds is None or by_share is None:
        return p.mul_(fixed[:, :1]).scatter_(-1, ids, fixed[:, 1:])
    steep = mixing.by_shares(p, odds)
    found = (fixed + by_steep * steep.sum(-1, keepdim=True)).to(p.dtype)
    p.mul_(found[:, :1]).addcmul_(steep, by_share.unsqueeze(-1))
    return p.scatter_(-1, ids, found[:, 1:])


def _scale(kept: Tensor, rows: Rows, ids: Tensor, found: Tensor, divisor: Tensor | None) -> None:
    """:func:`gradient` of all rows at once, where no logarithms are summed; a softmax may have a divisor of its own."""
    level, ends = found[:, 0], found[:, 1:]
    rows.scale(kept, level if divisor is None else level / divisor)
    if rows.index is None:
        kept.scatter_(-1, ids, ends)
    else:
        kept.index_put_((rows.index.unsqueeze(-1), ids), ends)


def _formula(flat: Tensor, rows: Rows, start: Tensor, here: Tensor, without: int | None, mixing: Mixing | None) -> Sums:
    """The same of whole tensors, without a loop or a choice that depends on values."""
    i, h = start.unsqueeze(-1), here.unsqueeze(-1)
    z = (flat if rows.index is None else flat.index_select(0, rows.index)).to(accumulator(flat.dtype))
    log_p = (z if without is None else ruled_out(z, without)).log_softmax(-1)
    log_start, log_here = log_p.gather(-1, i).squeeze(-1), log_p.gather(-1, h).squeeze(-1)
    p = log_p.exp()
    ends = torch.cat((p.gather(-1, i), p.gather(-1, h)), -1)
    p = p.scatter(-1, i, 0.0).scatter(-1, h, 0.0)
    others = p.sum(-1)
    if mixing is None:
        return Sums(log_start, log_here, others, torch.zeros_like(others))
    odds, _ = mixing.odds(start == here).of(others, ends)
    return Sums(log_start, log_here, others, mixing.total((p * mixing.inverse() * odds.unsqueeze(-1)).log1p()))


__all__ = ["Slopes", "Sums", "Visited", "gradient", "per_block", "rest_of_softmax", "softmax_sums", "visit"]
