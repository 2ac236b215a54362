r"""Losses over chains as functions with gradients of their own: a few tensors ``[N, L, K]``, and a product with ``P``.

Notation as in :mod:`~unmask.implementations.d3pm.over_chains`.  Let a loss have the derivative ``c_k`` in ``G_k``,
with weights ``w_i = p~_i / d_i``, where ``d`` is 1 or, for the mixture, ``q(x_t|i)``.  A common factor of the weights
changes no loss, so that ``sum_i w_i dloss/dw_i = 0``, and the gradient in the logits is ``p~_i / d_i (P c)_i``, up to
the part of ``Z``.  For the KL, ``c_k = -q_k/G_k`` with the posterior ``q``, and ``Z`` adds ``p~_i q(x_t|i)/Z``.

A row in which a ratio leaves the range of float64 is not ``sound``; it has no meaning, and gradient 0.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor

from unmask.implementations.kernels.once import differentiable_once
from unmask.implementations.likelihood.score_entropy import score_entropies
from unmask.implementations.noise.chain import LEAST, Chain

#: Ratios beyond are formed from logarithms; products of three ratios of this size do not underflow.
SMALL = 1e-100


class Pair(NamedTuple):
    """What a loss knows of ``x_0`` and ``x_t``: probabilities, float64."""

    #: ``q(x_t|i)`` for every ``i``, ``[N, L, K]``, and for ``x_0``, ``[N, L, 1]``.
    seen: Tensor
    here: Tensor


class _Weights(NamedTuple):
    """``p~``, over the possible classes where others are left out; ``w``; and which rows have a class."""

    p: Tensor
    w: Tensor
    known: Tensor


def _weigh(output: Tensor, seen: Tensor, mixture: bool, among: bool) -> _Weights:
    possible = seen > LEAST
    logits = output.double()
    if among:
        logits = logits.masked_fill(~possible, -math.inf)
        known = logits.amax(-1) > -math.inf
    else:
        known = (possible & (logits > -math.inf)).any(-1)
    p = logits.softmax(-1).masked_fill_(~known.unsqueeze(-1), 0.0)
    return _Weights(p, p / seen.masked_fill(~possible, 1.0) if mixture else p, known)


class Divergence(torch.autograd.Function):
    """``-sum_k q_k log(G_k q(x_t|x_0) / (h_k Z))`` of each position, and which are sound: ``[N, L]`` twice."""

    @staticmethod
    def forward(
        ctx: Any, output: Tensor, pair: Pair, law: Tensor, true: Tensor, s: Tensor, process: Chain, mixture: bool
    ) -> tuple[Tensor, Tensor]:
        """``law`` is ``h``, ``true`` is ``q``: ``[N, L, K]``."""
        p, w, known = _weigh(output, pair.seen, mixture, True)
        total = torch.ones_like(pair.here) if mixture else (p * pair.seen).sum(-1, keepdim=True)
        mixed = process._pushed(w, s)
        used = (true > 0) & (pair.here > LEAST)
        scale = pair.here / total.clamp(min=SMALL)
        ratio = mixed / law.masked_fill(~used, 1.0) * scale
        fine = (ratio > SMALL) & (ratio < math.inf) & (mixed > SMALL * SMALL) & (law > LEAST)
        sound = known & (total > SMALL).squeeze(-1) & (fine | ~used).all(-1)
        true = true.masked_fill(~(used & sound.unsqueeze(-1)), 0.0)
        loss = -(true * ratio.masked_fill(true == 0, 1.0).log()).sum(-1)
        share = true.div(mixed.masked_fill_(true == 0, 1.0))
        ctx.save_for_backward(output, p, pair.seen, total, share, true.sum(-1), s)
        ctx.process, ctx.mixture, ctx.dtype = process, mixture, output.dtype
        ctx.mark_non_differentiable(sound)
        return loss, sound

    @staticmethod
    @differentiable_once
    def backward(ctx: Any, *gradients: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """In the logits, of their dtype."""
        _, p, seen, total, share, mass, s = ctx.saved_tensors
        back, mass = ctx.process._pulled(share, s), mass.unsqueeze(-1)
        if ctx.mixture:
            found = p * (mass - back / seen.masked_fill(seen <= LEAST, 1.0))
        else:
            found = p * (seen * (mass / total.clamp(min=SMALL)) - back)
        found.mul_(gradients[0].double().unsqueeze(-1))
        return (found.to(ctx.dtype), *[None] * 6)


class Entropy(torch.autograd.Function):
    """``sum_y rate_y (s_y - r_y log s_y + r_y (log r_y - 1))`` with ``s_y = G_y/G_{x_t}``, of each position, and which
    are sound: ``[N, L]`` twice.
    """

    @staticmethod
    def forward(
        ctx: Any,
        output: Tensor,
        seen: Tensor,
        ratio: Tensor,
        rate: Tensor,
        places: Tensor,
        t: Tensor,
        process: Chain,
        mixture: bool,
    ) -> tuple[Tensor, Tensor]:
        """``places [N, L, m+1]`` are ``y``, and ``x_t`` last; ``ratio`` and ``rate``, ``[N, L, m]``, are of the first;
        ``rate`` is 0 where a term is not used.
        """
        p, w, known = _weigh(output, seen, mixture, mixture)
        mixed = process._pushed_to(w, places, t)
        there, here = mixed[..., :-1], mixed[..., -1:]
        used = rate > 0
        score = there / here
        fine = (score > SMALL) & (score < 1 / SMALL) & (there > SMALL * SMALL)
        sound = known & (here > SMALL * SMALL).squeeze(-1) & ((fine & rate.isfinite()) | ~used).all(-1)
        used = used & sound.unsqueeze(-1)
        score = score.masked_fill(~used, 1.0)
        rate = rate.masked_fill(~used, 0.0)
        loss = (rate * score_entropies(score.log(), ratio.masked_fill(~used, 1.0))).sum(-1)
        # Derivatives in log G_y; in log G_{x_t} minus their sum.
        slope = rate * (score - ratio.masked_fill(~used, 1.0))
        slope = torch.cat([slope, -slope.sum(-1, keepdim=True)], -1)
        slope = slope / mixed.masked_fill(slope == 0, 1.0)
        ctx.save_for_backward(output, p, seen, slope, places, t)
        ctx.process, ctx.mixture, ctx.dtype = process, mixture, output.dtype
        ctx.mark_non_differentiable(sound)
        return loss, sound

    @staticmethod
    @differentiable_once
    def backward(ctx: Any, *gradients: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """In the logits, of their dtype."""
        _, p, seen, slope, places, t = ctx.saved_tensors
        found = p * ctx.process._pulled_from(slope, places, t)
        if ctx.mixture:
            found /= seen.masked_fill(seen <= LEAST, 1.0)
        found.mul_(gradients[0].double().unsqueeze(-1))
        return (found.to(ctx.dtype), *[None] * 7)


__all__ = ["SMALL", "Divergence", "Entropy", "Pair"]
