r"""Concrete score matching in its denoising form: squared errors in place of SEDD's score entropy.

The concrete score is ``p_t(y)/p_t(x_t)``.  Given clean data, the target is ``r_y = q_t(y|x_0)/q_t(x_t|x_0)``,
whose mean given ``x_t`` is the concrete score, so that both have the same optimal network (Meng et al. 2022,
arXiv 2211.00802; the comparison with score entropy in SEDD, arXiv 2310.16834, section 3.1).
"""

from __future__ import annotations

import torch
from torch import Tensor

from unmask.implementations.noise.interpolating import Interpolating
from unmask.implementations.numbers import checks
from unmask.implementations.numbers.logspace import accumulator, divide


def concrete_score_loss(process: Interpolating, score: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """``beta pi_x sum_{y != x} (s_y - r_y)^2 / 2`` at ``x = x_t``, summed over positions: ``[N]``.

    The weight is that of the denoising score entropy
    (:func:`~unmask.implementations.likelihood.score_entropy.rate_loss`), of which this is the second order: ``s = r +
    d`` costs ``d^2/(2r)`` there.  It bounds no likelihood.

    Parameters
    ----------
    process : the corruption process, on the continuous clock.
    score : ``[N, L, K]`` floats, the score itself and not its logarithm; any finite number, negative ones too.
        Entries at ``y = x_t`` are ignored, and whole positions with impossible ``x_t``.
    x0, xt : ids ``[N, L]``.  t : times ``[N]``.

    Returns
    -------
    ``[N]`` in the dtype of ``score`` (float32 for half precision).  A pair with ``q(x_t|x_0) = 0`` contributes 0;
    where the rate is infinite so is the loss, unless the scores are exact.

    Raises
    ------
    TypeError, ValueError : as in :class:`Interpolating`; a process on the discrete clock; a score of another shape,
        or, where values are checked, one that is not finite.
    """
    checks.instance("process", process, Interpolating)
    if process.schedule.T is not None:
        raise ValueError(f"process must be on the continuous clock [0, 1], got T = {process.schedule.T}")
    process.check(x0=x0, xt=xt, t=t)
    checks.tensor("score", score, checks.FLOATS)
    checks.shape("score", score, [*xt.shape, process.K])
    if checks.reads(process.validate, score):
        checks.finite("score", score)
    dtype = accumulator(score.dtype)
    ratio = _ratios(process, x0, xt, t).to(dtype)
    here = xt.long().unsqueeze(-1)
    pi = process._prior_on(xt.device)[xt.long()]
    weight = process.schedule.rate(t)[:, None] * pi
    weight = torch.where(pi > 0, weight, 0.0)
    seen = torch.where(x0 == xt, 1.0, process.schedule.one_minus_alpha(t)[:, None])
    counted = (weight > 0) & (seen > 0)
    gap = torch.where(counted.unsqueeze(-1), score.to(dtype) - ratio, 0.0).scatter(-1, here, 0.0)
    wrong = (gap * gap).sum(-1) / 2
    lost = counted & (wrong > 0)
    terms = torch.where(lost, weight, 0.0).to(dtype) * torch.where(lost, wrong, 0.0)
    return terms.sum(-1)


def _ratios(process: Interpolating, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """``q_t(y|x_0)/q_t(x_t|x_0)``: ``[N, L, K]`` float64; 0 where the denominator is, but for its part of noise."""
    alpha = process.schedule.alpha(t)[:, None]
    noised = process.schedule.one_minus_alpha(t)[:, None]
    prior = process._prior_on(xt.device)
    pi = prior[xt.long()]
    same = x0 == xt
    # x_t != x_0 was made by noise: 1 - alpha divides out of all but the entry at x_0.
    common = torch.where(same, divide(noised, alpha + noised * pi), divide(torch.ones_like(pi), pi))
    start = divide(alpha, torch.where(same, alpha + noised * pi, noised * pi))
    ratio = common.unsqueeze(-1) * prior
    return ratio.scatter_add(-1, x0.long().unsqueeze(-1), start.unsqueeze(-1))
