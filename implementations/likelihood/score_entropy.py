"""Score entropy, and the continuous-time loss for every parameterization of the reverse rates.

A reverse process that jumps from ``x`` to ``y`` at rate ``beta R[y, x] s_y`` has the NELBO integrand
``sum_{y != x} beta R[y, x] (s_y - r_y log s_y + r_y (log r_y - 1))``, where ``r_y = q_t(y|x_0)/q_t(x|x_0)``
(SEDD, arXiv 2310.16834, eqs. 5 and 10: score entropy and DWDSE): the generalized KL between the rates of the
conditional reverse process and of the model's.  In the interpolating family ``R[y, x] = pi_x``.  Nats; summed over
positions.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from unmask.implementations.kernels.entropy_sums import entropy_sums
from unmask.implementations.kernels.ratios import Ratios
from unmask.implementations.kernels.rows import Rows, chosen, spread
from unmask.implementations.likelihood.rates import check_continuous
from unmask.implementations.noise.chain import LEAST, Chain
from unmask.implementations.noise.interpolating import Interpolating
from unmask.implementations.numbers import checks
from unmask.implementations.numbers.logspace import accumulator, divide


def score_entropy(log_score: Tensor, ratio: Tensor, validate: bool | None = None) -> Tensor:
    """``s - r log s + r (log r - 1)``, entry by entry; at least 0, and 0 exactly where ``log s = log r``.

    Parameters
    ----------
    log_score : floats of any shape, the logarithm of the model's score; ``-inf`` is allowed.
    ratio : same shape and dtype, the true ratio ``r >= 0``.

    Returns
    -------
    Same shape, nats, in the dtype of ``log_score`` (float32 for half precision).  ``inf`` where ``s = 0 <
    r``.

    Raises
    ------
    TypeError : not floats, or different dtypes.  ValueError : other shape, negative, infinite or NaN ratio,
        NaN or ``+inf`` log score.  ``validate`` says whether values are checked: always, never, or (``None``) on the
        CPU.
    """
    checks.tensor("log_score", log_score, checks.FLOATS)
    checks.tensor("ratio", ratio, (log_score.dtype,))
    checks.shape("ratio", ratio, list(log_score.shape))
    if checks.reads(validate, log_score):
        checks.log_scores("log_score", log_score)
    if checks.reads(validate, ratio):
        checks.ratios("ratio", ratio)
    dtype = accumulator(log_score.dtype)
    return score_entropies(log_score.to(dtype), ratio.to(dtype))


def score_entropies(log_score: Tensor, ratio: Tensor) -> Tensor:
    """:func:`score_entropy` of arguments that have been checked."""
    positive = ratio > 0
    gap = log_score - torch.where(positive, ratio, 1.0).log()
    close = gap <= 1
    # r (e^d - 1 - d) is zero where d is; for large d it would overflow before s does.
    small = torch.where(close, gap, 0.0)
    near = ratio * (torch.expm1(small) - small)
    score = log_score.exp()
    far = score - ratio - ratio * torch.where(close, 0.0, gap)
    return torch.where(positive, torch.where(close, near, far), score)


def active_rows(process: Interpolating, xt: Tensor) -> Rows:
    """The positions that can still change: under absorbing noise the masked ones, else all.

    Finding them takes a device synchronization.  Under ``torch.compile`` it would break the graph, and all are read;
    the others must have weight 0 whatever they say.
    """
    if process.point is None or torch.compiler.is_compiling():
        return Rows(None)
    return Rows((xt == process.point).flatten().nonzero().squeeze(-1))


def rate_loss(
    process: Interpolating | Chain, log_score: Tensor, x0: Tensor, xt: Tensor, t: Tensor, *, inplace: bool = False
) -> Tensor:
    """The NELBO integrand at ``t`` of a model whose log scores are given.

    Parameters
    ----------
    process : the corruption process, on the continuous clock.
    log_score : ``[N, L, K]``; ignored are entries at ``y = x_t``, at impossible ``x_t``, and at ``y`` from which noise
        does not jump to ``x_t``.
    x0, xt : ``[N, L]`` ids.  t : ``[N]``.
    inplace : the backward pass writes the gradient over ``log_score``, and needs no memory.  Without effect over a
        :class:`Chain`.

    Returns
    -------
    ``[N]`` nats.  A pair with ``q(x_t|x_0) = 0`` contributes 0.  Where the rate is infinite (``t = 1`` of a
    schedule that reaches ``alpha = 0``) so is the integrand, unless model and truth agree exactly.  Under absorbing
    noise selecting masked rows costs one device synchronization; under ``torch.compile`` all rows are read instead.

    Raises
    ------
    TypeError, ValueError : as in :class:`Interpolating`; ``ValueError`` for a process on the discrete clock, and for a
        leaf tensor that is to be overwritten.
    """
    checks.instance("process", process, Interpolating, Chain)
    check_continuous(process)
    process.check(x0=x0, xt=xt, t=t)
    checks.tensor("log_score", log_score, checks.FLOATS)
    checks.shape("log_score", log_score, [*xt.shape, process.K])
    if checks.reads(process.validate, log_score):
        checks.log_scores("log_score", log_score)
    if inplace:
        checks.overwritable("log_score", log_score)
    return integrand(process, log_score, x0, xt, t, inplace=inplace)


def integrand(
    process: Interpolating | Chain, log_score: Tensor, x0: Tensor, xt: Tensor, t: Tensor, *, inplace: bool = False
) -> Tensor:
    """:func:`rate_loss` of arguments that have been checked."""
    if isinstance(process, Chain):
        return _chain_loss(process, log_score, x0, xt, t)
    dtype = accumulator(log_score.dtype)
    rows = active_rows(process, xt)
    schedule = process.schedule

    def per_row(per_example: Tensor) -> Tensor:
        return chosen(per_example[:, None].expand(xt.shape), rows)

    start, here = chosen(x0.long(), rows), chosen(xt.long(), rows)
    alpha, noised, rate = (per_row(v) for v in (schedule.alpha(t), schedule.one_minus_alpha(t), schedule.rate(t)))
    prior = process._prior_on(xt.device)
    pi, pi_start, same = prior[here], prior[start], start == here
    level = torch.where(same, divide(noised, alpha + noised * pi), divide(torch.ones_like(pi), pi))
    ratios = None if process.point is not None else Ratios(process._weight(dtype, xt.device), level.to(dtype))
    sums = entropy_sums(log_score.reshape(-1, process.K), rows, start, here, ratios, inplace=inplace)
    at_start = divide(alpha + noised * pi_start, noised * pi).to(dtype)
    possible = (pi > 0) & (rate > 0) & (same | (noised > 0))
    moved = possible & ~same
    terms = score_entropies(torch.where(moved, sums.at_start, 0.0), torch.where(moved, at_start, 1.0))
    terms = terms + torch.where(possible, sums.others, 0.0)
    return spread(product((rate * pi).to(dtype), terms), rows, xt).sum(-1)


class ChainTerms(NamedTuple):
    """The classes from which noise jumps to ``x_t``, in no order, some perhaps twice, and what their terms are made of:
    ids and numbers ``[N, L, m]``; ``ratio`` is ``r_y``, and ``rate`` is 0 where a term is not used.
    """

    places: Tensor
    ratio: Tensor
    rate: Tensor


def chain_terms(process: Chain, x0: Tensor, xt: Tensor, t: Tensor) -> ChainTerms:
    """The terms of the loss over a chain, float64."""
    index = xt.long().unsqueeze(-1)
    places, rate = process._sources(xt.long(), t)
    law = process._entries(x0.long(), torch.cat([places, index], -1), t)
    law, here = law[..., :-1], law[..., -1:]
    possible = here > LEAST
    used = (rate > 0) & possible
    ratio = torch.where(used, law / torch.where(possible, here, 1.0), 1.0)
    return ChainTerms(places, ratio, torch.where(used, rate, 0.0))


def _chain_loss(process: Chain, log_score: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """The loss over a chain, entry by entry, in float64."""
    found = chain_terms(process, x0, xt, t)
    used = found.rate > 0
    terms = score_entropies(torch.where(used, log_score.gather(-1, found.places).double(), 0.0), found.ratio)
    return product(found.rate, terms).sum((-1, -2)).to(accumulator(log_score.dtype))


def product(rate: Tensor, terms: Tensor) -> Tensor:
    """``rate * terms``, and 0 if either is 0, even if the other is infinite."""
    lost = (terms != 0) & (rate != 0)
    return torch.where(lost, rate, 0.0) * torch.where(lost, terms, 0.0)
