r"""Draws of SEDD's steps over the interpolating family, in two stages.

First, for each position that may move, whether it does: of its scores that takes their sum, and no tensor of their
size.  Then, for those that move, where to: only these rows become weights of a draw.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from unmask.implementations.kernels.rows import Rows, chosen
from unmask.implementations.likelihood.rates import before_end
from unmask.implementations.likelihood.score_entropy import active_rows
from unmask.implementations.noise.interpolating import Interpolating
from unmask.implementations.numbers import checks
from unmask.implementations.numbers.categorical import invert, uniforms
from unmask.implementations.numbers.logspace import accumulator


class Tweedie:
    """The analytic step of chosen rows, its negative entries counted as 0."""

    def __init__(self, process: Interpolating, xt: Tensor, s: Tensor, t: Tensor, rows: Rows) -> None:
        schedule = process.schedule
        self.prior, self.point = process._prior_on(xt.device), process.point is not None
        self.here = chosen(xt.long(), rows)
        self.pi = self.prior[self.here]
        self.keep, self.hit = (
            chosen(v[:, None].expand(xt.shape), rows) for v in (schedule.keep(s, t), schedule.hit(s, t))
        )

    def moves(self, z: Tensor, some: slice | Tensor) -> tuple[Tensor, Tensor]:
        """From log scores ``[B, K]`` of some of the rows: weights of the other classes, 0 at ``x_t``, and the
        probability to stay, ``[B]`` float64.
        """
        keep, hit, pi = self.keep[some], self.hit[some], self.pi[some]
        score = z.exp().scatter_(-1, self.here[some, None], 0.0)
        others = torch.where(pi > 0, score.sum(-1).double(), 0.0)
        jump = hit / keep * pi
        stay = ((keep + hit * (1 - pi) - hit * pi * others) * (keep + hit * pi) / keep).clamp(min=0)
        weights = score.mul_(jump.to(z.dtype).unsqueeze(-1))
        if not self.point:
            # Nothing is subtracted where noise draws only one class: that is x_t.
            spill = (jump * hit * (1 + others)).to(z.dtype)
            weights.sub_(spill.unsqueeze(-1) * self.prior.to(z.dtype)).clamp_(min=0)
            weights.scatter_(-1, self.here[some, None], 0.0)
        return weights, stay / (stay + weights.sum(-1))


class Euler:
    """Euler's step of chosen rows, whose jumps have at most probability 1."""

    def __init__(self, process: Interpolating, xt: Tensor, s: Tensor, t: Tensor, rows: Rows) -> None:
        before = before_end(t)
        self.here = chosen(xt.long(), rows)
        width = t.double() - s.double()
        scale = chosen((process.schedule.rate(before) * width)[:, None].expand(xt.shape), rows)
        pi = process._prior_on(xt.device)[self.here]
        self.log_scale = torch.where(pi > 0, scale * pi, 0.0).log()

    def moves(self, z: Tensor, some: slice | Tensor) -> tuple[Tensor, Tensor]:
        """As :meth:`Tweedie.moves`."""
        away = z.scatter(-1, self.here[some, None], -math.inf)
        top = away.amax(-1, keepdim=True)
        top = torch.where(top == -math.inf, 0.0, top)
        weights = away.sub_(top).exp_()
        log_jump = weights.sum(-1).double().log() + top.squeeze(-1).double() + self.log_scale[some]
        return weights, -torch.expm1(log_jump.clamp(max=0))


def step(
    process: Interpolating, kind: str, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: torch.Generator
) -> Tensor:
    """A draw of the step ``kind``: log scores ``[N, L, K]``, ids ``[N, L]`` to ids ``[N, L]`` int64.

    Raises ``ValueError``, where values are checked, for NaN or infinite scores among those that are read.
    """
    rows = active_rows(process, xt)
    law = (Tweedie if kind == "tweedie" else Euler)(process, xt, s, t, rows)
    flat, dtype = output.detach().reshape(-1, process.K), accumulator(output.dtype)
    u = chosen(uniforms(xt.shape, generator, xt.device), rows)
    moved = torch.zeros_like(u, dtype=torch.bool)
    for block in rows.blocks(flat):
        z = rows.read(flat, block, dtype)
        if checks.reads(process.validate, z):
            checks.log_scores("output", z)
        moved[block] = u[block] >= law.moves(z, block)[1]
    some = moved.nonzero().squeeze(-1)
    places = some if rows.index is None else rows.index[some]
    weights, _ = law.moves(flat.index_select(0, places).to(dtype), some)
    if checks.reads(process.validate, weights):
        checks.weights("output's jumps", weights)
    drawn = invert(weights, uniforms(weights.shape[:1], generator, xt.device))
    return xt.long().flatten().index_put((places,), drawn).reshape(xt.shape)


__all__ = ["Euler", "Tweedie", "step"]
